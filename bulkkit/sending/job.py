"""What a running send works on, and what it tells of itself."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bulkkit.message.compiled import CompiledMessage
from bulkkit.sending.clock import Clock
from bulkkit.sending.relay import Relay
from bulkkit.sending.retry import Retry
from bulkkit.sending.smtp import Deadlines
from bulkkit.sending.throttle import Throttle
from bulkkit.vocabulary import SendState

LAST_REPLIES: Final = 5


@dataclass(frozen=True, slots=True)
class Job:
    """One campaign on its way: the message, the relays, and the policies."""

    campaign: str
    message: CompiledMessage
    relays: tuple[Relay, ...]
    throttle: Throttle
    retry: Retry
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    deadlines: Deadlines = field(default_factory=Deadlines)

    @property
    def clock(self) -> Clock:
        """The clock of the relays, which all have the same one."""
        return self.relays[0].clock


class RunState(StrEnum):
    """What a send is doing."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a send.

    `rate` is messages an hour of the send's clock over this run; `eta` is the time
    left at that rate, None before there is one. `heartbeat` is when the
    send last moved, by its clock.
    """

    campaign: str
    run: RunState
    recipients: int
    accepted: int
    deferred: int
    refused: int
    expired: int
    in_doubt: int
    waiting: int
    in_flight: int
    rate: float | None
    eta: timedelta | None
    heartbeat: datetime
    last_replies: tuple[str, ...]

    @property
    def done(self) -> int:
        """How many messages have come to an end, in doubt among them."""
        return self.accepted + self.refused + self.expired + self.in_doubt

    def __repr__(self) -> str:
        return f"<Progress {self}>"

    def __str__(self) -> str:
        names = ("deferred", "refused", "given up", "in doubt")
        counts = (self.deferred, self.refused, self.expired, self.in_doubt)
        shown = "".join(f", {count:,} {name}" for name, count in zip(names, counts, strict=True) if count)
        return f"{self.campaign}: {self.run}, {self.accepted:,} of {self.recipients:,} accepted{shown}"


class Tally:
    """The counts of a running send, kept step by step."""

    def __init__(self, campaign: str, counts: Mapping[SendState, int], clock: Clock) -> None:
        self._campaign = campaign
        self._clock = clock
        self._states: Counter[SendState] = Counter(counts)
        self._started = clock.seconds()
        self._ended = 0
        self._replies: deque[str] = deque(maxlen=LAST_REPLIES)
        self._heartbeat = clock.now()

    def moved(self, before: SendState, after: SendState, reply: str | None = None) -> None:
        """Count one message that went from one state to another."""
        self._states[before] -= 1
        self._states[after] += 1
        self._ended += after in {SendState.ACCEPTED, SendState.REFUSED, SendState.EXPIRED}
        self._heartbeat = self._clock.now()
        if reply:
            self._replies.append(reply)

    def progress(self, run: RunState) -> Progress:
        """Return the counts as they stand."""
        states = self._states
        waiting = states[SendState.QUEUED] + states[SendState.DEFERRED]
        in_flight = states[SendState.CLAIMED] + states[SendState.DOTTED]
        hours = (self._clock.seconds() - self._started) / 3600
        rate = self._ended / hours if self._ended and hours > 0 else None
        left = timedelta(hours=(waiting + in_flight) / rate) if rate else None
        return Progress(
            campaign=self._campaign,
            run=run,
            recipients=states.total(),
            accepted=states[SendState.ACCEPTED],
            deferred=states[SendState.DEFERRED],
            refused=states[SendState.REFUSED],
            expired=states[SendState.EXPIRED],
            in_doubt=states[SendState.IN_DOUBT],
            waiting=waiting,
            in_flight=in_flight,
            rate=rate,
            eta=left,
            heartbeat=self._heartbeat,
            last_replies=tuple(self._replies),
        )
