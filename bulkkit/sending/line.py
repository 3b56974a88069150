"""One connection's place at a relay: a session that is opened when needed and renewed when worn."""

from __future__ import annotations

import asyncio
from typing import Final

from bulkkit.errors import RelayError
from bulkkit.sending.job import Job
from bulkkit.sending.relay import Relay
from bulkkit.sending.smtp import Session

OUTAGE: Final = 900.0
"""Seconds for which a relay may be out of reach before its connections give up; everything can be resumed."""
FIRST_BACKOFF: Final = 1.0
LONGEST_BACKOFF: Final = 60.0
CANCELLED_AGAIN: Final = 0.1
"""Seconds after which a connection that is still being opened is cancelled once more."""


class Line:
    """A connection to a relay, or the place for one."""

    def __init__(self, relay: Relay, job: Job) -> None:
        self.relay = relay
        self._job = job
        self._session: Session | None = None
        self._out_since: float | None = None
        self._backoff = FIRST_BACKOFF

    async def session(self, ending: asyncio.Event) -> Session | None:
        """Return a connection that can take a message, or None where the send ends before the relay answers.

        Raises
        ------
        RelayError
            Where the relay is out of reach; `backoff` says how long to wait before asking again.
        """
        session = self._session
        if session is not None and not session.is_lost and session.messages < self.relay.messages_per_connection:
            return session
        await self.close()
        self._session = await opened(self.relay, self._job, ending)
        if self._session is not None:
            self._out_since, self._backoff = None, FIRST_BACKOFF
        return self._session

    def can_look_ahead(self, session: Session) -> bool:
        """Tell whether this session may take another message along with the end of the one under way."""
        return session.pipelines and not session.is_lost and session.messages + 1 < self.relay.messages_per_connection

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


async def opened(relay: Relay, job: Job, ending: asyncio.Event) -> Session | None:
    """Open a connection; None where the send ends first, for with nothing in flight it waits for no relay.

    Raises
    ------
    RelayError
        Where the relay cannot be used.
    """
    opening = asyncio.ensure_future(Session.open(relay, job.passwords.get(relay.name), job.deadlines))
    end = asyncio.ensure_future(ending.wait())
    await asyncio.wait({opening, end}, return_when=asyncio.FIRST_COMPLETED)
    end.cancel()
    is_open = opening.done()
    while not opening.done():
        # Asked again and again: before Python 3.12 `asyncio.wait_for` loses a cancellation that meets its end.
        opening.cancel()
        await asyncio.wait({opening}, timeout=CANCELLED_AGAIN)
    if is_open:
        return opening.result()
    if not opening.cancelled() and opening.exception() is None:
        opening.result().abort()  # It came about all the same, and nobody else knows of it.
    return None
