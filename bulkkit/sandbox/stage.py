"""The clock that the sandbox's tracker reads: the sandbox's own, or the moment of the act that is on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from bulkkit.sending.clock import ScaledClock


class Stage:
    """A clock that shows the moment of an act while it is performed.

    Somebody opens seconds after delivery, though the audience is asked to react
    only when all is sent: that act belongs to its own moment and not to ours.
    """

    def __init__(self, clock: ScaledClock) -> None:
        self._clock = clock
        self._on: datetime | None = None

    @contextmanager
    def at(self, moment: datetime) -> Iterator[None]:
        """Show `moment` while the block runs, and bring the sandbox's clock forward to it."""
        self._clock.advance_to(moment)
        self._on = moment
        try:
            yield
        finally:
            self._on = None

    def now(self) -> datetime:
        """Return the moment in UTC."""
        return self._on or self._clock.now()
