"""The relays of a send: what each may take now, what each has taken, and how it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, Final

from bulkkit.sending.relay import Relay
from bulkkit.sending.throttle import Ramp

AHEAD: Final = 10.0
"""Messages by which a relay may be ahead of its share, so that none waits for each single turn of another."""

SILENT: Final = 60.0
"""Seconds without an answer after which nobody waits for a relay's share: a server may take ten minutes over a message
(RFC 5321 §4.5.3.2.6), and a relay that hangs must not hold the others up for so long."""

RELAY_DTYPES: Final = {
    "relay": "str",
    "state": "str",
    "accepted": "Int64",
    "deferred": "Int64",
    "refused": "Int64",
    "in_flight": "Int64",
    "problem": "str",
}
"""A frame of relays: one row a relay; `state` is `working`, `at its limit` or `out of reach`, and the counts are of
this run."""


class _Station:
    """One relay at work."""

    __slots__ = ("accepted", "deferred", "heard", "in_flight", "paces", "problem", "refused", "taken", "weight")

    def __init__(self, relay: Relay, ramp: Ramp | None, begun: float | None) -> None:
        self.paces = relay.paces(ramp, begun)
        self.weight = relay.weight
        self.taken = 0
        self.in_flight = self.accepted = self.deferred = self.refused = 0
        self.heard = -inf
        self.problem: str | None = None

    def is_silent(self, now: float) -> bool:
        return self.in_flight > 0 and now - self.heard > SILENT

    def is_ready(self, now: float) -> bool:
        return all(pace.is_ready(now) for pace in self.paces)


class Fleet:
    """The relays under their own limits and weights; each method takes the moment in seconds.

    Parameters
    ----------
    relays
        The relays of the send.
    ramp
        The throttle's warm-up.
    begun
        By relay's name when its first day of the warm-up began, in the clock's seconds.
    """

    def __init__(self, relays: Sequence[Relay], ramp: Ramp | None = None, begun: Mapping[str, float] | None = None):
        first_days = begun or {}
        self._stations = {relay.name: _Station(relay, ramp, first_days.get(relay.name)) for relay in relays}
        self._weighted = [station for station in self._stations.values() if station.weight is not None]

    def remember(self, relay: str, moment: float) -> None:
        """Count a message that was handed to `relay` before this run; of a relay that is no more, nothing."""
        if relay in self._stations:
            for pace in self._stations[relay].paces:
                pace.remember(moment)

    def is_ready(self, relay: str, now: float) -> bool:
        """Tell whether a relay may take a message now, by its own limits and its share."""
        station = self._stations[relay]
        return station.is_ready(now) and (len(self._weighted) < 2 or self._is_its_turn(station, now))

    def moments(self, relay: str, now: float) -> list[float | None]:
        """Return when each of a relay's limits lets the next message through."""
        return [pace.ready_at(now) for pace in self._stations[relay].paces]

    def take(self, relay: str, now: float, messages: int = 1) -> None:
        """Count a message on its way, or a forecast's train of several."""
        station = self._stations[relay]
        if not station.in_flight:
            station.heard = now
        station.in_flight += messages
        station.taken += messages
        for pace in station.paces:
            pace.take(messages)

    def release(self, relay: str, now: float, messages: int = 1) -> None:
        """Count a message handed over."""
        station = self._stations[relay]
        station.in_flight -= messages
        station.heard = now
        for pace in station.paces:
            pace.release(now, messages)

    def drop(self, relay: str) -> None:
        """Take back a message that was not handed over."""
        station = self._stations[relay]
        station.in_flight -= 1
        station.taken -= 1
        for pace in station.paces:
            pace.drop()

    def accepted(self, relay: str) -> None:
        """Count a message that the relay took."""
        station = self._stations[relay]
        station.accepted += 1
        station.problem = None

    def answered(self, relay: str, *, is_final: bool) -> None:
        """Count a message that the relay refused, for good or for now."""
        station = self._stations[relay]
        station.refused += is_final
        station.deferred += not is_final
        station.problem = None

    def failed(self, relay: str, problem: str) -> None:
        """Note that the relay cannot be used now; the others take its share until it answers again."""
        self._stations[relay].problem = problem

    def notes(self) -> tuple[str, ...]:
        """Return which relays cannot be used now and why, a sentence each."""
        return tuple(one.problem for one in self._stations.values() if one.problem)

    def rows(self, now: float) -> list[dict[str, Any]]:
        """Return a row a relay (columns of `RELAY_DTYPES`)."""
        return [
            {
                "relay": name,
                "state": "out of reach" if one.problem else "working" if one.is_ready(now) else "at its limit",
                "accepted": one.accepted,
                "deferred": one.deferred,
                "refused": one.refused,
                "in_flight": one.in_flight,
                "problem": one.problem,
            }
            for name, one in self._stations.items()
        ]

    def _is_its_turn(self, station: _Station, now: float) -> bool:
        """Tell whether a relay is not too far ahead of those that could take messages as well."""
        if station.weight is None:
            return True
        others = [one for one in self._weighted if one is not station and not one.problem and not one.is_silent(now)]
        least = min((one.taken / (one.weight or 1.0) for one in others if one.is_ready(now)), default=None)
        return least is None or station.taken <= (least + AHEAD) * station.weight
