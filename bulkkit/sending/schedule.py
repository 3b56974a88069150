"""Whose turn it is: the queue of a send, network by network, under its throttle.

The running send asks it with the clock's seconds, the plan's estimate with
simulated ones; both get the same answers.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from itertools import chain, islice

from bulkkit.sending.throttle import Pace, Throttle


class Schedule:
    """Messages that wait for their network's turn, and messages that wait for their next attempt.

    Networks take turns, so a slow one starves nobody.
    """

    def __init__(self, throttle: Throttle) -> None:
        self._throttle = throttle
        self._paces: dict[str, Pace] = {}
        self._lines: dict[str, deque[int]] = {}
        self._turns: deque[str] = deque()
        self._held: list[tuple[float, str]] = []
        self._due: list[tuple[float, int, str]] = []
        self._full: set[str] = set()
        self._waiting = 0

    def __len__(self) -> int:
        return self._waiting

    @property
    def is_idle(self) -> bool:
        """Whether all that is left waits for its next attempt, and nothing for its network."""
        return not self._lines

    def add(self, send_id: int, network: str) -> None:
        """Put a message at the end of its network's line."""
        self._waiting += 1
        self._line_up(send_id, network)

    def add_later(self, send_id: int, network: str, due: float) -> None:
        """Keep a message until `due`, then put it at the end of its network's line."""
        self._waiting += 1
        heappush(self._due, (due, send_id, network))

    def remember(self, network: str, moment: float) -> None:
        """Count a message that was handed to `network` before this schedule began."""
        self._pace(network).remember(moment)

    def take(self, now: float) -> tuple[int, str] | None:
        """Return the next message that may go now and its network, or None while all must wait."""
        self._wake(now)
        while self._turns:
            network = self._turns.popleft()
            ready = self._pace(network).ready_at(now)
            if ready is None:
                self._full.add(network)
            elif ready > now:
                heappush(self._held, (ready, network))
            else:
                return self._hand_over(network), network
        return None

    def release(self, network: str, now: float) -> None:
        """Count a transaction with `network` closed, and its message handed over."""
        self._pace(network).release(now)
        self._make_room(network)

    def drop(self, network: str) -> None:
        """Count a transaction with `network` closed in which nothing was handed over."""
        self._pace(network).drop()
        self._make_room(network)

    def upcoming(self, count: int) -> list[int]:
        """Return about so many messages whose turn comes next, as things stand."""
        each = -(-count // max(1, len(self._turns)))
        ahead = (islice(self._lines[network], each) for network in islice(self._turns, count))
        return list(islice(chain.from_iterable(ahead), count))

    def next_at(self) -> float | None:
        """Return the next moment at which `take` may have something, or None while only a release can help."""
        moments = [heap[0][0] for heap in (self._held, self._due) if heap]
        return min(moments, default=None)

    def _hand_over(self, network: str) -> int:
        line = self._lines[network]
        send_id = line.popleft()
        self._waiting -= 1
        self._pace(network).take()
        if line:
            self._turns.append(network)
        else:
            del self._lines[network]
        return send_id

    def _make_room(self, network: str) -> None:
        if network in self._full:
            self._full.discard(network)
            self._turns.append(network)

    def _wake(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            _, send_id, network = heappop(self._due)
            self._line_up(send_id, network)
        while self._held and self._held[0][0] <= now:
            self._turns.append(heappop(self._held)[1])

    def _line_up(self, send_id: int, network: str) -> None:
        # A network that has a line is in exactly one of turns, held and full.
        if network not in self._lines:
            self._lines[network] = deque()
            self._turns.append(network)
        self._lines[network].append(send_id)

    def _pace(self, network: str) -> Pace:
        if network not in self._paces:
            self._paces[network] = Pace(self._throttle.limit(network))
        return self._paces[network]
