"""The throttle: no network ever gets more than its limit allows, and none waits for another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import floor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rehearsal import people, relay, start
from servers import Answer, Asked, MailServer, Taken

from bulkkit.dispatch import resume
from bulkkit.errors import InputError
from bulkkit.ledger import Ledger
from bulkkit.sending.estimate import Experience, finishing_times
from bulkkit.sending.forecast import Way
from bulkkit.sending.pace import Pace
from bulkkit.sending.relay import Relay
from bulkkit.sending.retry import Retry
from bulkkit.sending.schedule import Schedule
from bulkkit.sending.throttle import CAUTIOUS, DAY, HOUR, PROVIDER_LIMITS, Limit, Throttle


@dataclass(frozen=True)
class Job:
    """A message of the simulation: when it is there, how long its transaction takes, when in it the server counts."""

    network: str
    arrives: int
    takes: int
    counted_after: int


@dataclass
class Simulation:
    """A schedule run with a moved clock; `counted` is the server's log, `spans` when transactions were open."""

    throttle: Throttle
    jobs: list[Job]
    restarts: list[int] = field(default_factory=list)
    counted: dict[str, list[float]] = field(default_factory=dict)
    spans: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def run(self) -> Simulation:
        """Send everything, and die and begin anew at each restart."""
        waiting, now = dict(enumerate(self.jobs)), 0.0
        for death in [*sorted(self.restarts), None]:
            now = self._live(waiting, now, death)
        assert not waiting
        return self

    def _live(self, waiting: dict[int, Job], now: float, death: int | None) -> float:
        schedule, busy = self._schedule(waiting, now), []
        while waiting or busy:
            while taken := schedule.take(now):
                busy.append((now, waiting.pop(taken[0])))
            nearest = schedule.next_at()
            now = min([begun + job.takes for begun, job in busy] + ([] if nearest is None else [nearest]))
            if death is not None and now >= death:
                self._count(busy, death)
                return float(death)
            over = [(begun, job) for begun, job in busy if begun + job.takes <= now]
            busy = [one for one in busy if one not in over]
            self._count(over, now)
            for begun, job in over:
                schedule.release(job.network, begun + job.takes)
        return now

    def _count(self, over: list[tuple[float, Job]], now: float) -> None:
        for begun, job in over:
            end = min(begun + job.takes, now)
            self.counted.setdefault(job.network, []).append(min(begun + job.counted_after, end))
            self.spans.setdefault(job.network, []).append((begun, end))

    def _schedule(self, waiting: Mapping[int, Job], now: float) -> Schedule:
        schedule = Schedule(self.throttle)
        ends = [(end, network) for network, spans in self.spans.items() for _, end in spans]
        for moment, network in sorted(ends):
            schedule.remember(network, moment)
        for number, job in waiting.items():
            schedule.add_later(number, job.network, max(now, job.arrives))
        return schedule


def most_in_a_window(moments: list[float], window: float) -> int:
    """Return the most moments that any window of that length holds."""
    ordered = sorted(moments)
    return max(sum(first <= moment < first + window for moment in ordered) for first in ordered)


def most_at_once(spans: list[tuple[float, float]]) -> int:
    """Return the most spans that are open at one moment."""
    return max(sum(begun <= moment < ended for begun, ended in spans) for moment, _ in spans)


LIMITS = st.builds(
    Limit,
    messages=st.none() | st.integers(1, 4),
    window=st.sampled_from([5.0, 10.0, 50.0]),
    connections=st.none() | st.integers(1, 3),
)
JOBS = st.lists(
    st.builds(Job, st.sampled_from("abc"), st.integers(0, 60), st.integers(1, 30), st.integers(0, 30)), max_size=25
)


@given(st.builds(Throttle, LIMITS, st.dictionaries(st.sampled_from("ab"), LIMITS)), JOBS, st.lists(st.integers(0, 200)))
def test_no_window_holds_more_than_the_limit(throttle: Throttle, jobs: list[Job], restarts: list[int]) -> None:
    """Whenever messages arrive, however long they take, whenever the sender dies: the server never counts too many."""
    done = Simulation(throttle, jobs, restarts).run()
    assert Counter(job.network for job in jobs) == {network: len(moments) for network, moments in done.counted.items()}
    for network, moments in done.counted.items():
        limit = throttle.limit(network)
        assert limit.messages is None or most_in_a_window(moments, limit.window) <= limit.messages


@given(st.builds(Throttle, LIMITS), JOBS)
def test_no_more_are_open_than_allowed(throttle: Throttle, jobs: list[Job]) -> None:
    """To one network there are never more transactions open at once than its limit says."""
    for spans in Simulation(throttle, jobs).run().spans.values():
        assert throttle.default.connections is None or most_at_once(spans) <= throttle.default.connections


