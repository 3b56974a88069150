"""A limit at work: what was handed over, what is open, and when the next message may go."""

from __future__ import annotations

from collections import deque
from math import inf

from bulkkit.sending.throttle import Limit


class Pace:
    """One limit at work: what was handed over in the window, and what is open now.

    An open transaction counts, and so it does for one window after it was
    closed: at whichever moment of it the server counts the message, no window of
    the server's holds more than the limit. Each method takes the moment in
    seconds; the caller owns the clock. `open` is how many are open now. A
    transaction may stand for several messages, one after the other over one
    connection: a forecast asks so.
    """

    __slots__ = (
        "_claimed",
        "_connections",
        "_ends",
        "_handed",
        "_is_held",
        "_messages",
        "_most",
        "_own",
        "_rest",
        "_window",
        "open",
    )

    def __init__(self, limit: Limit) -> None:
        self._own = limit
        self._handed: deque[float] | tuple[()] = ()
        self.open = self._claimed = 0
        self.free()

    def ready_at(self, now: float) -> float | None:
        """Return when the next message may go: `now`, later, or None while too many are open."""
        if self._is_held and now >= self._ends:
            self.free()
        if self._connections is not None and self.open >= self._connections:
            return None
        ready = now if self._rest <= now else self._rest
        if self._messages is None:
            return ready
        free = self._messages - self._claimed
        if free <= 0:
            return None
        if len(self._handed) < free:
            return ready
        room = self._handed[-free] + self._window
        if room <= ready:
            return ready
        # A limit that ends before then is asked again at its end.
        return room if room < self._ends else max(ready, self._ends)

    def is_ready(self, now: float) -> bool:
        """Tell whether the next message may go now."""
        ready = self.ready_at(now)
        return ready is not None and ready <= now

    def take(self, messages: int = 1) -> None:
        """Count a transaction opened."""
        self.open += 1
        self._claimed += messages

    def release(self, now: float, messages: int = 1) -> None:
        """Count a transaction closed, and its message handed over."""
        self.open -= 1
        self._claimed -= messages
        if self._most:
            self.remember(now, messages)

    def drop(self, messages: int = 1) -> None:
        """Count a transaction closed in which nothing was handed over."""
        self.open -= 1
        self._claimed -= messages

    def remember(self, moment: float, messages: int = 1) -> None:
        """Count a message that was handed over at `moment`, such as before a restart; in the order of time."""
        if not self._most:
            return
        # Most networks of a long list get one message: until then there is nothing to keep.
        handed = self._handed or deque()
        if messages == 1:
            handed.append(moment)
        else:
            handed.extend((moment,) * messages)
        while len(handed) > self._most:
            handed.popleft()
        self._handed = handed

    def hold(self, limit: Limit, rests_until: float, ends: float) -> None:
        """Let nothing out before `rests_until`, and until `ends` keep within `limit` as well as the own one."""
        self._keep(self._own.within(limit))
        self._is_held, self._rest, self._ends = True, rests_until, ends

    def free(self) -> None:
        """Go on under the own limit alone."""
        self._keep(self._own)
        self._is_held, self._rest, self._ends = False, -inf, inf

    def _keep(self, limit: Limit) -> None:
        self._messages, self._window, self._connections = limit.messages, limit.window, limit.connections
        self._most = max(self._own.messages or 0, limit.messages or 0)
