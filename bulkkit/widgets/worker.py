"""Work beside the kernel: one piece at a time, and of what piles up only the latest."""

from __future__ import annotations

import threading
from collections.abc import Callable

from bulkkit.errors import BulkkitError

Work = Callable[[], None]


class Worker:
    """Does requested work in a thread of its own, which lives only while there is some.

    A request that comes while another is under way replaces the one that waits:
    a form that changes ten times is worked out twice, not ten times.

    Parameters
    ----------
    failed
        Called with what a piece of work raised; nothing else would show it.
    """

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        self._failed = failed
        self._lock = threading.Lock()
        self._waiting: Work | None = None
        self._idle = threading.Event()
        self._idle.set()

    def request(self, work: Work) -> None:
        """Do `work` soon, instead of what waits already."""
        with self._lock:
            self._waiting = work
            if self._idle.is_set():
                self._idle.clear()
                threading.Thread(target=self._run, name="bulkkit-widget", daemon=True).start()

    def settle(self, timeout: float | None = None) -> bool:
        """Wait until nothing waits and nothing is under way; return whether that came about in time."""
        return self._idle.wait(timeout)

    def _run(self) -> None:
        while (work := self._next()) is not None:
            try:
                work()
            except Exception as error:
                self._failed(error)

    def _next(self) -> Work | None:
        with self._lock:
            work, self._waiting = self._waiting, None
            if work is None:
                self._idle.set()
            return work


def explained(error: BaseException) -> str:
    """Return what a person reads of an error: its sentence, and its kind where it is not one of bulkkit's own."""
    return str(error) if isinstance(error, BulkkitError) else f"{type(error).__name__}: {error}"
