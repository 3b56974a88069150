"""Work that waits for a network, done in a thread and loop of its own beside a notebook's, with a bar meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, Protocol

from bulkkit.verification.progress import showing

LOOK: Final = 0.1
"""Seconds between two looks at how far the work is."""


class Interrupted(KeyboardInterrupt):
    """The wait was stopped; the message says how far the work is, and what of it is kept."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows of it: where exactly the wait was helps nobody."""
        return [f"Interrupted: {self}"]


class Endable(Protocol):
    """What the thread that works and the one that waits share."""

    is_over: bool


def in_thread(
    work: Callable[[], Coroutine[Any, Any, None]], run: Endable, title: str, total: int, done: Callable[[], int]
) -> None:
    """Run a coroutine in a thread with a loop of its own, and show how far it is until it ends.

    `run.is_over` is set where the wait is interrupted; `until_over` looks at it.
    """
    failures: list[BaseException] = []
    ended = threading.Event()

    def hold() -> None:
        try:
            with asyncio.Runner(loop_factory=_loop) as runner:
                runner.run(work())
        except BaseException as error:
            failures.append(error)
        finally:
            ended.set()

    thread = threading.Thread(target=hold, daemon=True)
    try:
        thread.start()
        # An interrupted Thread.join takes a running thread for ended until Python 3.13 (CPython issue 90882).
        with showing(title, total) as show:
            while not ended.wait(LOOK):
                show(done())
    finally:
        run.is_over = True
        # In slices: an interrupt that comes just before a wait without end would be heard only when that ends.
        while thread.ident is not None and not ended.wait(LOOK):
            pass
    if failures:
        raise failures[0]


async def until_over(run: Endable, work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Do all of this at once, and leave it where the wait for it is interrupted."""
    tasks = [asyncio.ensure_future(one) for one in work]
    watch = asyncio.ensure_future(_end_when_over(run, tasks))
    try:
        await asyncio.gather(*tasks)
    except asyncio.CancelledError:
        if not run.is_over:
            raise
    finally:
        watch.cancel()
        await _end(tasks)


async def _end_when_over(run: Endable, tasks: Sequence[asyncio.Future[None]]) -> None:
    while not run.is_over:  # noqa: ASYNC110 - what it waits for happens in another thread
        await asyncio.sleep(LOOK)
    await _end(tasks)


async def _end(tasks: Sequence[asyncio.Future[None]]) -> None:
    while under_way := [task for task in tasks if not task.done()]:
        # Asked again and again: before Python 3.12 `asyncio.wait_for` loses a cancellation that meets its end.
        for task in under_way:
            task.cancel()
        await asyncio.wait(under_way, timeout=LOOK)


def _loop() -> asyncio.AbstractEventLoop:
    """Return a uvloop where that is installed, else asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
