"""Messages bundled into trains, so that the way of a million is foretold in a second.

A train is some messages to one network, one after the other over one
connection. Where there are few messages, each is a train of its own and nothing
is rounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Final

from bulkkit.sending.relay import Relay
from bulkkit.sending.throttle import Limit, Throttle

BRIEF: Final = 0.01
"""A train that lasts for no more than this share of a window is as good as its messages one by one; and what is no more
than this share of the whole send may be rounded.
"""

FINE: Final = 50
"""Into so many trains a limit is divided at least that holds for several networks together."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """The trains of a send.

    Parameters
    ----------
    throttle
        The limits of the send.
    longest
        Messages in one train at most.
    seconds
        How long one message takes.
    whole
        The least time that the send takes, in seconds: with no limit but the relays' connections.
    """

    throttle: Throttle
    longest: int
    seconds: float
    whole: float

    @classmethod
    def of(cls, messages: int, throttle: Throttle, relays: Sequence[Relay], seconds: float, most: int) -> Timetable:
        """Return the timetable by which `messages` make about `most` trains, or more where limits ask for it."""
        shared = [throttle.overall.messages, *(number for relay in relays for number in (relay.rate, relay.daily))]
        longest = min([-(-messages // most), *(number // FINE for number in shared if number is not None)])
        lanes = sum(relay.max_connections for relay in relays)
        return cls(throttle, max(1, longest), seconds, messages * seconds / lanes)

    @property
    def stretched(self) -> Throttle:
        """The throttle by which the trains go: a window too short for them is longer, with as many more messages."""
        networks = {name: self._stretch(limit) for name, limit in self.throttle.networks.items()}
        return replace(self.throttle, default=self._stretch(self.throttle.default), networks=networks)

    def trains(self, counts: Mapping[str, int]) -> Iterator[tuple[str, int]]:
        """Yield network and messages of each train."""
        for network, count in counts.items():
            left = count
            for size in self._sizes(self.throttle.limit(network), count):
                yield network, min(size, left)
                left -= size
                if left <= 0:
                    break

    def _sizes(self, limit: Limit, count: int) -> Iterator[int]:
        most = limit.messages
        if most is None or count <= most or self._is_stretched(limit):
            return cycle((self.longest,))
        # Each window is filled by whole trains.
        parts = -(-most // min(self.longest, self._brief(limit)))
        return cycle([most * (part + 1) // parts - most * part // parts for part in range(parts)])

    def _stretch(self, limit: Limit) -> Limit:
        if limit.messages is None or not self._is_stretched(limit):
            return limit
        return replace(limit, messages=limit.messages * self.longest, window=limit.window * self.longest)

    def _is_stretched(self, limit: Limit) -> bool:
        return self._brief(limit) < self.longest and limit.window * self.longest <= BRIEF * self.whole

    def _brief(self, limit: Limit) -> int:
        """Return the messages of a train that is short beside a limit's window."""
        return max(1, int(limit.window * BRIEF / self.seconds))
