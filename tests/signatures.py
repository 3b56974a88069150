"""Keys for DKIM made up, and the verifier of another hand: dkimpy."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import Final

import dkim as verifier
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa


@dataclass(frozen=True)
class Pair:
    """A private key, and what DNS says of it."""

    pem: str
    record: bytes


def pair(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> Pair:
    """Return a key as PEM, and its record."""
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = key.public_key()
    if isinstance(public, ed25519.Ed25519PublicKey):
        return Pair(pem, b"v=DKIM1; k=ed25519; p=" + b64encode(public.public_bytes_raw()))
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return Pair(pem, b"v=DKIM1; k=rsa; p=" + b64encode(public.public_bytes(*form)))


PAIRS: Final = {
    "rsa": pair(rsa.generate_private_key(65537, 2048)),
    "ed25519": pair(ed25519.Ed25519PrivateKey.generate()),
}


def verifies(message: bytes, kind: str) -> bool:
    """Tell whether dkimpy accepts the signature, with the public key as DNS would have it."""
    asked: list[bytes] = []

    def dns(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return PAIRS[kind].record

    good = verifier.verify(message, dnsfunc=dns)
    assert asked in ([], [b"news._domainkey.example.org."])
    return bool(good)
