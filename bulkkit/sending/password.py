"""The relay's password: from the environment, the keyring, or a prompt; never kept in a value that is shown."""

from __future__ import annotations

import os
from base64 import b64encode
from getpass import getpass
from typing import Final

from bulkkit.errors import ConfigurationError
from bulkkit.sending.relay import Relay

ENVIRONMENT: Final = "BULKKIT_SMTP_PASSWORD"
KEYRING_SERVICE: Final = "bulkkit"


def password_for(relay: Relay) -> str | None:
    """Return the password of the relay's user, or None where the relay has no user.

    Raises
    ------
    ConfigurationError
        Where nobody can be asked for it.
    """
    return None if relay.user is None else known_password(relay) or _from_prompt(relay)


def known_password(relay: Relay) -> str | None:
    """Return the password as the environment or the keyring has it, or None; nobody is asked."""
    return os.environ.get(ENVIRONMENT) or from_keyring(f"{relay.user}@{relay.host}")


def masked(text: str, relay: Relay, password: str | None) -> str:
    """Return a text without the password, plain or as SMTP's AUTH encodes it (RFC 4616, RFC 4954)."""
    if password:
        for secret in (f"\0{relay.user}\0{password}", password):
            text = text.replace(b64encode(secret.encode()).decode("ascii"), "…").replace(secret, "…")
    return text


def from_keyring(name: str) -> str | None:
    """Return what the keyring's service `bulkkit` keeps under a name, or None; nobody is asked."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        secret: str | None = keyring.get_password(KEYRING_SERVICE, name)
    except KeyringError:
        return None  # A machine without a keyring service has nothing to say.
    return secret


def _from_prompt(relay: Relay) -> str:
    try:
        return getpass(f"Password of {relay.user} at {relay.host}: ")
    except (EOFError, OSError) as error:
        raise ConfigurationError(
            f"The relay {relay.name} wants a password and nobody can be asked for it here. Set {ENVIRONMENT}."
        ) from error
