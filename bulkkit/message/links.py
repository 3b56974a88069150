"""The links of a message that come back to us: each carries one signed token a recipient.

A token is the ledger's number of the send and a keyed BLAKE2b (RFC 7693) of it and
of the message's own identifier, so it names no address, cannot be guessed, needs no
table of its own, and means nothing in another ledger. Where a
click leads stands in the ledger, never in the link: there is no open redirect.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bulkkit.errors import ConfigurationError

NUMBER_BYTES: Final = 6
MAC_BYTES: Final = 12
"""96 bits: a forger who tries a million tokens a second needs 10^15 years."""
KEY_BYTES: Final = 16
"""The least key that is taken; BLAKE2b takes up to 64."""


@dataclass(frozen=True, slots=True)
class Links:
    """Where the tracker answers, and the key that signs its links.

    Parameters
    ----------
    base_url
        The tracker's public address, such as `https://news.example.org`.
    key
        16 to 64 secret bytes. They are in no repr and never in the ledger.
    tracker
        What an embedded tracker, the sandbox's, wants to be told: the ledger of a
        send with these links. A tracker of its own is started with its ledger.
    """

    base_url: str
    key: bytes = field(repr=False)
    tracker: Callable[[Path], None] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.key, bytes):
            raise ConfigurationError(
                f"The key of the links is of type {type(self.key).__name__}; it is 16 to 64 secret bytes."
            )
        object.__setattr__(self, "base_url", self.base_url.rstrip("/"))
        parts = urlsplit(self.base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ConfigurationError(
                f"{self.base_url!r} is no address of a tracker; it reads https://news.example.org."
            )
        if not KEY_BYTES <= len(self.key) <= blake2b.MAX_KEY_SIZE:
            raise ConfigurationError(f"The key of the links has {len(self.key)} bytes; it needs 16 to 64 secret ones.")

    @property
    def fingerprint(self) -> str:
        """What tells two keys apart without telling a key."""
        return blake2b(b"bulkkit links", key=self.key, digest_size=8).hexdigest()

    def follow(self, ledger: Path) -> None:
        """Tell an embedded tracker in which ledger the send with these links is."""
        if self.tracker is not None:
            self.tracker(ledger)

    def token(self, send_id: int, message_id: str) -> str:
        """Return the token of one send: 24 characters that are safe in an address."""
        number = send_id.to_bytes(NUMBER_BYTES, "big")
        return urlsafe_b64encode(number + self._mac(number, message_id)).decode("ascii")

    def send_id(self, token: str) -> int | None:
        """Return the send that a token claims to stand for, or None where it is no token; `is_genuine` proves it."""
        try:
            raw = urlsafe_b64decode(token.encode("ascii"))
        except ValueError:
            return None
        if len(raw) != NUMBER_BYTES + MAC_BYTES:
            return None
        return int.from_bytes(raw[:NUMBER_BYTES], "big")

    def is_genuine(self, token: str, message_id: str) -> bool:
        """Tell whether a token was signed with this key for the message of that identifier."""
        send_id = self.send_id(token)
        # Compared as text: base64 has other spellings of the same bytes, and only the one that was sent is a token.
        return send_id is not None and hmac.compare_digest(token, self.token(send_id, message_id))

    def open_url(self, token: str) -> str:
        """Return the address of the open pixel."""
        return f"{self.base_url}/o/{token}.gif"

    def click_url(self, token: str, number: int) -> str:
        """Return the address that leads to the campaign's link of that number."""
        return f"{self.base_url}/c/{token}/{number}"

    def unsubscribe_url(self, token: str) -> str:
        """Return the address of the way out: a page for GET, one click for POST (RFC 8058)."""
        return f"{self.base_url}/u/{token}"

    def _mac(self, number: bytes, message_id: str) -> bytes:
        return blake2b(number + message_id.encode("utf-8"), key=self.key, digest_size=MAC_BYTES).digest()
