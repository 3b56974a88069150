"""How long a send will take: the same policies, asked with a simulated clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from typing import Final

from bulkkit.sending.relay import Relay
from bulkkit.sending.schedule import Schedule
from bulkkit.sending.throttle import Pace, Throttle

TRANSACTION_SECONDS: Final = 0.1
"""How long a relay is taken to need for one message; it matters only where nothing else limits."""


def finishing_times(counts: Mapping[str, int], throttle: Throttle, relays: Sequence[Relay]) -> dict[str, float]:
    """Return after how many seconds the last message to each network is handed over.

    Parameters
    ----------
    counts
        Recipients by network.
    throttle
        The limits of the send.
    relays
        The relays, whose own rates and connections count as well.
    """
    schedule = Schedule(throttle)
    for send_id, network in enumerate(name for name, count in counts.items() for _ in range(count)):
        schedule.add(send_id, network)
    return _Simulation(schedule, relays).run()


class _Simulation:
    def __init__(self, schedule: Schedule, relays: Sequence[Relay]) -> None:
        self._schedule = schedule
        self._free = [relay.max_connections for relay in relays]
        self._paces = [relay.paces() for relay in relays]
        self._busy: list[tuple[float, int, str]] = []
        self._finished: dict[str, float] = {}

    def run(self) -> dict[str, float]:
        now = 0.0
        while self._schedule or self._busy:
            while self._start_one(now):
                pass
            now = self._next_moment(now)
            self._close_until(now)
        return self._finished

    def _start_one(self, now: float) -> bool:
        relay = next((n for n, free in enumerate(self._free) if free and _is_ready(self._paces[n], now)), None)
        taken = None if relay is None else self._schedule.take(now)
        if relay is None or taken is None:
            return False
        for pace in self._paces[relay]:
            pace.take()
        self._free[relay] -= 1
        heappush(self._busy, (now + TRANSACTION_SECONDS, relay, taken[1]))
        return True

    def _next_moment(self, now: float) -> float:
        paces = [pace.ready_at(now) for part in self._paces for pace in part]
        moments = [self._busy[0][0] if self._busy else None, self._schedule.next_at(), *paces]
        return min((moment for moment in moments if moment is not None and moment > now), default=now)

    def _close_until(self, now: float) -> None:
        while self._busy and self._busy[0][0] <= now:
            ended, relay, network = heappop(self._busy)
            self._free[relay] += 1
            self._schedule.release(network, ended)
            for pace in self._paces[relay]:
                pace.release(ended)
            self._finished[network] = ended


def _is_ready(paces: Sequence[Pace], now: float) -> bool:
    return all(pace.is_ready(now) for pace in paces)
