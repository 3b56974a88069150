"""The interrupt that Ctrl-C and a notebook's stop button are: a real signal, when something has come to pass."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

from nameserver import PATIENCE


def interrupt_once(when: Callable[[], bool]) -> None:
    """Begin to watch; as soon as it is so, the main thread gets a SIGINT."""

    def watch() -> None:
        until = time.monotonic() + PATIENCE
        while not when() and time.monotonic() < until:
            time.sleep(0.001)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threading.Thread(target=watch, daemon=True).start()
