"""Who writes to whom, as SMTP asks for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bulkkit.errors import AddressError

STEPS: Final = ("MAIL", "RCPT", "DATA")
"""What is asked before a message is written (RFC 5321 §3.3)."""

_SAFE_PATH: Final = re.compile(r"""[^\x00-\x20\x7f-\x9f\u2028\u2029()<>\[\]:;@\\,"]+@[A-Za-z0-9.\-\[\]:]+""")
"""What may stand between `<` and `>` in an envelope (RFC 5321 §4.1.2, Dot-string; RFC 6531 §3.3): no blank, no special
and no control character before the one `@`."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Sender and recipient of one message.

    Raises
    ------
    AddressError
        Where an address cannot stand in an envelope.
    """

    sender: str
    recipient: str

    def __post_init__(self) -> None:
        for address in (self.sender, self.recipient):
            if not _SAFE_PATH.fullmatch(address):
                raise AddressError(f"{address[:80]!r} cannot stand in an envelope; nothing was asked of the relay.")

    @property
    def needs_utf8(self) -> bool:
        """Whether only a server with SMTPUTF8 (RFC 6531) takes it."""
        return not self.recipient.isascii()

    @property
    def lines(self) -> tuple[bytes, bytes, bytes]:
        """The lines of `STEPS`."""
        mail = f"MAIL FROM:<{self.sender}>{' SMTPUTF8' if self.needs_utf8 else ''}\r\n"
        return mail.encode("utf-8"), f"RCPT TO:<{self.recipient}>\r\n".encode(), b"DATA\r\n"
