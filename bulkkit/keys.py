"""The keys that a command needs: from the environment or the keyring, never from its arguments, which all can read."""

from __future__ import annotations

import os
from typing import Final

from bulkkit.errors import ConfigurationError
from bulkkit.sending.password import KEYRING_SERVICE, from_keyring

LINK_KEY: Final = "BULKKIT_LINK_KEY"
LINK_ENTRY: Final = "links"
"""What the keyring calls the key of the links."""


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
