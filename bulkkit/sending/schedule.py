"""Whose turn it is: the queue of a send, network by network, under its throttle.

The running send asks it with the clock's seconds, the plan's estimate with
simulated ones; both get the same answers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from itertools import chain, islice

from bulkkit.sending.pace import Pace
from bulkkit.sending.restraint import Restraint
from bulkkit.sending.spread import Spread
from bulkkit.sending.throttle import Throttle


class _Network:
    """A network's line and its pace; with a line it is in exactly one of turns, held and full."""

    __slots__ = ("is_full", "line", "name", "pace")

    def __init__(self, name: str, pace: Pace) -> None:
        self.name = name
        self.pace = pace
        self.line: deque[int] | None = None
        self.is_full = False


class Schedule:
    """Messages that wait for their network's turn, and messages that wait for their next attempt.

    Networks take turns, so a slow one starves nobody.

    Parameters
    ----------
    throttle
        The limits.
    begun
        When the send began, in the clock's seconds, where it goes on; None where it begins with the first `take`.
    connections
        How many transactions there can be at once, over all relays: as long as others could go, no network has more
        than its share of them, so that one which does not answer leaves some to the others. None is no end of them.
    """

    def __init__(self, throttle: Throttle, begun: float | None = None, connections: int | None = None) -> None:
        self._throttle = throttle
        self._connections = connections
        self._networks: dict[str, _Network] = {}
        self._turns: deque[_Network] = deque()
        self._held: list[tuple[float, str, _Network]] = []
        self._due: list[tuple[float, int, str]] = []
        self._trains: dict[int, int] = {}
        self._barred: set[str] = set()
        self._waiting = self._lines = 0
        self._overall = None if throttle.overall.is_open else Pace(throttle.overall)
        self._spread = None if throttle.spread_seconds is None else Spread(throttle.spread_seconds, begun)
        self._has_whole = self._overall is not None or self._spread is not None
        self._closed_until: float | None = None

    def __len__(self) -> int:
        return self._waiting

    @property
    def is_idle(self) -> bool:
        """Whether all that is left waits for its next attempt, and nothing for its network."""
        return not self._lines

    @property
    def barred(self) -> frozenset[str]:
        """The networks to which nothing goes any more; what waited for them is in no line."""
        return frozenset(self._barred)

    def add(self, send_id: int, network: str, messages: int = 1) -> None:
        """Put a message, or a forecast's train of several, at the end of its network's line."""
        if network not in self._barred:
            self._wait(send_id, messages)
            self._line(network).append(send_id)

    def add_all(self, send_ids: Sequence[int], network: str) -> None:
        """Put messages at the end of their network's line."""
        if network not in self._barred and send_ids:
            self._waiting += len(send_ids)
            self._line(network).extend(send_ids)

    def add_later(self, send_id: int, network: str, due: float, messages: int = 1) -> None:
        """Keep a message until `due`, then put it at the end of its network's line."""
        if network not in self._barred:
            self._wait(send_id, messages)
            heappush(self._due, (due, send_id, network))

    def remember(self, network: str, moment: float) -> None:
        """Count a message that was handed to `network` before this schedule began."""
        self._network(network).pace.remember(moment)
        if self._overall is not None:
            self._overall.remember(moment)

    def take(self, now: float) -> tuple[int, str] | None:
        """Return the next message that may go now and its network, or None while all must wait."""
        if (self._due and self._due[0][0] <= now) or (self._held and self._held[0][0] <= now):
            self._wake(now)
        turns = self._turns
        if self._has_whole and turns and not self._is_open(now):
            return None
        while turns:
            network = turns.popleft()
            if network.line is None:
                continue  # It was barred meanwhile.
            is_enough = turns and self._connections and self._has_its_share(network)
            ready = None if is_enough else network.pace.ready_at(now)
            if ready is None:
                network.is_full = True
            elif ready > now:
                heappush(self._held, (ready, network.name, network))
            else:
                return self._hand_over(network, now), network.name
        return None

    def release(self, network: str, now: float, messages: int = 1) -> None:
        """Count a transaction with `network` closed, and its message handed over."""
        known = self._networks[network]
        known.pace.release(now, messages)
        if self._overall is not None:
            self._overall.release(now, messages)
        if known.is_full:
            self._make_room(known)

    def drop(self, network: str) -> None:
        """Count a transaction with `network` closed in which nothing was handed over."""
        known = self._networks[network]
        known.pace.drop()
        if self._overall is not None:
            self._overall.drop()
        if self._spread is not None:
            self._spread.drop()
        if known.is_full:
            self._make_room(known)

    def restrain(self, network: str, restraint: Restraint) -> None:
        """Hold a network back."""
        if restraint.bars:
            self._bar(network)
        else:
            self._network(network).pace.hold(restraint.limit, restraint.rests_until, restraint.ends)

    def upcoming(self, count: int) -> list[int]:
        """Return about so many messages whose turn comes next, as things stand."""
        each = -(-count // max(1, len(self._turns)))
        ahead = (islice(network.line or (), each) for network in islice(self._turns, count))
        return list(islice(chain.from_iterable(ahead), count))

    def next_at(self) -> float | None:
        """Return the next moment at which `take` may have something, or None while only a release can help."""
        moments = [heap[0][0] for heap in (self._held, self._due) if heap]
        if self._turns and self._closed_until is not None:
            moments.append(self._closed_until)
        return min(moments, default=None)

    def _is_open(self, now: float) -> bool:
        """Tell whether the whole send may hand over one more now; `_closed_until` is when else."""
        self._closed_until = None
        ready: float | None = now
        if self._overall is not None:
            ready = self._overall.ready_at(now)
        if ready is not None and self._spread is not None:
            ready = max(ready, self._spread.ready_at(now, self._waiting))
        self._closed_until = None if ready is None or ready <= now else ready
        return ready is not None and ready <= now

    def _has_its_share(self, network: _Network) -> bool:
        """Tell whether a network has as many transactions open as are there for each that could go now."""
        opened = network.pace.open
        return opened > 0 and opened >= (self._connections or 0) // (len(self._turns) + 1)

    def _hand_over(self, network: _Network, now: float) -> int:
        line = network.line
        assert line  # noqa: S101 - a network that has its turn has a line
        send_id = line.popleft()
        messages = self._trains.pop(send_id, 1) if self._trains else 1
        self._waiting -= messages
        network.pace.take(messages)
        if self._has_whole:
            self._count(now, messages)
        if line:
            self._turns.append(network)
        else:
            network.line = None
            self._lines -= 1
        return send_id

    def _wait(self, send_id: int, messages: int) -> None:
        self._waiting += messages
        if messages != 1:
            self._trains[send_id] = messages

    def _count(self, now: float, messages: int) -> None:
        if self._overall is not None:
            self._overall.take(messages)
        if self._spread is not None:
            self._spread.take(now, messages)

    def _make_room(self, network: _Network) -> None:
        network.is_full = False
        self._turns.append(network)

    def _wake(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            _, send_id, network = heappop(self._due)
            self._line(network).append(send_id)
        while self._held and self._held[0][0] <= now:
            self._turns.append(heappop(self._held)[2])

    def _line(self, name: str) -> deque[int]:
        """Return the line of a network, which has its turns from now on."""
        network = self._network(name)
        if network.line is None:
            network.line = deque()
            self._lines += 1
            self._turns.append(network)
        return network.line

    def _bar(self, name: str) -> None:
        network = self._network(name)
        self._barred.add(name)
        gone = [number for _, number, other in self._due if other == name]
        if network.line is not None:
            gone += network.line
            self._lines -= 1
            network.line = None
        self._waiting -= sum(self._trains.pop(number, 1) for number in gone)
        self._due = [entry for entry in self._due if entry[2] != name]
        heapify(self._due)

    def _network(self, name: str) -> _Network:
        known = self._networks.get(name)
        if known is None:
            known = self._networks[name] = _Network(name, Pace(self._throttle.limit(name)))
        return known
