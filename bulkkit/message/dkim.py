"""DKIM: a signature by the sender's domain over each message (RFC 6376; Ed25519: RFC 8463; key sizes: RFC 8301).

Headers and body are canonicalized `relaxed`, so that a server that rewraps a
header or trims a line's end breaks nothing. There is no time in it (`t=`): the
message has its Date.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from os import PathLike
from typing import Any, Final

from bulkkit.addresses import ascii_domain
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

_LABEL: Final = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.IGNORECASE)
_BLANKS: Final = re.compile(rb"[ \t]+")
_LINE_END_BLANKS: Final = re.compile(rb"[ \t]+\r\n")
_TO_REDUCE: Final = re.compile(rb"\t|  | \r\n")
_FOLD: Final = 72

Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Dkim:
    """Whose signature the messages of a send bear.

    Parameters
    ----------
    domain
        The domain that signs (`d=`): the sender's, or one above or below it.
    selector
        Under `selector._domainkey.domain` the public key stands in DNS.
    key
        The private key: PEM text, or the file that holds it; RSA of 2048 bits or
        Ed25519, not encrypted. By default `BULKKIT_DKIM_KEY` (either of the two) or
        the keyring has it. It is in no repr and never in the ledger.

    Raises
    ------
    ConfigurationError
        Where domain or selector cannot be a name in DNS.
    """

    domain: str
    selector: str
    key: str | PathLike[str] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "domain", ascii_domain(self.domain))
        for name, value in (("domain", self.domain), ("selector", self.selector)):
            if not _NAME.fullmatch(value):
                raise ConfigurationError(f"{value[:60]!r} is no {name} for DKIM; it is a name in DNS, such as 'news'.")

    @property
    def record(self) -> str:
        """The name in DNS under which the public key stands."""
        return f"{self.selector}._domainkey.{self.domain}"


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs messages for a domain; safe from any thread."""

    dkim: Dkim
    algorithm: str
    _sign: Sign = field(repr=False)

    @classmethod
    def of(cls, dkim: Dkim, pem: bytes) -> Signer:
        """Return the signer with a private key.

        Raises
        ------
        ConfigurationError
            Where the key cannot be read, or is of another kind; no message shows any of it.
        """
        algorithm, sign = _signing(dkim, pem)
        return cls(dkim, algorithm, sign)

    def signed(self, message: bytes) -> bytes:
        """Return a message, its lines ended by CRLF, with its signature before it."""
        head, _, body = message.partition(b"\r\n\r\n")
        lines = _last_of_each(head)
        names = [SEALED, *(name for name in SIGNED if name in lines)]
        value = (
            f"v=1; a={self.algorithm}; c=relaxed/relaxed; d={self.dkim.domain}; s={self.dkim.selector};\r\n"
            f" h={':'.join(names)};\r\n bh={b64encode(sha256(relaxed_body(body)).digest()).decode()};\r\n b="
        ).encode()
        # The header that is sealed by being named twice counts once; the second one is not there.
        covered = [lines[name] for name in SIGNED if name in lines]
        unsigned = _relaxed_header(b"dkim-signature:" + value).removesuffix(b"\r\n")
        signature = b64encode(self._sign(b"".join([*covered, unsigned]))).decode()
        folded = "\r\n ".join(signature[at : at + _FOLD] for at in range(0, len(signature), _FOLD))
        return b"DKIM-Signature: " + value + folded.encode() + b"\r\n" + message


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


def _signing(dkim: Dkim, pem: bytes) -> tuple[str, Sign]:
    try:
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
    except ImportError:
        raise ConfigurationError("DKIM needs the package cryptography: pip install 'bulkkit[dkim]'.") from None
    try:
        key: Any = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        encrypted = " It is encrypted; take the encryption off." if isinstance(error, TypeError) else ""
        raise ConfigurationError(f"The private key of {dkim.record} is no PEM key.{encrypted}") from None
    if isinstance(key, ed25519.Ed25519PrivateKey):
        # RFC 8463 §3: what is signed is the hash.
        return "ed25519-sha256", lambda data: key.sign(sha256(data).digest())
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= SHORTEST_RSA:
        return "rsa-sha256", lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    raise ConfigurationError(f"The private key of {dkim.record} is neither RSA of 2048 bits nor Ed25519.")
