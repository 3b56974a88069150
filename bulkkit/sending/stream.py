"""The bytes of a connection: questions go out, and each reply comes back to the question that it answers.

Several questions may be asked in one write (RFC 2920). Replies have no number,
only an order; so a reply that nobody waits for, one that comes too late, and one that
cannot be read end the connection rather than meet another question.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any, Final, cast

from bulkkit.sending.reply import Reply, ReplyError, ReplyReader

NO_ROOM: Final = 0
"""With no room for waiting bytes, "writable" means that the kernel has them all."""


class WireError(ConnectionError):
    """The connection broke, stayed silent too long, or said what is no SMTP."""


class Exchange:
    """What was asked at once: the replies so far, in the order of the questions, and how long each may take.

    Awaited it returns the replies once all of them are there; it raises `WireError` where they will not come.
    """

    __slots__ = ("_on_end", "lost", "missing", "replies", "seconds")

    def __init__(self, seconds: Sequence[float]) -> None:
        self.seconds = seconds
        self.missing = len(seconds)
        self.replies: list[Reply] = []
        self.lost: str | None = None
        self._on_end: Callable[[], None] | None = None

    def __await__(self) -> Generator[Any, None, list[Reply]]:
        if not self.is_over:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.then(partial(_wake, waiter))
            yield from waiter
        if self.lost is not None:
            raise WireError(self.lost)
        return self.replies

    @property
    def is_over(self) -> bool:
        """Whether no further reply will come."""
        return not self.missing or self.lost is not None

    def then(self, on_end: Callable[[], None]) -> None:
        """Call back once no further reply will come, now where that is so already; one who waits is all there is."""
        if self.is_over:
            on_end()
        else:
            self._on_end = on_end

    def end(self) -> None:
        """Tell who waits."""
        if self._on_end is not None:
            self._on_end()


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


class Stream(asyncio.Protocol):
    """A connection as questions and replies; every reply has a deadline for all of it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reader = ReplyReader()
        self._asked: deque[Exchange] = deque()
        self._missing = 0
        self._due = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._lost: str | None = None

    @property
    def is_lost(self) -> bool:
        """Whether the connection is gone."""
        return self._lost is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a transport over."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Give the replies in these bytes to what was asked."""
        try:
            if not self._asked:
                raise ReplyError(f"The server spoke unasked: {data[:60]!r}.")
            replies = self._reader.feed(data)
            # Seen before any of them counts: which of too many replies is the true one, nobody can tell.
            if len(replies) > self._missing:
                raise ReplyError(f"The server said more than it was asked for: {data[-60:]!r}.")
        except ReplyError as error:
            self._lose(str(error))
        else:
            if replies:
                self._answer(replies)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits that nothing more will come."""
        self._lose(f"The connection broke: {exc or 'the server hung up'}.")

    def pause_writing(self) -> None:
        """Note that bytes wait for the kernel."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Note that the kernel has all bytes."""
        self._writable.set()

    def ask(self, data: bytes, *groups: Sequence[float]) -> list[Exchange]:
        """Write questions; return an exchange for each group, whose numbers say how long its replies may take.

        A reply's time begins when it is the next one.
        """
        transport, exchanges = self._alive(), [Exchange(seconds) for seconds in groups]
        is_first = not self._asked
        self._asked.extend(exchanges)
        self._missing += sum(map(len, groups))
        if is_first:
            self._watch()
        transport.write(data)
        return exchanges

    async def write(self, data: bytes, seconds: float) -> None:
        """Write bytes and wait until the kernel has them, at most so many seconds."""
        transport = self._alive()
        transport.set_write_buffer_limits(high=NO_ROOM)
        transport.write(data)
        try:
            async with asyncio.timeout(seconds):
                await self._writable.wait()
        except TimeoutError:
            self._lose(f"The server did not take the message within {seconds:.0f} s.")
        self._alive()

    def abort(self) -> None:
        """Drop the connection at once."""
        self._lose("The connection was closed.")

    def _answer(self, replies: list[Reply]) -> None:
        self._missing -= len(replies)
        for reply in replies:
            exchange = self._asked[0]
            exchange.replies.append(reply)
            exchange.missing -= 1
            if not exchange.missing:
                self._asked.popleft()
                exchange.end()
        self._watch()

    def _watch(self) -> None:
        """Begin the deadline of the reply that is next."""
        if not self._asked:
            return
        exchange = self._asked[0]
        self._due = self._loop.time() + exchange.seconds[len(exchange.replies)]
        # One alarm for many replies: it is moved when it rings too early, and set anew only where it would ring late.
        if self._alarm is None or self._alarm.when() > self._due:
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm = self._loop.call_at(self._due, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        if not self._asked or self._lost is not None:
            return
        if self._loop.time() < self._due:
            self._alarm = self._loop.call_at(self._due, self._ring)
            return
        exchange = self._asked[0]
        # A late reply must never meet the next recipient.
        self._lose(f"The server did not answer within {exchange.seconds[len(exchange.replies)]:.0f} s.")

    def _alive(self) -> asyncio.Transport:
        if self._lost is not None or self._transport is None:
            raise WireError(self._lost or "The connection is not open.")
        return self._transport

    def _lose(self, why: str) -> None:
        if self._lost is None:
            self._lost = why
        self._writable.set()
        while self._asked:
            exchange = self._asked.popleft()
            exchange.lost = self._lost
            exchange.end()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._transport is not None:
            self._transport.abort()
