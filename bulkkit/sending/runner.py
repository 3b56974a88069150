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
from bulkkit.sending.job import Job, Progress, RunState, Tally
from bulkkit.sending.journal import Journal
from bulkkit.sending.relay import Relay
from bulkkit.sending.smtp import Session
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
        self._tally = Tally(job.campaign, ledger.counts(job.campaign), job.clock)
        self._turnstile = Turnstile(job, ledger)
        self._outage: RelayError | None = None
        self.run_state = RunState.RUNNING

    def progress(self) -> Progress:
        """Return where the send stands; safe from any thread."""
        return self._tally.progress(self.run_state)

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
        failures = [error for error in (*ended, self._outage) if isinstance(error, BaseException)]
        if failures and self._turnstile.waiting:
            raise failures[0]
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
        line = Line(relay, self._job, self._turnstile)
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
        except RelayError:
            self._turnstile.give_back(turn)
            raise
        if await journal.commit(Claim(turn.send_id, line.relay.name, self._clock.stamp())):
            self._tally.moved(turn.state, SendState.REFUSED)
            return
        self._tally.moved(turn.state, SendState.CLAIMED)
        recipient = self._ledger.recipients([turn.send_id])[0]
        outcome = await Attempt(self._job, recipient, session, journal).run()
        await journal.commit(outcome)
        self._conclude(turn, recipient, outcome)

    def _conclude(self, turn: Turn, recipient: Recipient, outcome: Outcome) -> None:
        self._tally.moved(SendState.CLAIMED, outcome.state, outcome.reply and f"{recipient.email}: {outcome.reply}")
        if outcome.due_at is not None:
            self._turnstile.again(turn, (outcome.due_at - self._clock.now()).total_seconds())
        if outcome.state == SendState.QUEUED:
            self._turnstile.give_back(turn)
            raise RelayError(
                f"The relay refuses the sender {self._job.message.sender.address}: {outcome.reply}. "
                "Use an address that it knows, or another relay, and resume."
            )


class Line:
    """One connection's place at a relay: a session that is opened when needed and renewed when worn."""

    def __init__(self, relay: Relay, job: Job, turnstile: Turnstile) -> None:
        self.relay = relay
        self._job = job
        self._turnstile = turnstile
        self._session: Session | None = None

    async def session(self) -> Session:
        """Return a connection that can take a message.

        Raises
        ------
        RelayError
            Where the relay stays out of reach for `OUTAGE` seconds, or the send is stopped meanwhile.
        """
        session = self._session
        if session is not None and not session.is_lost and session.messages < MESSAGES_PER_CONNECTION:
            return session
        await self.close()
        self._session = await self._open()
        return self._session

    async def close(self) -> None:
        """Close the connection where there is one."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _open(self) -> Session:
        clock = self._job.clock
        since, backoff = clock.seconds(), FIRST_BACKOFF
        while True:
            try:
                return await Session.open(self.relay, self._job.passwords.get(self.relay.name), self._job.deadlines)
            except RelayError:
                if self._turnstile.is_ending or clock.seconds() + backoff - since > OUTAGE:
                    raise
            await asyncio.sleep(clock.machine_seconds(backoff))
            backoff = min(2 * backoff, LONGEST_BACKOFF)
