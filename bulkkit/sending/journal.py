"""Group commit: whatever waits to be written goes into one transaction.

An fsync costs as much for a thousand steps as for one. The journal adds no
delay: it writes as soon as the write before is done.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from bulkkit.transitions import SendLedger, Step


class Journal:
    """The one way of a running send to its ledger; used as an async context."""

    def __init__(self, ledger: SendLedger) -> None:
        self._ledger = ledger
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[tuple[Step, ...], asyncio.Future[frozenset[int]]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="bulkkit-ledger")

    def commit(self, *steps: Step) -> asyncio.Future[frozenset[int]]:
        """Return, to be awaited, the sends whose claim was withheld; by then these steps are on the disk.

        Raises
        ------
        LedgerError
            Once it is awaited, where the ledger cannot be written; then nothing of this group was.
        """
        written: asyncio.Future[frozenset[int]] = self._loop.create_future()
        self._waiting.append((steps, written))
        if self._writer is None or self._writer.done():
            self._writer = self._loop.create_task(self._write_all())
        return written

    async def close(self) -> None:
        """Wait for what is being written."""
        if self._writer is not None:
            await self._writer
        self._thread.shutdown()

    async def _write_all(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            steps = [step for part, _ in group for step in part]
            try:
                # Staged here, for a thread that works on rows would wait for Python's lock at each of them.
                withheld = self._ledger.stage(steps)
                if withheld is None:
                    withheld = await self._loop.run_in_executor(self._thread, self._ledger.write, steps)
                else:
                    await self._loop.run_in_executor(self._thread, self._ledger.commit)
            except Exception as error:
                _settle(group, error)
            else:
                _settle(group, withheld)


def _settle(
    group: list[tuple[tuple[Step, ...], asyncio.Future[frozenset[int]]]], result: frozenset[int] | Exception
) -> None:
    for steps, written in group:
        if written.done():
            continue  # Its connection was cancelled meanwhile.
        if isinstance(result, Exception):
            written.set_exception(result)
        else:
            # Each waiter hears of its own messages, not of the others in its group.
            written.set_result(result and result & {step.send_id for step in steps})
