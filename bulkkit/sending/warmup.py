"""The warm-up of a sending address at work: what it hands over in any hour grows from day to day."""

from __future__ import annotations

from collections import deque
from typing import Final

from bulkkit.sending.pace import Pace
from bulkkit.sending.throttle import DAY, HOUR, Limit, Ramp

COLD_AFTER: Final = 30 * DAY
"""Seconds without a message after which an address is as good as new: SendGrid's and most reputation systems keep
30 days (its documentation, "Warming Up an IP Address", 2026-11)."""


class RampPace(Pace):
    """A pace whose limit grows: an hour holds no more than the limit of the day in which it ends.

    `begun` is when the first day began, in the clock's seconds; None where nothing was handed over yet.
    """

    __slots__ = ("_begun", "_by_day")

    def __init__(self, ramp: Ramp, begun: float | None = None) -> None:
        super().__init__(Limit(messages=ramp.messages(ramp.days - 1), window=HOUR))
        self._by_day = [ramp.messages(day) or 0 for day in range(ramp.days)]
        self._begun = begun

    def ready_at(self, now: float) -> float | None:
        """Return when the next message may go: `now`, later, or None while too many are open."""
        begun = now if self._begun is None else self._begun
        today = max(0, int((now - begun) // DAY))
        for day in range(today, len(self._by_day)):
            ready = self._ready_on(day, max(now, begun + day * DAY))
            if ready is None or ready < begun + (day + 1) * DAY:
                return ready
        return max(now, begun + len(self._by_day) * DAY)

    def remember(self, moment: float, messages: int = 1) -> None:
        """Count a message that was handed over at `moment`; the first one begins the first day."""
        if self._begun is None:
            self._begun = moment
        super().remember(moment, messages)
        while isinstance(self._handed, deque) and self._handed[0] <= moment - HOUR:
            self._handed.popleft()

    def _ready_on(self, day: int, now: float) -> float | None:
        free = self._by_day[day] - self._claimed
        if free <= 0:
            return None
        return now if len(self._handed) < free else max(now, self._handed[-free] + HOUR)
