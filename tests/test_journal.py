"""The journal: what waits is written together, in order, and an error reaches everybody whose steps it took along."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from bulkkit.errors import LedgerError
from bulkkit.sending.journal import Journal
from bulkkit.transitions import Dotted, Step


class Slow:
    """A ledger that writes a group only when it is let, and keeps what it wrote.

    A `free` one stages at once and is slow to commit; in another one somebody else always writes just now.
    """

    def __init__(self, broken: int | None = None, *, free: bool = False) -> None:
        self.groups: list[list[int]] = []
        self.gate = threading.Semaphore(0)
        self._broken = broken
        self._free = free
        self._staged: list[Step] = []

    def stage(self, steps: Sequence[Step]) -> frozenset[int] | None:
        """Keep a group for `commit`."""
        if not self._free:
            return None
        self._staged = list(steps)
        return frozenset(step.send_id for step in steps if step.send_id % 2)

    def commit(self) -> None:
        """Write what was staged."""
        self.write(self._staged)

    def write(self, steps: Sequence[Step]) -> frozenset[int]:
        """Write a group; odd numbers are withheld, and the broken one fails with its group."""
        assert self.gate.acquire(timeout=10)
        numbers = [step.send_id for step in steps]
        if self._broken in numbers:
            raise LedgerError("The disk is full.")
        self.groups.append(numbers)
        return frozenset(number for number in numbers if number % 2)


def committed(ledger: Slow, count: int) -> list[object]:
    """Commit so many steps at once; return what each commit returned or raised."""

    async def work() -> list[object]:
        journal = Journal(ledger)
        commits = [journal.commit(Dotted(number)) for number in range(count)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        ledger.gate.release(count)
        results = await asyncio.gather(*commits, return_exceptions=True)
        await journal.close()
        return results

    return asyncio.run(work())


@pytest.mark.parametrize("free", [False, True])
def test_what_waits_is_written_in_one_transaction(free: bool) -> None:
    """Steps that come while others are written go together into the next group, in their order."""
    ledger = Slow(free=free)
    results = committed(ledger, 40)
    assert [number for group in ledger.groups for number in group] == list(range(40))
    assert len(ledger.groups) <= 2
    assert all(number in result for number, result in enumerate(results) if number % 2)


@pytest.mark.parametrize("free", [False, True])
def test_an_error_reaches_all_of_its_group(free: bool) -> None:
    """Where a group cannot be written, each of its commits says so, and nothing of it counts as written."""
    ledger = Slow(broken=7, free=free)
    results = committed(ledger, 20)
    failed = [number for number, result in enumerate(results) if isinstance(result, LedgerError)]
    written = [number for group in ledger.groups for number in group]
    assert 7 in failed
    assert sorted(failed + written) == list(range(20))


def test_a_commit_that_is_given_up_disturbs_nobody() -> None:
    """A commit whose waiter was cancelled is written all the same, and the others get their answer."""
    ledger = Slow()

    async def work() -> frozenset[int]:
        journal = Journal(ledger)
        given_up, other = (journal.commit(Dotted(number)) for number in (1, 3))
        await asyncio.sleep(0)
        given_up.cancel()
        ledger.gate.release(2)
        result = await other
        await journal.close()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        return result

    assert 3 in asyncio.run(work())
    assert sorted(number for group in ledger.groups for number in group) == [1, 3]