@given(st.builds(Throttle, LIMITS), JOBS)
def test_networks_do_not_wait_for_each_other(throttle: Throttle, jobs: list[Job]) -> None:
    """A network gets its messages at the same moments as if it were the only one."""
    together = Simulation(throttle, jobs).run().counted
    for network in together:
        alone = [job for job in jobs if job.network == network]
        assert Simulation(throttle, alone).run().counted[network] == together[network]


@given(st.integers(1, 5), st.integers(1, 40))
def test_the_limit_is_used_up(messages: int, count: int) -> None:
    """Nothing waits without need: where transactions take no time, message k goes in window k // limit."""
    jobs = [Job("a", 0, 0, 0)] * count
    moments = Simulation(Throttle(Limit(messages, 10.0)), jobs).run().counted["a"]
    assert moments == [10.0 * floor(number / messages) for number in range(count)]


def test_a_dropped_turn_counts_against_nothing() -> None:
    """A transaction that was never begun leaves the whole limit."""
    pace = Pace(Limit(messages=1, window=10.0, connections=1))
    pace.take()
    assert pace.ready_at(0.0) is None
    pace.drop()
    assert pace.ready_at(0.0) == 0.0


@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 40), min_size=1),
    st.integers(3, 10),
    st.lists(st.integers(1, 20), min_size=1),
)
def test_the_estimate_is_what_a_run_does(counts: dict[str, int], messages: int, durations: list[int]) -> None:
    """The last message of each network goes out within a tenth of the time foretold."""
    throttle = Throttle(Limit(messages, 600.0))
    way = Way(throttle, Retry(), [Relay("smtp://127.0.0.1", max_connections=50)], 0.1)
    foretold = finishing_times(counts, way, Experience())
    names = [name for name, count in counts.items() for _ in range(count)]
    jobs = [Job(name, 0, durations[n % len(durations)], 0) for n, name in enumerate(names)]
    for network, spans in Simulation(throttle, jobs).run().spans.items():
        assert foretold[network] == pytest.approx(max(end for _, end in spans), rel=0.1, abs=20)


def test_the_estimate_counts_the_relays_own_limits() -> None:
    """A relay's messages an hour and a day, and its connections, slow every network down."""
    counts, unlimited = {"a": 30, "b": 30}, Throttle.unlimited()

    def last(**options: Any) -> float:
        way = Way(unlimited, Retry(), [Relay("smtp://127.0.0.1", **options)], 0.1)
        return max(finishing_times(counts, way, Experience()).values())

    assert last(rate=20) == pytest.approx(2 * HOUR, rel=0.01)
    assert last(daily=30) == pytest.approx(DAY, rel=0.01)
    assert last(max_connections=1) == pytest.approx(60 * 0.1)


@given(st.builds(Throttle, LIMITS, st.dictionaries(st.text(max_size=5), LIMITS)))
def test_a_throttle_is_stored_and_made_again(throttle: Throttle) -> None:
    """What the ledger keeps of a throttle makes the same throttle."""
    assert Throttle.from_spec(throttle.spec()) == throttle


@pytest.mark.parametrize("values", [{"messages": 0}, {"connections": -1}, {"window": 0.0}])
def test_a_limit_that_lets_nothing_out_is_refused(values: dict[str, Any]) -> None:
    """A limit under which a send would stand still for ever is an error at once."""
    with pytest.raises(InputError):
        Limit(**values)


def test_presets_are_the_published_numbers() -> None:
    """Cautious is the rule of thumb, providers has the smaller of what networks take, unlimited nothing."""
    assert Throttle.cautious().limit("anybody.example") == CAUTIOUS == Limit(100, 3600.0, 10)
    assert Throttle.providers().limit("Google").connections == PROVIDER_LIMITS["Google"].connections == 5
    assert Throttle.providers().limit("googlemail.com") == PROVIDER_LIMITS["Google"]
    assert Throttle.providers().limit("web.de").connections == 4
    assert Throttle.providers().limit("anybody.example") == Limit(100, 1.0, 10)


def by_network(server: MailServer) -> dict[str, list[Taken]]:
    """Return what a server took, by network."""
    networks: dict[str, list[Taken]] = {}
    for taken in server.mail:
        networks.setdefault(taken.recipient.partition("@")[2], []).append(taken)
    return networks


