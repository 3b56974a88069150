"""How fast one network may be written to: a policy that decides, and neither waits nor reads a clock.

The default is the rule of thumb for bulk senders: at most 100 messages an hour
to one network, and at most 10 at a time, or fewer where the network is known to
take fewer. A network is who runs the mail servers, not the domain behind the @.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import inf
from typing import Any, Final

from bulkkit.errors import InputError

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR

_SPREAD: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|min|h|d)\s*")
_UNITS: Final = {"s": 1.0, "min": 60.0, "h": HOUR, "d": DAY}


@dataclass(frozen=True, slots=True)
class Limit:
    """What one network takes: messages in any sliding window, and transactions open at once; None is no limit."""

    messages: int | None = None
    window: float = HOUR
    connections: int | None = None

    def __post_init__(self) -> None:
        for name in ("messages", "connections"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"A limit of {value} {name} would never let a message out; it is 1 or more, or None.")
        if self.window <= 0:
            raise InputError(f"A window of {self.window} s is none; it is a number of seconds above 0.")

    @property
    def is_open(self) -> bool:
        """Whether it limits nothing."""
        return self.messages is None and self.connections is None

    def within(self, other: Limit) -> Limit:
        """Return one limit under which both hold: neither window ever has more than its number."""
        connections = [limit.connections for limit in (self, other) if limit.connections is not None]
        limited = [limit for limit in (self, other) if limit.messages is not None]
        messages = min((limit.messages or 0 for limit in limited), default=None)
        # A window is covered by so many of the new ones that together they hold no more than its number.
        parts = [limit.window / ((limit.messages or 0) // (messages or 1)) for limit in limited]
        return Limit(messages, max(parts, default=HOUR), min(connections, default=None))


UNLIMITED: Final = Limit()

CAUTIOUS: Final = Limit(messages=100, window=HOUR, connections=10)

PROVIDER_LIMITS: Final = {
    "Google": Limit(connections=5),
    "Yahoo": Limit(connections=10),
    "Microsoft": Limit(connections=5),
    "Apple": Limit(connections=10),
    "Comcast": Limit(connections=25),
    "Mimecast": Limit(connections=10),
    "Orange": Limit(connections=2),
    "GMX & web.de": Limit(connections=4),
    "QQ": Limit(connections=4),
    "163": Limit(connections=4),
    "Yahoo! Japan": Limit(messages=10, window=1.0, connections=2),
    "KPN": Limit(connections=10),
    "Barracuda": Limit(connections=10),
}
"""KumoMTA's community figures (2026-11), by the names that verification gives the providers."""

ANY_PROVIDER: Final = Limit(messages=100, window=1.0, connections=10)
"""KumoMTA's figures for a destination that it does not know (2026-11)."""


@dataclass(frozen=True, slots=True)
class Ramp:
    """What a new sending address hands over in any sliding hour, more from day to day, until it is warm.

    The numbers are those by which SendGrid warms up an address (its documentation,
    "Automated IP warmup hourly send schedule", 2026-11): 20 messages an hour on the
    first day, 1.4 times as many on each further one.
    """

    days: int = 30
    first: int = 20
    growth: float = 1.4

    def __post_init__(self) -> None:
        if self.days < 1 or self.first < 1 or self.growth < 1:
            raise InputError("A warm-up has 1 day or more, begins with 1 message an hour or more, and never shrinks.")

    def messages(self, day: int) -> int | None:
        """Return the messages an hour of a day, counted from 0; None once it is warm."""
        return round(self.first * self.growth**day) if day < self.days else None


@dataclass(frozen=True, slots=True)
class Throttle:
    """The limits of a send: one for each network named, one for any other, and those of the whole.

    Parameters
    ----------
    default
        The limit of a network that is not named.
    networks
        Limits by network name, as the ledger's `network` column has them.
    overall
        The limit of all networks together.
    ramp
        The warm-up of each relay; its days are counted from the first message that the ledger has handed to it.
    spread
        The time over which the whole send is stretched evenly: `"3h"`, `"90min"`, or seconds. It only ever slows down.

    Raises
    ------
    InputError
        Where `spread` is no length of time.
    """

    default: Limit = CAUTIOUS
    networks: Mapping[str, Limit] = field(default_factory=dict, repr=False)
    overall: Limit = UNLIMITED
    ramp: Ramp | None = None
    spread: float | str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "spread", _seconds(self.spread))

    @classmethod
    def cautious(cls, *, spread: float | str | None = None) -> Throttle:
        """Return the rule of thumb: 100 messages an hour to one network, 10 at a time or what it takes, if fewer."""
        limits = {name: CAUTIOUS.within(limit) for name, limit in _by_name_and_domain().items()}
        return cls(CAUTIOUS, limits, spread=spread)

    @classmethod
    def providers(cls, *, spread: float | str | None = None) -> Throttle:
        """Return the big providers' known limits, by name and by domain; others take 100 a second on 10 connections."""
        return cls(ANY_PROVIDER, _by_name_and_domain(), spread=spread)

    @classmethod
    def warmup(cls, days: int = 30, *, spread: float | str | None = None) -> Throttle:
        """Return the providers' limits, and for a new sending address a ramp over `days` days (`Ramp`).

        What day it is says the ledger: a relay's first day begins with the first
        message handed to it, and anew after 30 days without any.
        """
        return cls(ANY_PROVIDER, _by_name_and_domain(), ramp=Ramp(days), spread=spread)

    @classmethod
    def unlimited(cls, *, spread: float | str | None = None) -> Throttle:
        """Return no limit at all: for sinks and sandboxes."""
        return cls(UNLIMITED, spread=spread)

    def limit(self, network: str) -> Limit:
        """Return the limit of a network."""
        return self.networks.get(network, self.default)

    @property
    def spread_seconds(self) -> float | None:
        """The time over which the send is stretched, in seconds, or None."""
        return None if self.spread is None else float(self.spread)

    @property
    def longest_window(self) -> float:
        """The longest window of all limits, in seconds: how far back a restart must look."""
        return max(limit.window for limit in (self.default, self.overall, *self.networks.values()))

    def spec(self) -> dict[str, Any]:
        """Return what is needed to make the same throttle again."""
        return asdict(self)

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Throttle:
        """Return the throttle that `spec` describes."""
        networks = {name: Limit(**limit) for name, limit in spec["networks"].items()}
        ramp = spec.get("ramp")
        return cls(
            default=Limit(**spec["default"]),
            networks=networks,
            overall=Limit(**spec.get("overall", {})),
            ramp=ramp and Ramp(**ramp),
            spread=spec.get("spread"),
        )


def _by_name_and_domain() -> dict[str, Limit]:
    from bulkkit.verification.providers import providers

    by_domain = {domain: PROVIDER_LIMITS[name] for domain, name in providers().items() if name in PROVIDER_LIMITS}
    return PROVIDER_LIMITS | by_domain


def _seconds(spread: float | str | None) -> float | None:
    if isinstance(spread, str):
        found = _SPREAD.fullmatch(spread)
        spread = float(found[1]) * _UNITS[found[2]] if found else -1.0
    if spread is not None and not 0 < spread < inf:
        raise InputError("spread is a length of time: '3h', '90min', '2d', or a number of seconds above 0.")
    return spread
