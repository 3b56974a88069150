"""A send stretched over a time: one message after the other, at even distances."""

from __future__ import annotations

from typing import Final

CATCH_UP: Final = 60.0
"""Seconds of delay that are caught up; whoever was held for longer goes on at the same distances, without a burst."""


class Spread:
    """When the next message of a stretched send may go.

    `begun` is when the send began, in the clock's seconds, where it goes on;
    None where it begins with the first question.
    """

    __slots__ = ("_begun", "_distance", "_next", "_seconds")

    def __init__(self, seconds: float, begun: float | None = None) -> None:
        self._seconds = seconds
        self._begun = begun
        self._distance: float | None = None
        self._next = 0.0

    def ready_at(self, now: float, waiting: int) -> float:
        """Return when the next one may go; at the first question `waiting` says how many share the time left."""
        if self._distance is None:
            begun = now if self._begun is None else self._begun
            self._distance = max(0.0, begun + self._seconds - now) / max(1, waiting)
            self._next = now
        return self._next

    def take(self, now: float, messages: int = 1) -> None:
        """Count a message on its way, or a forecast's train of several."""
        self._next = max(self._next, now - CATCH_UP) + messages * (self._distance or 0.0)

    def drop(self) -> None:
        """Take one back that did not go."""
        self._next -= self._distance or 0.0
