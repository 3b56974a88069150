"""The shell around the policies: connections that take messages in turn until none is left.

Each connection is one coroutine. It asks the turnstile whose turn it is, the
journal to write each step down before it is taken, and the retry policy what an
answer means.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from bulkkit.errors import RelayError
from bulkkit.sending.attempt import Attempt
from bulkkit.sending.job import Job, Progress, RunState
from bulkkit.sending.journal import Journal
from bulkkit.sending.relay import Relay
from bulkkit.sending.smtp import Session
from bulkkit.sending.tally import Tally
from bulkkit.sending.turnstile import Turn, Turnstile
from bulkkit.transitions import Claim, Outcome, Recipient, SendLedger
from bulkkit.vocabulary import SendState

OUTAGE: Final = 900.0
"""Seconds for which a relay may be out of reach before its connections give up; everything can be resumed."""
FIRST_BACKOFF: Final = 1.0
LONGEST_BACKOFF: Final = 60.0
MESSAGES_PER_CONNECTION: Final = 100
"""KumoMTA's default for an unknown destination (2026-11)."""


class Runner:
    """A send at work in one event loop."""

    def __init__(self, job: Job, ledger: SendLedger) -> None:
        self._job = job
        self._ledger = ledger
        self._clock = job.clock
        self.tally = Tally(job.campaign, ledger.network_counts(job.campaign), job.clock)
        self._turnstile = Turnstile(job, ledger)
        self._outage: RelayError | None = None
        self.run_state = RunState.RUNNING

    def progress(self) -> Progress:
        """Return where the send stands; safe from any thread."""
        return self.tally.progress(self.run_state)

    async def run(self) -> None:
        """Send until nothing is left or `stop`; whatever fails, what is in flight is finished first.

        Raises
        ------
        RelayError
            Where no relay is left: out of reach, or refusing the sender.
        LedgerError
            Where the ledger cannot be written.
        """
        journal = Journal(self._ledger)
        try:
            ended = await asyncio.gather(*self._connections(journal), return_exceptions=True)
        finally:
            await journal.close()
        for error in ended:
            if isinstance(error, BaseException):
                raise error
        if self._outage is not None and self._turnstile.waiting:
            raise self._outage
        self.run_state = RunState.STOPPED if self._turnstile.waiting else RunState.FINISHED

    def pause(self) -> None:
        """Take up nothing new; what is in flight is finished."""
        if self.run_state == RunState.RUNNING:
            self.run_state = RunState.PAUSED
            self._turnstile.close()

    def unpause(self) -> None:
        """Go on."""
        if self.run_state == RunState.PAUSED:
            self.run_state = RunState.RUNNING
            self._turnstile.open()

    def stop(self) -> None:
        """Take up nothing new and end once what is in flight is finished."""
        self._turnstile.end()

    def _connections(self, journal: Journal) -> list[Coroutine[Any, Any, None]]:
        waiting = self._turnstile.waiting
        return [
            self._connection(relay, journal)
            for relay in self._job.relays
            for _ in range(min(relay.max_connections, waiting))
        ]

    async def _connection(self, relay: Relay, journal: Journal) -> None:
        line = Line(relay, self._job)
        try:
            while turn := await self._turnstile.next(relay):
                try:
                    await self._take_up(turn, line, journal)
                finally:
                    self._turnstile.done(turn)
        except RelayError as error:
            # The other relays, if there are any, go on.
            self._outage = error
        except BaseException:
            self._turnstile.end()
            raise
        finally:
            await line.close()

    async def _take_up(self, turn: Turn, line: Line, journal: Journal) -> None:
        try:
            session = await line.session()
        except RelayError as error:
            # Nobody waits for a relay with a turn in hand: another connection may be able to take it.
            self._turnstile.give_back(turn)
            await self._turnstile.rest(line.backoff(error))
            return
        if await journal.commit(Claim(turn.send_id, line.relay.name, self._clock.stamp())):
            self.tally.moved(turn.network, turn.state, SendState.REFUSED)
            self._turnstile.drop(turn)
            return
        self.tally.moved(turn.network, turn.state, SendState.CLAIMED)
        recipient = self._ledger.recipients([turn.send_id])[0]
        outcome = await Attempt(self._job, recipient, session, journal).run()
        await journal.commit(outcome)
        self._conclude(turn, recipient, outcome)

    def _conclude(self, turn: Turn, recipient: Recipient, outcome: Outcome) -> None:
        said = outcome.reply and f"{recipient.email}: {outcome.reply}"
        self.tally.moved(turn.network, SendState.CLAIMED, outcome.state, said)
        if outcome.due_at is not None:
            self._turnstile.again(turn, (outcome.due_at - self._clock.now()).total_seconds())
        if outcome.state == SendState.QUEUED:
            turn.state = SendState.QUEUED
            self._turnstile.give_back(turn)
            raise RelayError(
                f"The relay refuses the sender {self._job.message.sender.address}: {outcome.reply}. "
                "Use an address that it knows, or another relay, and resume."
            )


class Line:
    """One connection's place at a relay: a session that is opened when needed and renewed when worn."""

    def __init__(self, relay: Relay, job: Job) -> None:
        self.relay = relay
        self._job = job
        self._session: Session | None = None
        self._out_since: float | None = None
        self._backoff = FIRST_BACKOFF

    async def session(self) -> Session:
        """Return a connection that can take a message.

        Raises
        ------
        RelayError
            Where the relay is out of reach; `backoff` says how long to wait before asking again.
        """
        session = self._session
        if session is not None and not session.is_lost and session.messages < MESSAGES_PER_CONNECTION:
            return session
        await self.close()
        password = self._job.passwords.get(self.relay.name)
        self._session = await Session.open(self.relay, password, self._job.deadlines)
        self._out_since, self._backoff = None, FIRST_BACKOFF
        return self._session

    def backoff(self, error: RelayError) -> float:
        """Return the seconds to wait after `session` failed; raise `error` once it failed for `OUTAGE` seconds."""
        now = self._job.clock.seconds()
        self._out_since = now if self._out_since is None else self._out_since
        seconds, self._backoff = self._backoff, min(2 * self._backoff, LONGEST_BACKOFF)
        if now + seconds - self._out_since > OUTAGE:
            raise error
        return seconds

    async def close(self) -> None:
        """Close the connection where there is one."""
        if self._session is not None:
            await self._session.close()
            self._session = None
