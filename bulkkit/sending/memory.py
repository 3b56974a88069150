"""What a send that begins, goes on or is foretold must know of those before it, read from the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bulkkit.sending.clock import Clock
from bulkkit.sending.fleet import Fleet
from bulkkit.sending.listening import Listening
from bulkkit.sending.relay import Relay
from bulkkit.sending.schedule import Schedule
from bulkkit.sending.slowdown import LONGEST
from bulkkit.sending.throttle import DAY, HOUR, Throttle
from bulkkit.sending.warmup import COLD_AFTER
from bulkkit.transitions import PastDeferral, SendLedger, Stamp

LONGEST_TRANSACTION: Final = HOUR
"""Seconds beyond the longest window from which claims are read: a message counts from its end, which a server may put
off for all of RFC 5321's deadlines (§4.5.3.2), half an hour in sum."""


@dataclass(frozen=True, slots=True)
class Past:
    """The past as it counts against the limits; each moment is in seconds from now, and none is above 0.

    Parameters
    ----------
    handed
        When, to which network and by which relay a message was handed over, in the order of time.
    said
        When a network put a message off, and with what words.
    first_days
        By relay's name when its warm-up began, where the throttle has one.
    """

    handed: Sequence[tuple[float, str, str]] = ()
    said: Sequence[tuple[float, PastDeferral]] = ()
    first_days: Mapping[str, float] = field(default_factory=dict)

    def tell(self, schedule: Schedule, fleet: Fleet, listening: Listening, now: float) -> None:
        """Slow down where a network asked for it lately, and count what was handed over against the limits."""
        # First what holds a network back: of one without any limit nothing handed over is kept.
        for moment, said in self.said:
            listening.remember(said, now + moment, now)
        for moment, network, relay in self.handed:
            schedule.remember(network, now + moment)
            fleet.remember(relay, now + moment)


class Memory:
    """What a ledger says at this moment; a wall clock that was moved since changes none of it."""

    def __init__(self, ledger: SendLedger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock.name
        self._now = clock.stamp()

    def past(self, throttle: Throttle, relays: Sequence[Relay]) -> Past:
        """Return what counts against the limits of a send, whichever campaign it was part of."""
        return Past(self._handed(throttle, relays), self._said(), self._first_days(throttle))

    def begun(self, campaign: str, throttle: Throttle) -> float | None:
        """Return how long ago a campaign's first message was taken up, where its throttle asks for that."""
        began = self._ledger.began(campaign) if throttle.spread_seconds is not None else None
        return None if began is None else self._moment(began)

    def _handed(self, throttle: Throttle, relays: Sequence[Relay]) -> list[tuple[float, str, str]]:
        longest = max(throttle.longest_window, DAY if any(relay.daily for relay in relays) else 0.0)
        claims = self._ledger.claims_since(self._now, longest + LONGEST_TRANSACTION, self._clock)
        # Nothing is later than now.
        return sorted(
            (min(0.0, self._moment(claim.stamp) + claim.seconds), claim.network, claim.relay) for claim in claims
        )

    def _said(self) -> list[tuple[float, PastDeferral]]:
        found = self._ledger.deferrals_since(self._now, LONGEST, self._clock)
        return [(min(0.0, (said.at - self._now.at).total_seconds()), said) for said in found]

    def _first_days(self, throttle: Throttle) -> dict[str, float]:
        if throttle.ramp is None:
            return {}
        first = self._ledger.first_claims(self._clock, COLD_AFTER)
        return {relay: self._moment(stamp) for relay, stamp in first.items()}

    def _moment(self, stamp: Stamp) -> float:
        if stamp.boot_id and stamp.boot_id == self._now.boot_id:
            age = self._now.boot_seconds - stamp.boot_seconds
        else:
            age = (self._now.at - stamp.at).total_seconds()
        return -max(0.0, age)