def test_the_servers_own_log_keeps_the_limits(serve: Callable[..., MailServer], path: Path) -> None:
    """At the server, by the send's clock, no hour holds more than the limit, however transactions vary."""
    to = relay(0, scale=7200)
    server = serve(slow_now_and_then, now=to.clock.seconds)
    audience = pd.concat([people(70, f"{name}.example") for name in ("alpha", "beta")], ignore_index=True)
    throttle = Throttle(Limit(20, HOUR, connections=4), {"beta.example": Limit(35, HOUR, connections=2)})
    start([at(to, server)], audience, path, throttle=throttle).wait(20)
    for network, taken in by_network(server).items():
        limit = throttle.limit(network)
        for moments in ([one.begun for one in taken], [one.ended for one in taken]):
            assert most_in_a_window(moments, HOUR) <= limit.messages
        assert most_at_once([(one.begun, one.ended) for one in taken]) <= limit.connections
    assert server.counts() == dict.fromkeys(audience["email"], 1)


def slow_now_and_then(asked: Asked) -> Answer | None:
    """Answer each seventh dot late."""
    late = asked.step == "dot" and int(asked.recipient[1:5]) % 7 == 0
    return Answer(b"250 Ok\r\n", after=0.02) if late else None


def at(to: Relay, server: MailServer) -> Relay:
    """Return a relay like `to` at a server's port, with the same clock."""
    return Relay(f"smtp://127.0.0.1:{server.port}", to.source_address, to.max_connections, to.rate, to.daily, to.clock)


def test_limits_hold_across_restarts(serve: Callable[..., MailServer], path: Path) -> None:
    """A send that is stopped and taken up three times keeps the limit as if it had never stopped."""
    to = relay(0, scale=7200)
    server = serve(now=to.clock.seconds)
    send = start([at(to, server)], people(60), path, throttle=Throttle(Limit(15, HOUR)))
    for reached in (10, 25, 40):
        while send.is_running and len(server.mail) < reached:
            send.join(0.005)
        send.stop()
        send = resume("office-move", path, [at(to, server)])
    send.wait(20)
    assert most_in_a_window([taken.ended for taken in server.mail], HOUR) <= 15
    assert set(server.counts().values()) == {1}
    assert len(server.mail) == 60


def test_a_relays_own_rate_holds(serve: Callable[..., MailServer], path: Path) -> None:
    """Messages an hour of the relay hold over all networks together."""
    to = relay(0, scale=7200, rate=12)
    server = serve(now=to.clock.seconds)
    audience = pd.concat([people(15, f"{name}.example") for name in "abc"], ignore_index=True)
    start([at(to, server)], audience, path).wait(20)
    assert most_in_a_window([taken.ended for taken in server.mail], HOUR) <= 12
    assert len(server.mail) == 45


def test_who_is_withheld_takes_nobodys_turn(serve: Callable[..., MailServer], path: Path) -> None:
    """People who left in the middle of a send count against no limit: the others go as if they were not there."""
    to = relay(0, scale=600, max_connections=1)
    leaving = people(40).iloc[5:35]

    def leave(asked: Asked) -> None:
        if asked.step == "banner":
            Ledger(path).suppress(leaving)

    server = serve(leave, now=to.clock.seconds)
    start([at(to, server)], people(40), path, throttle=Throttle(Limit(10, HOUR))).wait(20)
    assert len(server.mail) == 10
    assert max(taken.ended for taken in server.mail) < HOUR


def test_a_blocked_network_starves_nobody(serve: Callable[..., MailServer], path: Path) -> None:
    """A network that does not answer holds its own connections only, until the others are done."""
    others = people(40, "open.example")

    def blocked(asked: Asked) -> Answer | None:
        if asked.step != "RCPT" or not asked.recipient.endswith("blocked.example"):
            return None
        return Answer(b"250 Ok\r\n", until=lambda: len(open_ones(server)) == len(others))

    server = serve(blocked)
    audience = pd.concat([people(40, "blocked.example"), others], ignore_index=True)
    start([relay(server.port, max_connections=4)], audience, path, throttle=Throttle(Limit(connections=2))).wait(20)
    first_forty = [taken.recipient.partition("@")[2] for taken in server.mail[:40]]
    assert set(first_forty) == {"open.example"}
    assert len(server.mail) == 80


def open_ones(server: MailServer) -> list[Taken]:
    """Return what the server took for the network that answers."""
    return [taken for taken in server.taken if taken.recipient.endswith("@open.example")]


def test_networks_take_turns() -> None:
    """Of two networks without limits, neither is finished before the other has begun."""
    schedule = Schedule(Throttle.unlimited())
    for number in range(10):
        schedule.add(number, "a" if number < 5 else "b")
    order = [taken[1] for taken in iter(lambda: schedule.take(0.0), None)]
    assert all(one != other for one, other in pairwise(order))
