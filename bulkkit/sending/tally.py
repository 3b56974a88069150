"""The counts of a running send, kept step by step: as a whole, and for each network."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import islice
from typing import Any, Final

import pandas as pd

from bulkkit.frames import from_rows
from bulkkit.sending.clock import Clock
from bulkkit.sending.job import Progress, RunState
from bulkkit.vocabulary import ENDED, UNFINISHED, SendState

LAST_REPLIES: Final = 5
BEAT: Final = 0.01
"""Seconds of the machine between two looks at the clock; thousands of messages may move in one of them."""

SLOWEST_AMONG: Final = 10
"""The largest networks: under one limit for each, the last to be done is among them."""

NETWORK_DTYPES: Final = {
    "network": "str",
    "recipients": "Int64",
    "accepted": "Int64",
    "deferred": "Int64",
    "refused": "Int64",
    "expired": "Int64",
    "in_doubt": "Int64",
    "waiting": "Int64",
    "in_flight": "Int64",
}
"""A frame of networks: one row a network; `deferred` is part of `waiting`."""

_WAITING: Final = (SendState.QUEUED, SendState.DEFERRED)
_IN_FLIGHT: Final = (SendState.CLAIMED, SendState.DOTTED)
_ANSWERED: Final = ENDED - {SendState.IN_DOUBT}
"""The states by which pace is measured."""

States = Mapping[SendState, int]

_PLACES: Final = {state: place for place, state in enumerate(SendState)}
"""Where a state's count stands in a list: a list is counted in faster than a table of names."""


class Tally:
    """The counts of a running send.

    One thread counts and others look. The networks are those of the start, the
    largest first: a send gets no further recipients.
    """

    def __init__(self, campaign: str, networks: Mapping[str, States], clock: Clock) -> None:
        self._campaign = campaign
        self._clock = clock
        self._lock = threading.Lock()
        largest = sorted(networks, key=lambda name: sum(networks[name].values()), reverse=True)
        self._networks = {name: [networks[name].get(state, 0) for state in SendState] for name in largest}
        self._counts = [sum(column) for column in zip(*self._networks.values(), strict=True)] or [0] * len(SendState)
        self._started = clock.seconds()
        self._paused_at: float | None = None
        self._ended = 0
        self._ended_before = [(part, ended(_states(part))) for part in islice(self._networks.values(), SLOWEST_AMONG)]
        self._said: deque[tuple[str, str | None]] = deque(maxlen=LAST_REPLIES)
        self._heartbeat, self._moved_at = clock.now(), time.monotonic()

    def moved(
        self, network: str, before: SendState, after: SendState, said: tuple[str, str | None] | None = None
    ) -> None:
        """Count one message to `network` that changed its state; `said` is to whom the server said what."""
        origin, aim = _PLACES[before], _PLACES[after]
        part, whole = self._networks[network], self._counts
        with self._lock:
            part[origin] -= 1
            whole[origin] -= 1
            part[aim] += 1
            whole[aim] += 1
            self._ended += after in _ANSWERED
            if said is not None and said[1]:
                self._said.append(said)
            now = time.monotonic()
            if now - self._moved_at > BEAT:
                self._heartbeat, self._moved_at = self._clock.now(), now

    @property
    def answers(self) -> int:
        """How many messages were accepted or refused."""
        return int(sum(self._counts[_PLACES[state]] for state in (SendState.ACCEPTED, SendState.REFUSED)))

    def pause(self) -> None:
        """Stop the watch by which pace and time left are measured."""
        self._paused_at = self._clock.seconds()

    def unpause(self) -> None:
        """Let the watch run on."""
        if self._paused_at is not None:
            self._started += self._clock.seconds() - self._paused_at
            self._paused_at = None

    def progress(self, run: RunState, notes: tuple[str, ...] = ()) -> Progress:
        """Return the counts as they stand, with what is to be noted beside them."""
        now = self._clock.seconds() if self._paused_at is None else self._paused_at
        hours = (now - self._started) / 3600
        with self._lock:
            counts, left = counted(_states(self._counts)), self._hours_left(hours)
            rate = self._ended / hours if self._ended and hours > 0 else None
            heartbeat, moved_at, said = self._heartbeat, self._moved_at, tuple(self._said)
        return Progress(
            campaign=self._campaign,
            run=run,
            **counts,
            rate=rate,
            eta=None if left is None else timedelta(hours=left),
            heartbeat=heartbeat,
            still_for=time.monotonic() - moved_at,
            last_replies=tuple(f"{email}: {reply}" for email, reply in said),
            notes=notes,
        )

    def networks(self, most: int | None = None) -> pd.DataFrame:
        """Return the `most` largest networks, by default all, largest first (columns of `NETWORK_DTYPES`)."""
        return networks_frame([self._network(name) for name in islice(self._networks, most)])

    @property
    def network_count(self) -> int:
        """How many networks there are."""
        return len(self._networks)

    def _hours_left(self, hours: float) -> float | None:
        """Return the hours until the slowest is done, at its pace so far; the largest networks are looked at alone."""
        if not self._ended or hours <= 0:
            return None
        lines = [(self._ended, _states(self._counts))]
        lines += [(ended(_states(part)) - before, _states(part)) for part, before in self._ended_before]
        return max((hours * still_open(states) / done for done, states in lines if done), default=0.0)

    def _network(self, name: str) -> dict[str, Any]:
        with self._lock:
            return {"network": name, **counted(_states(self._networks[name]))}


def _states(counts: list[int]) -> States:
    return dict(zip(SendState, counts, strict=True))


def ended(states: States) -> int:
    """Return how many messages have come to an end, those in doubt aside."""
    return sum(states.get(state, 0) for state in _ANSWERED)


def still_open(states: States) -> int:
    """Return how many messages are still to come to an end."""
    return sum(states.get(state, 0) for state in UNFINISHED)


def counted(states: States) -> dict[str, int]:
    """Return how many messages are where, in the words of `Progress`."""
    return {
        "recipients": sum(states.values()),
        "accepted": states.get(SendState.ACCEPTED, 0),
        "deferred": states.get(SendState.DEFERRED, 0),
        "refused": states.get(SendState.REFUSED, 0),
        "expired": states.get(SendState.EXPIRED, 0),
        "in_doubt": states.get(SendState.IN_DOUBT, 0),
        "waiting": sum(states.get(state, 0) for state in _WAITING),
        "in_flight": sum(states.get(state, 0) for state in _IN_FLIGHT),
    }


def networks_frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows of counts as a frame (columns of `NETWORK_DTYPES`), also where there is none."""
    return from_rows(rows, NETWORK_DTYPES)
