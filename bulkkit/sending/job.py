"""What a running send works on, and what it tells of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bulkkit.message.compiled import CompiledMessage
from bulkkit.message.signature import Signer
from bulkkit.sending.clock import Clock
from bulkkit.sending.relay import Relay
from bulkkit.sending.retry import Retry
from bulkkit.sending.smtp import Deadlines
from bulkkit.sending.throttle import Throttle


@dataclass(frozen=True, slots=True)
class Job:
    """One campaign on its way: the message, the relays, and the policies."""

    campaign: str
    message: CompiledMessage
    relays: tuple[Relay, ...]
    throttle: Throttle
    retry: Retry
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    signer: Signer | None = None
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
    left until the slowest network is done, at its pace so far, None before there is one. `heartbeat` is when the
    send last moved, by its clock, and `still_for` how many seconds ago that was
    by the machine's. `notes` say which networks are held back beyond their limit, and why.
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
    still_for: float
    last_replies: tuple[str, ...]
    notes: tuple[str, ...] = ()

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
