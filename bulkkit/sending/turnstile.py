"""Who may go next: the schedule, the relays' own limits, pause and stop, as connections wait for them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from bulkkit.sending.fleet import Fleet
from bulkkit.sending.job import Job
from bulkkit.sending.listening import Listening
from bulkkit.sending.memory import Memory
from bulkkit.sending.relay import Relay
from bulkkit.sending.schedule import Schedule
from bulkkit.transitions import Outcome, SendLedger
from bulkkit.vocabulary import SendState

LONGEST_WAIT: Final = 0.25
"""Seconds of the machine after which a waiting connection looks again: a simulated clock may have been moved."""


@dataclass(slots=True)
class Turn:
    """One message whose turn it is; `state` is what the ledger says of it."""

    send_id: int
    network: str
    relay: str
    state: SendState
    is_over: bool = False


class Turnstile:
    """Lets messages through, one turn at a time, under all limits together."""

    def __init__(self, job: Job, ledger: SendLedger, answers: int = 0) -> None:
        self._clock = job.clock
        memory, now = Memory(ledger, job.clock), job.clock.seconds()
        past, begun = memory.past(job.throttle, job.relays), memory.begun(job.campaign, job.throttle)
        connections = sum(relay.max_connections for relay in job.relays)
        self._schedule = Schedule(job.throttle, None if begun is None else now + begun, connections)
        first_days = {relay: now + at for relay, at in past.first_days.items()}
        self._fleet = Fleet(job.relays, job.throttle.ramp, first_days)
        self._listening = Listening(self._schedule, self._fleet, answers)
        self._deferred: set[int] = set()
        self._in_flight = 0
        self._open = True
        self.ending = asyncio.Event()
        self._changed, self._is_awaited = asyncio.Event(), False
        past.tell(self._schedule, self._fleet, self._listening, now)
        self._fill(job, ledger)

    @property
    def goes_on(self) -> bool:
        """Whether anything is left to be done here."""
        return not self.ending.is_set() and bool(self.waiting or self._in_flight)

    @property
    def waiting(self) -> int:
        """How many messages wait for their turn."""
        return len(self._schedule)

    @property
    def stop_reason(self) -> str | None:
        """Why the whole send must not go on, or None."""
        return self._listening.stop_reason

    @property
    def barred(self) -> frozenset[str]:
        """The networks to which nothing goes any more in this send."""
        return self._schedule.barred

    def notes(self) -> tuple[str, ...]:
        """Return what is held back now and why, a sentence each; safe from any thread."""
        return self._listening.notes(self._clock) + self._fleet.notes()

    def relays(self) -> list[dict[str, Any]]:
        """Return how each relay is (columns of `fleet.RELAY_DTYPES`); safe from any thread."""
        return self._fleet.rows(self._clock.seconds())

    async def next(self, relay: Relay) -> Turn | None:
        """Return the next turn for a connection to `relay`, or None once there will be none.

        Hours in which a sandbox would only wait for the next attempt pass at once.
        """
        while self.goes_on:
            turn = self._take(relay) if self._open else None
            if turn is not None:
                return turn
            seconds = self._until_next(relay)
            if not self._skip(seconds):
                await self._change(seconds)
        return None

    def next_now(self, relay: Relay, now: float | None = None) -> Turn | None:
        """Return the next turn for a connection to `relay` where one may be taken at once."""
        return self._take(relay, now) if self._open and not self.ending.is_set() else None

    def upcoming(self, count: int) -> list[int]:
        """Return about so many of the sends whose turn comes next, as things stand."""
        return self._schedule.upcoming(count)

    async def rest(self, seconds: float) -> None:
        """Wait so many seconds, or until nothing is left to wait for."""
        until = self._clock.seconds() + seconds
        while self.goes_on and (left := until - self._clock.seconds()) > 0:
            await self._change(left)

    def done(self, turn: Turn, moment: float | None = None) -> None:
        """End a turn in which a message was handed over; one that has ended stays as it is."""
        if turn.is_over:
            return
        now = self._clock.seconds() if moment is None else moment
        self._schedule.release(turn.network, now)
        self._fleet.release(turn.relay, now)
        self._end(turn)

    def drop(self, turn: Turn) -> None:
        """End a turn in which nothing was handed over: it counts against no limit."""
        self._schedule.drop(turn.network)
        self._fleet.drop(turn.relay)
        self._end(turn)

    def again(self, turn: Turn, delay: float) -> None:
        """Let the message of a turn come again after `delay` seconds."""
        self._deferred.add(turn.send_id)
        self._schedule.add_later(turn.send_id, turn.network, self._clock.seconds() + delay)
        self._wake()

    def give_back(self, turn: Turn) -> None:
        """End a turn and put its message back: it was not taken up, or its sender was refused."""
        self.drop(turn)
        if turn.state == SendState.QUEUED:
            self._deferred.discard(turn.send_id)
        self._schedule.add(turn.send_id, turn.network)

    def heard(self, turn: Turn, outcome: Outcome, now: float) -> None:
        """Draw the consequences of an answer: for its network, its relay, and the whole send."""
        self._listening.heard(turn.network, turn.relay, outcome, now)
        if self._listening.stop_reason is not None:
            self.end()

    def failed(self, relay: Relay, problem: str) -> None:
        """Note that a relay cannot be used now; one that answers again is well."""
        self._fleet.failed(relay.name, problem)
        self._wake()

    def close(self) -> None:
        """Let nobody through until `open`."""
        self._open = False

    def open(self) -> None:
        """Let messages through again."""
        self._open = True
        self._wake()

    def end(self) -> None:
        """Let nobody through any more."""
        self.ending.set()
        self._wake()

    def _take(self, relay: Relay, moment: float | None = None) -> Turn | None:
        name, now = relay.name, self._clock.seconds() if moment is None else moment
        taken = self._schedule.take(now) if self._fleet.is_ready(name, now) else None
        if taken is None:
            return None
        self._fleet.take(name, now)
        self._in_flight += 1
        send_id, network = taken
        state = SendState.DEFERRED if send_id in self._deferred else SendState.QUEUED
        return Turn(send_id, network, name, state)

    def _skip(self, seconds: float | None) -> bool:
        """Let idle time pass at once where nothing but the next attempt is waited for and the clock can do that."""
        is_idle = self._open and self._schedule.is_idle and not self._in_flight
        return is_idle and seconds is not None and self._clock.skip(seconds)

    def _end(self, turn: Turn) -> None:
        turn.is_over = True
        self._in_flight -= 1
        self._wake()

    def _until_next(self, relay: Relay) -> float | None:
        """Return after how many seconds a turn may come up, None where only a change can bring one."""
        now = self._clock.seconds()
        moments = [self._schedule.next_at(), *self._fleet.moments(relay.name, now)]
        return min((moment - now for moment in moments if moment is not None and moment > now), default=None)

    async def _change(self, seconds: float | None) -> None:
        """Wait for a change, at most so many seconds, and look again now and then."""
        longest = LONGEST_WAIT if seconds is None else min(self._clock.machine_seconds(seconds), LONGEST_WAIT)
        changed, self._is_awaited = self._changed, True
        try:
            async with asyncio.timeout(longest):
                await changed.wait()
        except TimeoutError:
            pass

    def _wake(self) -> None:
        if self._is_awaited:
            self._changed.set()
            self._changed, self._is_awaited = asyncio.Event(), False

    def _fill(self, job: Job, ledger: SendLedger) -> None:
        now, seconds = self._clock.now(), self._clock.seconds()
        for row in ledger.pending(job.campaign):
            if row.state == SendState.DEFERRED:
                self._deferred.update(row.send_ids)
            if row.due_at is None:
                self._schedule.add_all(row.send_ids, row.network)
                continue
            wait = (row.due_at - now).total_seconds()
            # Due later than any wait lasts, it was put off by a wall clock that has been moved back since.
            wait = min(wait, job.retry.longest_wait) if row.state == SendState.DEFERRED else wait
            for send_id in row.send_ids:
                self._schedule.add_later(send_id, row.network, seconds + wait)
