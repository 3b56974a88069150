"""Ctrl-C and SIGTERM while a send runs: the first one stops it cleanly, the second one ends the process at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from rich.console import Console

from bulkkit.sending.send import Send

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
SIGNALLED: Final = 128
"""A shell's exit code for a process ended by a signal is 128 and the signal's number (POSIX 2018, XCU 2.8.2)."""


class Brake:
    """Hears the signals; `signal` is the first one, and `apply` stops a send once for it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._is_applied = False
        self.signal: int | None = None

    @property
    def exit_code(self) -> int:
        """What the process ends with after a signal."""
        return SIGNALLED + (self.signal or 0)

    def apply(self, send: Send) -> None:
        """Stop a send where a signal came in, and say so."""
        if self.signal is None or self._is_applied:
            return
        self._is_applied = True
        send.stop(timeout=0)
        self._console.print(
            "Stopping: what is in flight is finished, nothing new is taken up. Once more, and it ends at once.",
            soft_wrap=True,
        )

    def hear(self, number: int, _frame: FrameType | None) -> None:
        """Note the first signal; end at once with the second one."""
        if self.signal is not None:
            # What had its dot and no answer yet is in doubt; the ledger has all of it already.
            os._exit(SIGNALLED + number)
        self.signal = number


@contextmanager
def braked(console: Console) -> Iterator[Brake]:
    """Hear the signals while the block runs."""
    brake = Brake(console)
    before = {number: signal.signal(number, brake.hear) for number in SIGNALS}
    try:
        yield brake
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
