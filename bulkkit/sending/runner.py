"""The shell around the policies: connections that take messages in turn until none is left.

Each connection is one coroutine. It asks the turnstile whose turn it is, the
journal to write each step down before it is taken, and the retry policy what an
answer means.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any

import pandas as pd

from bulkkit.errors import RelayError, StoppedError
from bulkkit.frames import from_rows
from bulkkit.sending.clock import Moment
from bulkkit.sending.fleet import RELAY_DTYPES
from bulkkit.sending.job import Job, Progress, RunState
from bulkkit.sending.journal import Journal
from bulkkit.sending.lane import Lane
from bulkkit.sending.line import OUTAGE, Line, opened
from bulkkit.sending.office import Office
from bulkkit.sending.people import People
from bulkkit.sending.relay import Relay
from bulkkit.sending.signing import opened_signing
from bulkkit.sending.tally import Tally
from bulkkit.sending.turnstile import Turnstile
from bulkkit.sending.wave import Wave
from bulkkit.transitions import SendLedger


class Runner:
    """A send at work in one event loop."""

    def __init__(self, job: Job, ledger: SendLedger) -> None:
        self._job = job
        self._ledger = ledger
        self.tally = Tally(job.campaign, ledger.network_counts(job.campaign), job.clock)
        self._turnstile = Turnstile(job, ledger, self.tally.answers)
        self._outage: RelayError | None = None
        self._at_work = 0
        self._is_stranded = False
        self.run_state = RunState.RUNNING

    def progress(self) -> Progress:
        """Return where the send stands; safe from any thread."""
        return self.tally.progress(self.run_state, self._turnstile.notes())

    def relays(self) -> pd.DataFrame:
        """Return how each relay is; safe from any thread."""
        return from_rows(self._turnstile.relays(), RELAY_DTYPES)

    async def run(self) -> None:
        """Send until nothing is left or `stop`; whatever fails, what is in flight is finished first.

        Raises
        ------
        RelayError
            Where no relay is left: out of reach, or refusing the sender.
        StoppedError
            Where the answers say that going on does harm.
        LedgerError
            Where the ledger cannot be written.
        """
        journal = Journal(self._ledger)
        try:
            people = People(self._ledger, self._turnstile.upcoming)
            async with opened_signing(self._job.signer, self._turnstile.waiting) as signing:
                wave = Wave(journal, partial(Moment.of, self._job.clock), signing)
                office = Office(self._job, self._turnstile, journal, wave, people, self.tally, signing)
                ended = await asyncio.gather(*self._connections(office), return_exceptions=True)
        finally:
            await journal.close()
        for error in ended:
            if isinstance(error, BaseException):
                raise error
        self._explain()
        self.run_state = RunState.STOPPED if self._turnstile.waiting else RunState.FINISHED

    def pause(self) -> None:
        """Take up nothing new; what is in flight is finished."""
        if self.run_state == RunState.RUNNING:
            self.run_state = RunState.PAUSED
            self.tally.pause()
            self._turnstile.close()

    def unpause(self) -> None:
        """Go on."""
        if self.run_state == RunState.PAUSED:
            self.run_state = RunState.RUNNING
            self.tally.unpause()
            self._turnstile.open()

    def stop(self) -> None:
        """Take up nothing new and end once what is in flight is finished."""
        self._turnstile.end()

    def _connections(self, office: Office) -> list[Coroutine[Any, Any, None]]:
        waiting = self._turnstile.waiting
        return [
            self._connection(relay, office)
            for relay in self._job.relays
            for _ in range(min(relay.max_connections, waiting))
        ]

    async def _connection(self, relay: Relay, office: Office) -> None:
        self._at_work += 1
        try:
            while not await self._worked(relay, office):
                self._at_work -= 1
                if not self._at_work:
                    self._is_stranded = True
                    self._turnstile.end()
                await self._until_back(relay)
                self._at_work += 1
        except BaseException:
            self._turnstile.end()
            raise

    async def _worked(self, relay: Relay, office: Office) -> bool:
        """Take messages until none is left; False where the relay is out of reach for too long, or refuses us."""
        try:
            await Lane(Line(relay, self._job), office).run()
        except RelayError as error:
            self._turnstile.failed(relay, str(error))
            self._outage = error
            return False
        return True

    async def _until_back(self, relay: Relay) -> None:
        """Wait until a relay that was given up can be reached again, or nothing is left to do."""
        await self._turnstile.rest(OUTAGE)
        while self._turnstile.goes_on:
            try:
                session = await opened(relay, self._job, self._turnstile.ending)
            except RelayError as error:
                self._turnstile.failed(relay, str(error))
                await self._turnstile.rest(OUTAGE)
            else:
                if session is not None:
                    await session.close()
                return

    def _explain(self) -> None:
        """Raise what ended the send before its time."""
        name, reason = self._job.campaign, self._turnstile.stop_reason
        if reason is not None:
            raise StoppedError(
                f"{name!r} was stopped: {reason}. {self._turnstile.waiting:,} messages wait; "
                f"bulkkit.resume({name!r}) goes on with them."
            )
        if self._turnstile.barred and not self._turnstile.waiting:
            raise StoppedError(
                f"{name!r} is done but for {', '.join(sorted(self._turnstile.barred))}, which will not have our mail, "
                f"whoever it is for: {'; '.join(self._turnstile.notes())}. What was meant for them is queued "
                f"still; clear it with them, then bulkkit.resume({name!r}) goes on."
            )
        if self._outage is not None and self._is_stranded:
            raise self._outage
