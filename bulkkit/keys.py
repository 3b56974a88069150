"""The keys of links and signatures: from the environment, the keyring or a file, never from a command's arguments."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from bulkkit.errors import ConfigurationError
from bulkkit.message.dkim import Dkim
from bulkkit.message.signature import Signer
from bulkkit.sending.password import KEYRING_SERVICE, from_keyring

LINK_KEY: Final = "BULKKIT_LINK_KEY"
LINK_ENTRY: Final = "links"
"""What the keyring calls the key of the links."""
DKIM_KEY: Final = "BULKKIT_DKIM_KEY"
DKIM_ENTRY: Final = "dkim"
"""What the keyring calls the key of DKIM."""
_PEM: Final = "-----BEGIN"


def link_key() -> bytes:
    """Return the key of the links.

    Raises
    ------
    ConfigurationError
        Where there is none, or it is not hexadecimal.
    """
    written = os.environ.get(LINK_KEY) or from_keyring(LINK_ENTRY)
    if written is None:
        raise ConfigurationError(
            f"Set {LINK_KEY} to the key of the links, in hexadecimal, or keep it in the keyring as "
            f"{LINK_ENTRY!r} of the service {KEYRING_SERVICE!r}."
        )
    try:
        return bytes.fromhex(written)
    except ValueError:
        raise ConfigurationError(f"The key of the links is not hexadecimal; look at {LINK_KEY}.") from None


def signer(dkim: Dkim) -> Signer:
    """Return who signs for a domain, with its private key.

    Raises
    ------
    ConfigurationError
        Where there is no key, or none that can sign; no message shows any of it.
    """
    source = dkim.key or os.environ.get(DKIM_KEY) or from_keyring(DKIM_ENTRY)
    if not source:
        raise ConfigurationError(
            f"The messages are to be signed for {dkim.domain} and there is no private key. Set {DKIM_KEY} to it (PEM, "
            f"or its file), keep it in the keyring as {DKIM_ENTRY!r} of the service {KEYRING_SERVICE!r}, or pass "
            "dkim=bulkkit.Dkim(…, key=file)."
        )
    if isinstance(source, str) and source.lstrip().startswith(_PEM):
        return Signer.of(dkim.domain, dkim.selector, source.encode())
    try:
        return Signer.of(dkim.domain, dkim.selector, Path(source).read_bytes())
    except OSError as error:
        # Not the name: what was meant as a key may stand in its place.
        raise ConfigurationError(
            f"The file with the private key of {dkim.record} cannot be read: {error.strerror}."
        ) from None
