"""A send foretold: the policies of the real one, asked with a simulated clock and answered by imagined networks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from heapq import heappop, heappush
from typing import Final, NamedTuple

from bulkkit.sending.fleet import Fleet
from bulkkit.sending.listening import Listening
from bulkkit.sending.memory import Past
from bulkkit.sending.provider import Provider, ProviderAtWork, Said
from bulkkit.sending.relay import Relay
from bulkkit.sending.retry import Decision, Retry
from bulkkit.sending.schedule import Schedule
from bulkkit.sending.throttle import Throttle
from bulkkit.transitions import Outcome
from bulkkit.vocabulary import SendState

_NO_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Outcomes carry a moment for the ledger; none is written here."""

NO_PAST: Final = Past()

_TAKEN: Final = Outcome(0, SendState.ACCEPTED, _NO_TIME, smtp_code=250)


class Happening(NamedTuple):
    """What became of some messages to one network, at one moment (seconds from the start)."""

    at: float
    network: str
    state: SendState
    messages: int


@dataclass(slots=True)
class _Train:
    network: str
    messages: int
    attempts: int = 0
    first: float = 0.0


@dataclass(frozen=True, slots=True)
class Way:
    """How the messages of a send go.

    Parameters
    ----------
    throttle, retry, relays
        The policies, and who takes the messages.
    seconds
        How long one message takes on its connection.
    past
        What was handed over and said before the start.
    """

    throttle: Throttle
    retry: Retry
    relays: Sequence[Relay]
    seconds: float
    past: Past = NO_PAST


class Forecast:
    """A simulated send.

    Parameters
    ----------
    way
        The policies and relays.
    trains
        Network and messages of each train (`trains.Timetable`).
    providers
        How networks behave, by name.
    others
        How all other networks behave.

    Attributes
    ----------
    stop_reason
        Why the send ended before everything was sent, or None.
    """

    def __init__(
        self,
        way: Way,
        trains: Iterable[tuple[str, int]],
        providers: Mapping[str, Provider],
        others: Provider,
    ) -> None:
        self._way = way
        self._schedule = Schedule(way.throttle, connections=sum(relay.max_connections for relay in way.relays))
        self._fleet = Fleet(way.relays, way.throttle.ramp, way.past.first_days)
        self._listening = Listening(self._schedule, self._fleet, 0)
        self._relays = deque(relay.name for relay in way.relays)
        self._lanes = {relay.name: relay.max_connections for relay in way.relays}
        self._trains: list[_Train] = []
        self._busy: list[tuple[float, int, str]] = []
        self._providers, self._others = providers, others
        self._at_work: dict[str, ProviderAtWork] = {}
        self._decided = cache(way.retry.decide)
        way.past.tell(self._schedule, self._fleet, self._listening, 0.0)
        for network, messages in trains:
            self._add(_Train(network, messages))

    @property
    def stop_reason(self) -> str | None:
        """Why the send ended before everything was sent, or None."""
        return self._listening.stop_reason

    @property
    def barred(self) -> frozenset[str]:
        """The networks to which nothing went any more."""
        return self._schedule.barred

    def run(self) -> Iterator[Happening]:
        """Yield what happens, in the order of time."""
        now: float | None = 0.0
        while now is not None:
            if self.stop_reason is None:
                self._depart(now)
            now = self._next_moment(now)
            if now is not None:
                yield from self._arrive(now)

    def _depart(self, now: float) -> None:
        while (relay := self._free_relay(now)) is not None:
            taken = self._schedule.take(now)
            if taken is None:
                return
            train = self._trains[taken[0]]
            train.attempts += 1
            if train.attempts == 1:
                train.first = now
            self._lanes[relay] -= 1
            self._fleet.take(relay, now, train.messages)
            heappush(self._busy, (now + train.messages * self._way.seconds, taken[0], relay))

    def _free_relay(self, now: float) -> str | None:
        for _ in range(len(self._relays)):
            relay = self._relays[0]
            if self._lanes[relay] and self._fleet.is_ready(relay, now):
                return relay
            self._relays.rotate()
        return None

    def _next_moment(self, now: float) -> float | None:
        moments: list[float | None] = [self._busy[0][0]] if self._busy else []
        if self.stop_reason is None and any(self._lanes.values()):
            moments.append(self._schedule.next_at())
            if self._schedule:
                moments += [at for relay in self._relays for at in self._fleet.moments(relay, now)]
        return min((moment for moment in moments if moment is not None and moment > now), default=None)

    def _arrive(self, now: float) -> Iterator[Happening]:
        while self._busy and self._busy[0][0] <= now:
            ended, number, relay = heappop(self._busy)
            train = self._trains[number]
            self._lanes[relay] += 1
            self._schedule.release(train.network, ended, train.messages)
            self._fleet.release(relay, ended, train.messages)
            for said, messages in self._answers(train, ended):
                yield Happening(ended, train.network, self._heard(train, relay, said, messages, ended), messages)

    def _answers(self, train: _Train, now: float) -> list[tuple[Said, int]]:
        network = train.network
        if network not in self._at_work:
            provider = self._providers.get(network, self._others)
            self._at_work[network] = ProviderAtWork(provider, len(self._at_work))
        return self._at_work[network].answers(now, train.messages, train.attempts)

    def _heard(self, train: _Train, relay: str, said: Said, messages: int, now: float) -> SendState:
        """Draw the consequences of an answer; return what became of the messages."""
        if said.code < 300:
            self._listening.heard(train.network, relay, _TAKEN, now)
            return SendState.ACCEPTED
        decision = self._decision(said, train, now)
        outcome = Outcome(0, decision.state, _NO_TIME, decision.reason, None, said.code, said.enhanced, said.text,
                          decision.suppress)  # fmt: skip
        self._listening.heard(train.network, relay, outcome, now)
        if decision.delay is not None:
            self._add(_Train(train.network, messages, train.attempts, train.first), now + decision.delay)
        return decision.state

    def _decision(self, said: Said, train: _Train, now: float) -> Decision:
        decision = self._decided(said.code, said.enhanced, said.text, train.attempts, 0.0)
        if decision.delay is None:
            return decision
        return self._way.retry.later(str(decision.reason), decision.delay, now - train.first)

    def _add(self, train: _Train, due: float | None = None) -> None:
        number = len(self._trains)
        self._trains.append(train)
        if due is None:
            self._schedule.add(number, train.network, train.messages)
        else:
            self._schedule.add_later(number, train.network, due, train.messages)
