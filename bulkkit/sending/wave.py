"""Connections whose server has answered go one step further together: one commit, then one write each.

As long as all goes as it should, a connection needs no coroutine of its own: it rides on the wave. Whatever is
unusual makes it leave, in the state in which it stands, and its lane sees to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from bulkkit.sending.clock import Moment
from bulkkit.sending.journal import Journal
from bulkkit.sending.signing import Signing
from bulkkit.transitions import Step


class Rider(Protocol):
    """A connection in its stride."""

    def when_ended(self, on_end: Callable[[], None]) -> None:
        """Call back once the server has answered what was written last, or is gone."""

    def advance(self, at: Moment) -> Sequence[Step] | None:
        """Return the steps to be written down before `write`, or None where this rider must leave."""

    @property
    def unsigned(self) -> bytes | None:
        """A message that must be signed before the steps are written down, or None."""

    def sign(self, signed: bytes) -> None:
        """Take that message with its signature."""

    def write(self, withheld: frozenset[int]) -> bool:
        """Write to the connection, once the steps are on the disk but for `withheld` claims; tell whether it stays."""


class Wave:
    """Carries riders as long as nothing unusual happens."""

    def __init__(self, journal: Journal, moment: Callable[[], Moment], signing: Signing | None = None) -> None:
        self._journal = journal
        self._signing = signing
        self._moment = moment
        self._loop = asyncio.get_running_loop()
        self._aboard: dict[Rider, asyncio.Future[None]] = {}
        self._arrived: list[Rider] = []
        self._rolling: set[asyncio.Task[None]] = set()
        self._is_called = False

    async def ride(self, rider: Rider) -> None:
        """Carry a rider until it leaves.

        Raises
        ------
        LedgerError
            Where the ledger cannot be written.
        """
        left = self._aboard[rider] = self._loop.create_future()
        rider.when_ended(partial(self._arrive, rider))
        try:
            await left
        finally:
            del self._aboard[rider]

    def _arrive(self, rider: Rider) -> None:
        self._arrived.append(rider)
        self._call()

    def _call(self) -> None:
        """Let those who have arrived roll: at once, or while others are written down as soon as they are half of all.

        Two halves that take turns keep processor and disk busy both.
        """
        if self._is_called or not self._arrived:
            return
        if not self._rolling or 2 * len(self._arrived) >= len(self._aboard):
            self._is_called = True
            self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        self._is_called = False
        riders, self._arrived = self._arrived, []
        task = self._loop.create_task(self._roll(riders))
        self._rolling.add(task)
        task.add_done_callback(self._rolled)

    def _rolled(self, task: asyncio.Task[None]) -> None:
        self._rolling.discard(task)
        self._call()

    async def _roll(self, riders: list[Rider]) -> None:
        try:
            moving, steps = self._advanced(riders)
            if not moving:
                return
            if self._signing is not None:
                await self._sign(moving, self._signing)
            withheld = await self._journal.commit(*steps)
            for rider in moving:
                if rider.write(withheld):
                    rider.when_ended(partial(self._arrive, rider))
                else:
                    self._leave(rider)
        except Exception as error:
            for rider in riders:
                self._leave(rider, error)

    async def _sign(self, riders: list[Rider], signing: Signing) -> None:
        unsigned = [(rider, message) for rider in riders if (message := rider.unsigned) is not None]
        signed = await signing.signed([message for _, message in unsigned])
        for (rider, _), message in zip(unsigned, signed, strict=True):
            rider.sign(message)

    def _advanced(self, riders: list[Rider]) -> tuple[list[Rider], list[Step]]:
        at = self._moment()
        moving: list[Rider] = []
        steps: list[Step] = []
        for rider in riders:
            more = rider.advance(at)
            if more is None:
                self._leave(rider)
            else:
                moving.append(rider)
                steps += more
        return moving, steps

    def _leave(self, rider: Rider, error: Exception | None = None) -> None:
        left = self._aboard.get(rider)
        if left is None or left.done():
            return
        if error is None:
            left.set_result(None)
        else:
            left.set_exception(error)
