"""Work beside a notebook's thread: whoever interrupts the wait for it is free, whatever the work makes of that."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from types import SimpleNamespace

import pytest
from interrupts import interrupt_once

from bulkkit.verification.aside import in_thread, until_over


@pytest.mark.parametrize("deaf", [0, 1, 3])
def test_work_that_overhears_its_cancellation_is_cancelled_again(deaf: int) -> None:
    """A task that a cancellation reaches too late goes on, is cancelled once more, and ends."""
    run, heard = SimpleNamespace(is_over=False), [0]

    async def waiting() -> None:
        for _ in range(deaf):
            with suppress(asyncio.CancelledError):
                heard[0] = 1
                await asyncio.Event().wait()
        heard[0] = 1
        await asyncio.Event().wait()

    def work() -> Coroutine[None, None, None]:
        return until_over(run, [waiting()])

    interrupt_once(lambda: bool(heard[0]))
    with pytest.raises(KeyboardInterrupt):
        in_thread(work, run, "Waiting", 1, lambda: 0)
    assert run.is_over
