"""Time as a send sees it: the machine's, or the sandbox's scaled one.

Whoever waits or stamps asks a clock that was handed in; nothing else in a send
knows what time it is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from bulkkit.transitions import Stamp

BOOT_ID_FILE: Final = Path("/proc/sys/kernel/random/boot_id")


class Clock(Protocol):
    """What a send needs of time."""

    @property
    def name(self) -> str:
        """`utc` for the machine's clock; another name for a simulated one."""

    def now(self) -> datetime:
        """Return the moment in UTC."""

    def seconds(self) -> float:
        """Return seconds that only ever grow; for differences within one process."""

    def stamp(self) -> Stamp:
        """Return the moment as the ledger keeps it."""

    def skip(self, seconds: float) -> bool:
        """Let so much idle time pass at once; return whether it could: real time cannot be skipped."""

    def machine_seconds(self, seconds: float) -> float:
        """Return how long the machine is to wait until so many seconds of this clock have passed."""


class Moment(NamedTuple):
    """One look at a clock: `stamp` as the ledger keeps it, and `seconds` for differences within this process."""

    stamp: Stamp
    seconds: float

    @classmethod
    def of(cls, clock: Clock) -> Moment:
        """Look at a clock."""
        return cls(clock.stamp(), clock.seconds())


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's own clock."""

    name: str = "utc"

    def now(self) -> datetime:
        """Return the moment in UTC."""
        return datetime.now(UTC)

    def seconds(self) -> float:
        """Return the boot clock's seconds, which also count while the machine sleeps."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()

    def stamp(self) -> Stamp:
        """Return the moment with the boot it belongs to."""
        return Stamp(self.now(), boot_id(), self.seconds())

    def skip(self, seconds: float) -> bool:  # noqa: ARG002
        """Return False: real time cannot be skipped."""
        return False

    def machine_seconds(self, seconds: float) -> float:
        """Return the same number."""
        return seconds


class ScaledClock:
    """A simulated clock that runs `scale` times as fast as the machine's and can be moved forward.

    It serves the sandbox: throttle, retry and greylisting keep their real
    numbers, and an hour passes in seconds.
    """

    name = "sandbox"

    def __init__(self, scale: float, start: datetime) -> None:
        self.scale = scale
        self._start = start
        self._zero = time.perf_counter()
        self._skipped = 0.0

    def now(self) -> datetime:
        """Return the simulated moment in UTC."""
        return self._start + timedelta(seconds=self.seconds())

    def seconds(self) -> float:
        """Return simulated seconds since the start."""
        return (time.perf_counter() - self._zero) * self.scale + self._skipped

    def stamp(self) -> Stamp:
        """Return the simulated moment; it belongs to no boot, so only its UTC counts later."""
        return Stamp(self.now(), "", 0.0)

    def skip(self, seconds: float) -> bool:
        """Let so many seconds pass at once."""
        self._skipped += max(0.0, seconds)
        return True

    def rescale(self, scale: float) -> None:
        """Run `scale` times as fast as the machine's clock from now on."""
        self._skipped = self.seconds()
        self._zero = time.perf_counter()
        self.scale = scale

    def advance_to(self, moment: datetime) -> None:
        """Move forward to `moment`; a moment that has passed changes nothing."""
        self.skip((moment - self.now()).total_seconds())

    def machine_seconds(self, seconds: float) -> float:
        """Return how long that is; the clock may be moved forward meanwhile, so look again now and then."""
        return seconds / self.scale


@cache
def boot_id() -> str:
    """Return the kernel's identifier of this boot, or nothing where the system has none."""
    try:
        return BOOT_ID_FILE.read_text().strip()
    except OSError:
        return ""


SYSTEM_CLOCK: Final = SystemClock()
