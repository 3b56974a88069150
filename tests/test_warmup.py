"""The warm-up of a sending address, and a send stretched over a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkkit.errors import InputError
from bulkkit.sending.schedule import Schedule
from bulkkit.sending.spread import CATCH_UP
from bulkkit.sending.throttle import DAY, HOUR, Limit, Ramp, Throttle
from bulkkit.sending.warmup import RampPace

SENDGRID = [20, 28, 39, 55, 77, 108, 151, 211, 295, 413, 579, 810]
"""Messages an hour of the first days, as its documentation has them."""


def test_the_ramp_is_the_published_one() -> None:
    """The first days' numbers are SendGrid's, and after the last day there is no limit."""
    assert [Ramp().messages(day) for day in range(12)] == SENDGRID
    assert (Ramp(days=3).messages(2), Ramp(days=3).messages(3)) == (39, None)
    assert Throttle.warmup(days=3).ramp == Ramp(3)


RAMPS = st.builds(Ramp, st.integers(1, 4), st.integers(1, 5), st.floats(1, 2))


@given(RAMPS, st.lists(st.integers(1, 9000), min_size=1, max_size=60), st.sets(st.integers(0, 59)))
def test_no_hour_holds_more_than_its_days_limit(ramp: Ramp, pauses: list[int], restarts: set[int]) -> None:
    """However messages come, and with restarts: an hour never holds more than the day allows in which it ends."""
    now, handed, pace = 1000.0, [], RampPace(ramp)
    for number, pause in enumerate(pauses):
        now += pause
        if number in restarts:
            pace = RampPace(ramp, handed[0] if handed else None)
            for moment in handed:
                pace.remember(moment)
        for _ in range(3):
            ready = pace.ready_at(now)
            assert ready is not None
            now = max(now, ready)
            pace.take()
            pace.release(now)
            handed.append(now)
    for moment in handed:
        most = ramp.messages(int((moment - handed[0]) // DAY))
        assert most is None or sum(moment - HOUR < other <= moment for other in handed) <= most


def test_the_ramp_is_used_up() -> None:
    """Nothing waits without need: each hour of the first day has its 20, each of the second its 28."""
    pace, now, handed = RampPace(Ramp(days=2)), 0.0, []
    while (ready := pace.ready_at(now)) is not None and ready < 2 * DAY:
        now = ready
        pace.take()
        pace.release(now)
        handed.append(now)
    assert len(handed) == 24 * 20 + 24 * 28
    assert pace.ready_at(now) == 2 * DAY


def test_what_is_open_counts_on_the_first_day() -> None:
    """Before the first message is over, no more are open than the first hour takes."""
    pace = RampPace(Ramp(days=2, first=3))
    for _ in range(3):
        assert pace.is_ready(0.0)
        pace.take()
    assert pace.ready_at(0.0) is None
    pace.drop()
    assert pace.ready_at(0.0) == 0.0


@pytest.mark.parametrize(
    ("given_", "seconds"), [("3h", 10800), ("90min", 5400), (" 2 d ", 172_800), ("1.5h", 5400), (60, 60), (None, None)]
)
def test_a_spread_is_a_length_of_time(given_: float | str | None, seconds: float | None) -> None:
    """It is read as people write it, and stored and made again as seconds."""
    throttle = Throttle.unlimited(spread=given_)
    assert throttle.spread_seconds == seconds
    assert Throttle.from_spec(throttle.spec()) == throttle


@pytest.mark.parametrize("wrong", ["", "3", "three hours", "-3h", "0h", 0, -1, "3 weeks", float("inf")])
def test_what_is_no_length_of_time_is_refused(wrong: float | str) -> None:
    """A spread that cannot be read, or is none, is an error at once."""
    with pytest.raises(InputError, match="'3h'"):
        Throttle(spread=wrong)


@given(
    st.integers(2, 60), st.sampled_from([600.0, 10_800.0]), st.lists(st.sampled_from("abc"), min_size=60, max_size=60)
)
def test_a_spread_takes_its_time_evenly(count: int, seconds: float, names: list[str]) -> None:
    """The messages of all networks together go at even distances, the last one a distance before the end."""
    schedule = Schedule(Throttle.unlimited(spread=seconds))
    for number in range(count):
        schedule.add(number, names[number])
    assert moments_of(schedule) == pytest.approx([seconds * number / count for number in range(count)])


def moments_of(schedule: Schedule, now: float = 0.0) -> list[float]:
    """Hand everything over as soon as it may go; return when that was."""
    moments = []
    while schedule:
        while taken := schedule.take(now):
            moments.append(now)
            schedule.release(taken[1], now)
        now = schedule.next_at() or now
    return moments


def test_a_spread_goes_on_after_a_restart() -> None:
    """Who goes on after a while has the rest of the time for the rest of the messages, and no burst."""
    schedule = Schedule(Throttle.unlimited(spread="1h"), begun=0.0)
    for number in range(10):
        schedule.add(number, "a")
    assert moments_of(schedule, 1800.0) == pytest.approx([1800 + 180 * number for number in range(10)])


def test_a_long_pause_is_no_reason_for_a_burst() -> None:
    """After an hour in which nothing could go, the messages keep their distance; a short delay is caught up."""
    schedule = Schedule(Throttle.unlimited(spread=600.0))
    for number in range(60):
        schedule.add(number, "a")
    assert schedule.take(0.0)
    ahead = [schedule.take(HOUR) is not None for _ in range(20)]
    assert sum(ahead) == CATCH_UP / 10 + 1
    assert schedule.next_at() == HOUR + 10


def test_a_turn_that_is_given_back_costs_no_time() -> None:
    """A message that could not be taken up leaves its place in the spread to the next one."""
    schedule = Schedule(Throttle.unlimited(spread=600.0))
    for number in range(6):
        schedule.add(number, "a")
    assert schedule.take(0.0)
    schedule.drop("a")
    schedule.add(0, "a")
    assert schedule.take(0.0)


@given(
    st.builds(Limit, st.none() | st.integers(1, 60), st.sampled_from([1.0, 60.0, HOUR]), st.none() | st.integers(1, 9)),
    st.builds(Limit, st.none() | st.integers(1, 60), st.sampled_from([1.0, 60.0, HOUR]), st.none() | st.integers(1, 9)),
)
def test_one_limit_within_another_holds_both(one: Limit, other: Limit) -> None:
    """Used up without a pause, the combined limit never breaks either of them."""
    both = one.within(other)
    assert both.connections == min(filter(None, (one.connections, other.connections)), default=None)
    if both.messages is None:
        assert one.messages is None
        assert other.messages is None
        return
    moments = [both.window * (number // both.messages) for number in range(300)]
    for limit in (one, other):
        if limit.messages is not None:
            most = max(sum(first <= moment < first + limit.window - 1e-6 for moment in moments) for first in moments)
            assert most <= limit.messages


def test_the_whole_has_a_limit_of_its_own() -> None:
    """Over all networks together no window holds more than the overall limit, whatever each of them takes."""
    schedule = Schedule(Throttle(Limit(50, 60.0), overall=Limit(10, 60.0, connections=4)))
    for number in range(100):
        schedule.add(number, f"n{number % 7}")
    open_now = [schedule.take(0.0) for _ in range(6)]
    assert [taken is not None for taken in open_now] == [True] * 4 + [False] * 2
    for taken in open_now[:4]:
        assert taken is not None
        schedule.release(taken[1], 0.0)
    moments = [0.0] * 4 + moments_of(schedule)
    assert moments == [60.0 * (number // 10) for number in range(100)]


def test_the_whole_remembers_what_was_before() -> None:
    """What other networks were handed before a restart counts against the overall limit."""
    schedule = Schedule(Throttle(Limit(), overall=Limit(2, 60.0)))
    schedule.remember("a", 0.0)
    schedule.remember("b", 10.0)
    schedule.add(1, "c")
    assert schedule.take(20.0) is None
    assert schedule.next_at() == 60.0
    assert schedule.take(60.0) == (1, "c")
