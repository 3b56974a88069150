"""A relay: the mail server that takes our messages, and what it may be asked for."""

from __future__ import annotations

import ipaddress
from dataclasses import KW_ONLY, dataclass, field
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from bulkkit.errors import ConfigurationError
from bulkkit.sending.clock import SYSTEM_CLOCK, Clock
from bulkkit.sending.pace import Pace
from bulkkit.sending.throttle import DAY, HOUR, Limit, Ramp
from bulkkit.sending.warmup import RampPace

DEFAULT_PORTS: Final = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
"""RFC 5321 §4.5.4.2, RFC 6409 §3.1, RFC 8314 §3.3."""
MESSAGES_PER_CONNECTION: Final = 100
"""KumoMTA's default for an unknown destination (2026-11)."""
_READS: Final = "it reads smtp+starttls://user@host:587, smtps://user@host or smtp://host"


@dataclass(frozen=True, slots=True)
class Relay:
    """A mail server that takes messages for others.

    Parameters
    ----------
    url
        `smtp+starttls://user@host:587`, `smtps://user@host`, or `smtp://host`,
        which authenticates to a loopback host only. User names are
        percent-encoded. The password is never part of it: it comes from the
        environment (`BULKKIT_SMTP_PASSWORD`), the keyring, or a prompt.
    source_address
        The local address to connect from.
    max_connections
        Connections open to this relay at once.
    rate
        Messages an hour handed to this relay, or None for no limit of its own.
    daily
        Messages in any 24 hours handed to this relay, or None.
    messages_per_connection
        Messages after which a connection to this relay is closed and a new one opened.
    weight
        This relay's share of the send beside the other relays' weights; None lets each take what it can.

    Raises
    ------
    ConfigurationError
        Where the address names another scheme, no host, or holds a password.
    """

    url: str
    source_address: str | None = None
    max_connections: int = 10
    rate: int | None = None
    daily: int | None = None
    clock: Clock = field(default=SYSTEM_CLOCK, repr=False, compare=False)
    _: KW_ONLY
    messages_per_connection: int = MESSAGES_PER_CONNECTION
    weight: float | None = None

    def __post_init__(self) -> None:
        parts = _split(self.url)
        if parts.password is not None:
            raise ConfigurationError(
                f"The relay's address for {parts.hostname} holds a password, which would end up in notebooks and logs. "
                "Leave it out and set BULKKIT_SMTP_PASSWORD."
            )
        if self.max_connections < 1:
            raise ConfigurationError(f"max_connections is {self.max_connections}; a relay needs at least one.")
        for name in ("rate", "daily", "messages_per_connection", "weight"):
            limit = getattr(self, name)
            if limit is not None and limit < 1 and not (name == "weight" and limit > 0):
                raise ConfigurationError(f"{name}={limit} would never let a message out; it is 1 or more, or None.")
        if self.user and self.scheme == "smtp" and not self.is_loopback:
            raise ConfigurationError(
                f"smtp://{self.user}@{self.host} would send the password in plain text. Use smtp+starttls:// or smtps://."
            )

    @property
    def scheme(self) -> str:
        """How the connection is secured: `smtp`, `smtp+starttls` or `smtps`."""
        return _split(self.url).scheme

    @property
    def host(self) -> str:
        """The host to connect to."""
        return _split(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The port to connect to."""
        parts = _split(self.url)
        return parts.port or DEFAULT_PORTS[parts.scheme]

    @property
    def user(self) -> str | None:
        """The user name, percent-decoded, or None where the relay wants none."""
        name = _split(self.url).username
        return unquote(name) if name else None

    @property
    def name(self) -> str:
        """What the ledger calls this relay: user, host and port, and the source address where there is one."""
        return _name(self.url, self.source_address)

    @property
    def is_loopback(self) -> bool:
        """Whether the relay is on this very machine."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def paces(self, ramp: Ramp | None = None, begun: float | None = None) -> list[Pace]:
        """Return the relay's own limits at work, each with nothing handed over yet.

        `ramp` is the throttle's warm-up, `begun` when this relay's first day of it
        began, in the clock's seconds, or None where it begins with the first message.
        """
        limits = [Limit(messages=self.rate, window=HOUR)] if self.rate else []
        limits += [Limit(messages=self.daily, window=DAY)] if self.daily else []
        return [Pace(limit) for limit in limits] + ([RampPace(ramp, begun)] if ramp else [])

    @property
    def is_sandbox(self) -> bool:
        """Whether this relay only simulates: its clock is not the world's."""
        return self.clock.name != SYSTEM_CLOCK.name


@lru_cache(maxsize=64)
def _name(url: str, source_address: str | None) -> str:
    # Asked for with each message.
    parts = _split(url)
    user = f"{unquote(parts.username)}@" if parts.username else ""
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    return f"{user}{parts.hostname}:{port}" + (f" from {source_address}" if source_address else "")


def _split(url: str) -> SplitResult:
    # No message shows what was given: where it cannot be read, a password may stand anywhere in it.
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading the port is what validates it
    except ValueError:
        raise ConfigurationError(f"The relay's address cannot be read: {_READS}, the port a number.") from None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ConfigurationError(f"{parts.scheme or 'What was given'} is no relay's address: {_READS}.")
    return parts
