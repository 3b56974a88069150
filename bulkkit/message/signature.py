"""A signature over a message (RFC 6376; Ed25519: RFC 8463; key sizes: RFC 8301).

Headers and body are canonicalized `relaxed`, so that a server that rewraps a
header or trims a line's end breaks nothing. There is no time in it (`t=`): the
message has its Date. Nothing heavy is imported here: processes that only sign start quickly.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from bulkkit.errors import ConfigurationError

SIGNED: Final = (
    "from", "to", "reply-to", "subject", "date", "message-id", "mime-version", "content-type",
    "content-transfer-encoding", "list-unsubscribe", "list-unsubscribe-post",
)  # fmt: skip
"""Headers that are signed where they are there (RFC 6376 §5.4.1); RFC 8058 §4 asks for the last two."""
SEALED: Final = "from"
"""Signed once more than it is there, so that a second one breaks the signature (RFC 6376 §8.15)."""
SHORTEST_RSA: Final = 1024
"""Bits (RFC 8301 §3.2); 2048 are what it recommends, and what providers ask for."""

_BLANKS: Final = re.compile(rb"[ \t]+")
_LINE_END_BLANKS: Final = re.compile(rb"[ \t]+\r\n")
_TO_REDUCE: Final = re.compile(rb"\t|  | \r\n")
_FOLD: Final = 72

Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs messages for a domain; safe from any thread. `pem` is its private key."""

    domain: str
    selector: str
    algorithm: str
    pem: bytes = field(repr=False)
    _sign: Sign = field(repr=False)

    @classmethod
    def of(cls, domain: str, selector: str, pem: bytes) -> Signer:
        """Return the signer with a private key.

        Raises
        ------
        ConfigurationError
            Where the key cannot be read, or is of another kind; no message shows any of it.
        """
        algorithm, sign = _signing(f"{selector}._domainkey.{domain}", pem)
        return cls(domain, selector, algorithm, pem, sign)

    @property
    def beginning(self) -> bytes:
        """The first line of each signature."""
        terms = f"v=1; a={self.algorithm}; c=relaxed/relaxed; d={self.domain}; s={self.selector};"
        return f"DKIM-Signature: {terms}\r\n".encode()

    def signed(self, message: bytes) -> bytes:
        """Return a message, its lines ended by CRLF, with its signature before it."""
        return self.signature(message) + message

    def signature(self, message: bytes) -> bytes:
        """Return the header that is a message's signature, ended by CRLF."""
        head, _, body = message.partition(b"\r\n\r\n")
        lines = _last_of_each(head)
        names = [SEALED, *(name for name in SIGNED if name in lines)]
        terms = f" h={':'.join(names)};\r\n bh={b64encode(sha256(relaxed_body(body)).digest()).decode()};\r\n b="
        header = self.beginning + terms.encode()
        # The header that is sealed by being named twice counts once; the second one is not there.
        covered = [lines[name] for name in SIGNED if name in lines]
        unsigned = _relaxed_header(header).removesuffix(b"\r\n")
        written = b64encode(self._sign(b"".join([*covered, unsigned]))).decode()
        folded = "\r\n ".join(written[at : at + _FOLD] for at in range(0, len(written), _FOLD))
        return header + folded.encode() + b"\r\n"


def relaxed_body(body: bytes) -> bytes:
    """Return a body in the canonical form `relaxed` (RFC 6376 §3.4.4)."""
    if _TO_REDUCE.search(body):
        body = _BLANKS.sub(b" ", _LINE_END_BLANKS.sub(b"\r\n", body))
    end = len(body)
    while body.endswith(b"\r\n", 0, end):
        end -= 2
    return body[:end] + b"\r\n" if end else b""


def _last_of_each(head: bytes) -> dict[str, bytes]:
    """Return the canonical form of the last header of each name."""
    unfolded = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    lines = (line for line in unfolded.split(b"\r\n") if line)
    return {line.partition(b":")[0].strip().lower().decode("ascii"): _relaxed_header(line) for line in lines}


@lru_cache(maxsize=256)
def _relaxed_header(line: bytes) -> bytes:
    # RFC 6376 §3.4.2. Half of a campaign's headers are the same in all its messages.
    name, _, value = line.replace(b"\r\n", b"").partition(b":")
    return name.strip().lower() + b":" + _BLANKS.sub(b" ", value).strip(b" ") + b"\r\n"


def _signing(record: str, pem: bytes) -> tuple[str, Sign]:
    try:
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
    except ImportError:
        raise ConfigurationError("DKIM needs the package cryptography: pip install 'bulkkit[dkim]'.") from None
    try:
        key: Any = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        encrypted = " It is encrypted; take the encryption off." if isinstance(error, TypeError) else ""
        raise ConfigurationError(f"The private key of {record} is no PEM key.{encrypted}") from None
    if isinstance(key, ed25519.Ed25519PrivateKey):
        # RFC 8463 §3: what is signed is the hash.
        return "ed25519-sha256", lambda data: key.sign(sha256(data).digest())
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= SHORTEST_RSA:
        return "rsa-sha256", lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    raise ConfigurationError(f"The private key of {record} is neither RSA of 2048 bits nor Ed25519.")
