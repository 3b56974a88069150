"""DKIM: the domain whose signature the messages of a send bear, and its private key (RFC 6376)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from os import PathLike
from typing import Final

from bulkkit.addresses import ascii_domain
from bulkkit.errors import ConfigurationError

_LABEL: Final = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.IGNORECASE)


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
