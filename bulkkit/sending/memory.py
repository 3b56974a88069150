"""What a send that begins or goes on must know of those before it: read from the ledger, in its clock's seconds."""

from __future__ import annotations

from typing import Final

from bulkkit.sending.fleet import Fleet
from bulkkit.sending.job import Job
from bulkkit.sending.listening import Listening
from bulkkit.sending.schedule import Schedule
from bulkkit.sending.slowdown import LONGEST
from bulkkit.sending.throttle import DAY, HOUR
from bulkkit.sending.warmup import COLD_AFTER
from bulkkit.transitions import PastClaim, SendLedger, Stamp
from bulkkit.vocabulary import SendState

LONGEST_TRANSACTION: Final = HOUR
"""Seconds beyond the longest window from which claims are read: a message counts from its end, which a server may put
off for all of RFC 5321's deadlines (§4.5.3.2), half an hour in sum."""


class Memory:
    """The past as it counts against the limits; a wall clock that was moved since changes none of it."""

    def __init__(self, job: Job, ledger: SendLedger) -> None:
        self._job = job
        self._ledger = ledger
        self._now = job.clock.stamp()
        self._seconds = job.clock.seconds()

    @property
    def begun(self) -> float | None:
        """When the campaign's first message was taken up, where its throttle asks for that."""
        began = self._ledger.began(self._job.campaign) if self._job.throttle.spread_seconds is not None else None
        return None if began is None else self._moment(began)

    @property
    def first_days(self) -> dict[str, float]:
        """When each relay's warm-up began, where the throttle has one."""
        if self._job.throttle.ramp is None:
            return {}
        first = self._ledger.first_claims(self._job.clock.name, COLD_AFTER)
        return {relay: self._moment(stamp) for relay, stamp in first.items()}

    @property
    def answers(self) -> int:
        """How many of the campaign's messages were accepted or refused so far."""
        counts = self._ledger.network_counts(self._job.campaign).values()
        return sum(states.get(state, 0) for states in counts for state in (SendState.ACCEPTED, SendState.REFUSED))

    def tell(self, schedule: Schedule, fleet: Fleet, listening: Listening) -> None:
        """Count what was handed over against the limits, and slow down where a network asked for it lately."""
        seconds = max(DAY, self._job.throttle.longest_window) + LONGEST_TRANSACTION
        past = self._ledger.claims_since(self._now, seconds, self._job.clock.name)
        for moment, claim in sorted(((self._ended(claim), claim) for claim in past), key=lambda pair: pair[0]):
            schedule.remember(claim.network, moment)
            fleet.remember(claim.relay, moment)
        for said in self._ledger.deferrals_since(self._now, LONGEST, self._job.clock.name):
            age = (self._now.at - said.at).total_seconds()
            listening.remember(said, self._seconds - max(0.0, age), self._seconds)

    def _ended(self, claim: PastClaim) -> float:
        """Return when a past transaction ended; nothing is later than now."""
        return min(self._seconds, self._moment(claim.stamp) + claim.seconds)

    def _moment(self, stamp: Stamp) -> float:
        if stamp.boot_id and stamp.boot_id == self._now.boot_id:
            age = self._now.boot_seconds - stamp.boot_seconds
        else:
            age = (self._now.at - stamp.at).total_seconds()
        return self._seconds - max(0.0, age)
