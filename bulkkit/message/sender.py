"""Who a message is from: a true name and address, and where to find them."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formataddr, getaddresses, parseaddr
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from bulkkit.errors import AddressError
from bulkkit.message.mime import CONTROL


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of a campaign.

    Parameters
    ----------
    mailbox
        `Example News <news@example.org>`, or the address alone.
    postal_address
        A valid postal address, in one line (CAN-SPAM, 15 U.S.C. § 7704(a)(5)); preflight
        blocks a send without one.
    reply_to
        Where replies go; by default to the sender.

    Raises
    ------
    AddressError
        Where an address cannot be written to.
    """

    mailbox: str
    postal_address: str = ""
    reply_to: str | None = None

    def __post_init__(self) -> None:
        for value in filter(None, (self.mailbox, self.postal_address, self.reply_to)):
            if CONTROL.search(value):
                raise AddressError(f"The sender {value!r} holds a line end or another control character; take it out.")
        _checked(self.mailbox)
        if self.reply_to:
            _checked(self.reply_to)

    @property
    def name(self) -> str:
        """The name as it is shown; the address where there is no name."""
        return parseaddr(self.mailbox)[0] or self.address

    @property
    def address(self) -> str:
        """The address alone, its domain in A-labels; it is also the envelope sender."""
        return _checked(self.mailbox)

    @property
    def domain(self) -> str:
        """The domain of the address."""
        return self.address.rpartition("@")[2]

    @property
    def display_name(self) -> str:
        """The name without an address, or nothing."""
        return parseaddr(self.mailbox)[0]


def written(mailbox: str) -> str:
    """Return a mailbox as a header has it: its name in encoded words where it needs them, its domain in A-labels."""
    return formataddr((parseaddr(mailbox)[0], _checked(mailbox)))


@lru_cache(maxsize=64)
def _checked(mailbox: str) -> str:
    if len(getaddresses([mailbox])) > 1:
        raise AddressError(f"The sender {mailbox!r} is more than one address; a name with a comma stands in quotes.")
    _, address = parseaddr(mailbox)
    try:
        checked = validate_email(address, check_deliverability=False)
    except EmailNotValidError as error:
        raise AddressError(f"The sender {mailbox!r} has no usable address: {error}") from None
    if checked.ascii_email is None:
        raise AddressError(f"The sender {address!r} has a local part that only SMTPUTF8 carries; use an ASCII one.")
    return checked.ascii_email
