"""Work beside the kernel: one piece at a time, and of what piles up only the latest, or all of it in turn."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

Work = Callable[[], None]


class Worker:
    """Does requested work in a thread of its own, which lives only while there is some.

    A request that comes while another is under way replaces the one that waits:
    a form that changes ten times is worked out twice, not ten times.

    Parameters
    ----------
    failed
        Called with what a piece of work raised, whatever it is; nothing else would show it.
    keep_all
        Do every piece, in the order of the requests: for what was decided, not for what is drawn.
    """

    def __init__(self, failed: Callable[[Any], None], *, keep_all: bool = False) -> None:
        self._failed = failed
        self._lock = threading.Lock()
        self._waiting: deque[Work] = deque(maxlen=None if keep_all else 1)
        self._idle = threading.Event()
        self._idle.set()

    def request(self, work: Work) -> None:
        """Do `work` soon: instead of what waits already, or after it where all is kept."""
        with self._lock:
            self._waiting.append(work)
            if self._idle.is_set():
                self._start()

    def settle(self, timeout: float | None = None) -> bool:
        """Wait until nothing waits and nothing is under way; return whether that came about in time."""
        return self._idle.wait(timeout)

    def _start(self) -> None:
        self._idle.clear()
        try:
            threading.Thread(target=self._run, name="bulkkit-widget", daemon=True).start()
        except BaseException:
            # Without a thread nobody would ever end the wait.
            self._waiting.clear()
            self._idle.set()
            raise

    def _run(self) -> None:
        while (work := self._next()) is not None:
            try:
                work()
            except BaseException as error:
                # Where even the saying fails, nobody is left to be told; the next piece is done all the same.
                with suppress(BaseException):
                    self._failed(error)

    def _next(self) -> Work | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._idle.set()
            return None
