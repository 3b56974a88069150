"""A campaign: who writes what to whom, and what for."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.headerregistry import Address
from email.utils import parseaddr
from typing import TypeVar

import pandas as pd
from email_validator import EmailNotValidError, validate_email

from bulkkit.errors import AddressError, InputError
from bulkkit.frames import require
from bulkkit.message.message import Message
from bulkkit.message.mime import CONTROL
from bulkkit.vocabulary import CampaignKind, Purpose

Word = TypeVar("Word", CampaignKind, Purpose)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the message is from: a true name and address, and where to find them.

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


def _checked(mailbox: str) -> str:
    name, address = parseaddr(mailbox)
    try:
        checked = validate_email(address, check_deliverability=False)
    except EmailNotValidError as error:
        raise AddressError(f"The sender {mailbox!r} has no usable address: {error}") from None
    if checked.ascii_email is None:
        raise AddressError(f"The sender {address!r} has a local part that only SMTPUTF8 carries; use an ASCII one.")
    Address(display_name=name, addr_spec=checked.ascii_email)
    return checked.ascii_email


@dataclass(frozen=True, slots=True)
class Campaign:
    """One message to one audience.

    Parameters
    ----------
    name
        What the ledger, the charts and the report call it; it is unique in a ledger.
    sender
        A `Sender`, or its `Name <address>`.
    message
        The `Message`.
    audience
        A contacts frame, verified or not; only `email` must be there.
    kind
        `blast` (one message that concerns the whole list) or `segmented`.
    purpose
        `announcement`, `marketing` or `transactional`.

    Raises
    ------
    InputError
        Where a name is empty or holds control characters, or a kind or purpose is not known.
    """

    name: str
    sender: Sender
    message: Message
    audience: pd.DataFrame = field(repr=False)
    kind: CampaignKind | str = CampaignKind.BLAST
    purpose: Purpose | str = Purpose.ANNOUNCEMENT

    def __post_init__(self) -> None:
        if not self.name.strip() or CONTROL.search(self.name) or len(self.name) > 200:
            raise InputError(f"{self.name[:60]!r} cannot be a campaign's name: it needs 1 to 200 printable characters.")
        if isinstance(self.sender, str):
            object.__setattr__(self, "sender", Sender(self.sender))
        object.__setattr__(self, "kind", _member(CampaignKind, self.kind, "kind"))
        object.__setattr__(self, "purpose", _member(Purpose, self.purpose, "purpose"))
        require(self.audience, ["email"], f"The audience of {self.name!r}")


def _member(words: type[Word], value: str, what: str) -> Word:
    try:
        return words(value)
    except ValueError:
        raise InputError(f"{value!r} is no {what} of campaign; it is one of {', '.join(words)}.") from None
