"""The shell around the policies: connections that take messages in turn until none is left.

Each connection is one coroutine. It asks the turnstile whose turn it is, the
journal to write each step down before it is taken, and the retry policy what an
answer means.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from bulkkit.errors import RelayError
from bulkkit.sending.job import Job, Progress, RunState
from bulkkit.sending.journal import Journal
from bulkkit.sending.lane import Lane, Office
from bulkkit.sending.line import Line
from bulkkit.sending.people import People
from bulkkit.sending.relay import Relay
from bulkkit.sending.tally import Tally
from bulkkit.sending.turnstile import Turnstile
from bulkkit.transitions import SendLedger


class Runner:
    """A send at work in one event loop."""

    def __init__(self, job: Job, ledger: SendLedger) -> None:
        self._job = job
        self._ledger = ledger
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
            people = People(self._ledger, self._turnstile.upcoming)
            office = Office(self._job, self._turnstile, journal, people, self.tally)
            ended = await asyncio.gather(*self._connections(office), return_exceptions=True)
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
        try:
            await Lane(Line(relay, self._job), office).run()
        except RelayError as error:
            # The other relays, if there are any, go on.
            self._outage = error
        except BaseException:
            self._turnstile.end()
            raise
