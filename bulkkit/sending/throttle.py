"""How fast one network may be written to: a policy that decides, and neither waits nor reads a clock.

The default is the rule of thumb for bulk senders: at most 100 messages an hour
to one network, and at most 10 at a time. A network is who runs the mail
servers, not the domain behind the @.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from bulkkit.errors import InputError

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR


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


@dataclass(frozen=True, slots=True)
class Throttle:
    """The limits of a send: one for each network named, and one for any other.

    Parameters
    ----------
    default
        The limit of a network that is not named.
    networks
        Limits by network name, as the ledger's `network` column has them.
    """

    default: Limit = CAUTIOUS
    networks: Mapping[str, Limit] = field(default_factory=dict)

    @classmethod
    def cautious(cls) -> Throttle:
        """Return the rule of thumb: 100 messages an hour to one network, 10 at a time."""
        return cls()

    @classmethod
    def providers(cls) -> Throttle:
        """Return the big providers' known limits, by name and by domain; others take 100 a second on 10 connections."""
        from bulkkit.verification.providers import providers

        by_domain = {domain: PROVIDER_LIMITS[name] for domain, name in providers().items() if name in PROVIDER_LIMITS}
        return cls(Limit(messages=100, window=1.0, connections=10), PROVIDER_LIMITS | by_domain)

    @classmethod
    def unlimited(cls) -> Throttle:
        """Return no limit at all: for sinks and sandboxes."""
        return cls(Limit())

    def limit(self, network: str) -> Limit:
        """Return the limit of a network."""
        return self.networks.get(network, self.default)

    @property
    def longest_window(self) -> float:
        """The longest window of all limits, in seconds: how far back a restart must look."""
        return max(limit.window for limit in (self.default, *self.networks.values()))

    def spec(self) -> dict[str, Any]:
        """Return what is needed to make the same throttle again."""
        return asdict(self)

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Throttle:
        """Return the throttle that `spec` describes."""
        networks = {name: Limit(**limit) for name, limit in spec["networks"].items()}
        return cls(Limit(**spec["default"]), networks)


class Pace:
    """One limit at work: what was handed over in the window, and what is open now.

    An open transaction counts, and so it does for one window after it was
    closed: at whichever moment of it the server counts the message, no window of
    the server's holds more than the limit. Each method takes the moment in
    seconds; the caller owns the clock.
    """

    __slots__ = ("_handed", "_limit", "_open")

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._handed: deque[float] = deque()
        self._open = 0

    def ready_at(self, now: float) -> float | None:
        """Return when the next message may go: `now`, later, or None while too many are open."""
        if self._limit.connections is not None and self._open >= self._limit.connections:
            return None
        if self._limit.messages is None:
            return now
        free = self._limit.messages - self._open
        if free <= 0:
            return None
        return now if len(self._handed) < free else max(now, self._handed[-free] + self._limit.window)

    def is_ready(self, now: float) -> bool:
        """Tell whether the next message may go now."""
        ready = self.ready_at(now)
        return ready is not None and ready <= now

    def take(self) -> None:
        """Count a transaction opened."""
        self._open += 1

    def release(self, now: float) -> None:
        """Count a transaction closed, and its message handed over."""
        self._open -= 1
        self.remember(now)

    def drop(self) -> None:
        """Count a transaction closed in which nothing was handed over."""
        self._open -= 1

    def remember(self, moment: float) -> None:
        """Count a message that was handed over at `moment`, such as before a restart; in the order of time."""
        if self._limit.messages is None:
            return
        self._handed.append(moment)
        if len(self._handed) > self._limit.messages:
            self._handed.popleft()
