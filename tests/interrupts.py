"""The interrupt that Ctrl-C and a notebook's stop button are: a real signal, when something has come to pass."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType, FunctionType

from nameserver import PATIENCE


def interrupt_once(when: Callable[[], bool]) -> None:
    """Begin to watch; as soon as it is so, the main thread gets a SIGINT."""

    def watch() -> None:
        until = time.monotonic() + PATIENCE
        while not when() and time.monotonic() < until:
            time.sleep(0.001)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threading.Thread(target=watch, daemon=True).start()


def within(function: FunctionType) -> Callable[[], bool]:
    """Return whether the main thread is within a function, to be asked by another thread."""

    def is_within() -> bool:
        frame: FrameType | None = sys._current_frames().get(threading.main_thread().ident or 0)
        while frame is not None and frame.f_code is not function.__code__:
            frame = frame.f_back
        return frame is not None

    return is_within
