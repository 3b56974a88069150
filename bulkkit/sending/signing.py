"""The signatures of a send by processes of their own, where one processor would have to make them all.

An RSA signature costs ten times what all else of a message does, and Python's lock is held meanwhile.
What no process signs, whatever the reason, is signed here: the result is the same to the byte.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from operator import attrgetter
from typing import Final

from bulkkit.message.signature import SIGNED, Signer
from bulkkit.sending.pen import Pen, can_be_taken_up

FEWEST: Final = 2000
"""Waiting messages from which processes are started: two cost as much to start as 400 signatures, and save half."""
MOST: Final = 8
"""Processes: they sign as many messages as one process can write."""
START: Final = 10.0
"""Seconds in which a process must have shown that it signs as we do."""
PATIENCE: Final = 5.0
"""Seconds for a process's part of a wave; of fifty connections it takes some milliseconds."""
PROOF: Final = b"".join(b"%b: x\r\n" % name.encode() for name in SIGNED) + b"\r\nx\r\n"
"""A message with all the headers that are signed: no signature is longer than its own."""


class Signing:
    """Signs messages by processes of their own, many at once or one by one."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._proof = signer.signature(PROOF)
        self._pens: list[Pen] = []
        self._starting: list[asyncio.Task[None]] = []

    @property
    def growth(self) -> int:
        """Bytes by which a message that is left to be signed here may still grow; 0 where none is to be left."""
        return len(self._proof) if self._pens else 0

    def start(self, count: int) -> None:
        """Start so many processes; nobody waits for them."""
        self._starting = [asyncio.create_task(self._start()) for _ in range(count)]

    async def end(self) -> None:
        """End the processes."""
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        for pen in tuple(self._pens):
            self._put_down(pen)

    async def signed(self, messages: Sequence[bytes]) -> list[bytes]:
        """Return messages with their signatures, which the processes share out among themselves."""
        pens = sorted(self._pens, key=attrgetter("load"))[: len(messages)]
        if not pens:
            return [self._signer.signed(message) for message in messages]
        signatures = [b""] * len(messages)
        shares = [self._signatures(pen, messages[at :: len(pens)]) for at, pen in enumerate(pens)]
        for at, share in enumerate(await asyncio.gather(*shares)):
            signatures[at :: len(pens)] = share
        return [signature + message for signature, message in zip(signatures, messages, strict=True)]

    async def _signatures(self, pen: Pen, messages: Sequence[bytes]) -> list[bytes]:
        try:
            async with asyncio.timeout(PATIENCE):
                signatures = await pen.sign(messages)
        except OSError:
            signatures = []
        if len(signatures) == len(messages) and all(map(self._is_signature, signatures)):
            return signatures
        self._put_down(pen)
        return [self._signer.signature(message) for message in messages]

    def _is_signature(self, said: bytes) -> bool:
        # Whoever was asked has proved to sign as we do; this sees that nothing got out of step since.
        return said.startswith(self._signer.beginning) and said.endswith(b"\r\n") and b"\r\n\r\n" not in said

    async def _start(self) -> None:
        with suppress(OSError):
            pen, is_sound = await Pen.taken_up(self._signer), False
            try:
                async with asyncio.timeout(START):
                    is_sound = await pen.sign([PROOF]) == [self._proof]
            finally:
                if is_sound:
                    self._pens.append(pen)
                else:
                    pen.put_down()

    def _put_down(self, pen: Pen) -> None:
        pen.put_down()
        if pen in self._pens:
            self._pens.remove(pen)


@asynccontextmanager
async def opened_signing(signer: Signer | None, waiting: int) -> AsyncIterator[Signing | None]:
    """Hold processes that sign so many messages ready; None where each message is signed as it is written."""
    count = pens_for(signer, waiting)
    if signer is None or not count:
        yield None
        return
    signing = Signing(signer)
    signing.start(count)
    try:
        yield signing
    finally:
        await signing.end()


def pens_for(signer: Signer | None, waiting: int) -> int:
    """Return how many processes are to sign so many messages; 0 where that does not pay, or cannot be."""
    # Ed25519 costs less than to ask for it.
    if signer is None or not signer.algorithm.startswith("rsa") or waiting < FEWEST or not can_be_taken_up():
        return 0
    processors = _processors()
    return min(processors, MOST) if processors > 1 else 0


def _processors() -> int:
    """Return how many processors this process may use, which may be fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
