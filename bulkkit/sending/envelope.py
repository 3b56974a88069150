"""Who writes to whom, as SMTP asks for it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from bulkkit.errors import AddressError

STEPS: Final = ("MAIL", "RCPT", "DATA")
"""What is asked before a message is written (RFC 5321 §3.3)."""

_SAFE_PATH: Final = re.compile(r"""[^\x00-\x20\x7f-\x9f\u2028\u2029()<>\[\]:;@\\,"]+@[A-Za-z0-9.\-\[\]:]+""")
"""What may stand between `<` and `>` in an envelope (RFC 5321 §4.1.2, Dot-string; RFC 6531 §3.3): no blank, no special
and no control character before the one `@`."""


class Envelope:
    """Sender and recipient of one message: `lines` are those of `STEPS`.

    `needs_utf8` says that only a server with SMTPUTF8 (RFC 6531) takes it. 8BITMIME (RFC 6152) is
    never asked for: bodies are quoted-printable, and a header in UTF-8 goes with SMTPUTF8.

    Raises
    ------
    AddressError
        Where an address cannot stand in an envelope.
    """

    __slots__ = ("lines", "needs_utf8")

    def __init__(self, sender: str, recipient: str) -> None:
        self.needs_utf8 = not recipient.isascii()
        self.lines = (_mail(sender, self.needs_utf8), f"RCPT TO:<{_checked(recipient)}>\r\n".encode(), b"DATA\r\n")


@lru_cache(maxsize=64)
def _mail(sender: str, utf8: bool) -> bytes:
    # The same for all of a campaign.
    return f"MAIL FROM:<{_checked(sender)}>{' SMTPUTF8' if utf8 else ''}\r\n".encode()


def _checked(address: str) -> str:
    if not _SAFE_PATH.fullmatch(address):
        raise AddressError(f"{address[:80]!r} cannot stand in an envelope; nothing was asked of the relay.")
    return address
