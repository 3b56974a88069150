"""A server that keeps a send from being over before a test has done something to it."""

from __future__ import annotations

import threading
import time

from servers import PATIENCE, Answer, Asked

from bulkkit.sending.job import Progress
from bulkkit.sending.send import Send


class Held:
    """A server's script that answers so many dots and holds back the answer to all others until `release`."""

    def __init__(self, free: int) -> None:
        self._gate = threading.Event()
        self.again(free)

    def __call__(self, asked: Asked) -> Answer | None:
        """Answer as usual, or hold the answer back."""
        if asked.step != "dot" or self._gate.is_set():
            return None
        self._dots += 1
        if self._dots <= self._free:
            return None
        self.held += 1
        return Answer(b"250 2.0.0 Ok\r\n", until=self._gate.is_set)

    def again(self, free: int) -> None:
        """Answer so many dots more, and hold back from then on."""
        self._free, self._dots, self.held = free, 0, 0
        self._gate.clear()

    def release(self) -> None:
        """Let all answers go."""
        self._gate.set()

    def stop(self, send: Send) -> Progress:
        """Stop a send in the middle, once an answer is held back: what is in flight is finished."""
        end = time.monotonic() + PATIENCE
        while not self.held:
            assert send.is_running
            assert time.monotonic() < end
            send.join(0.005)
        Send.stop(send, timeout=0)
        self.release()
        return send.wait(PATIENCE)
