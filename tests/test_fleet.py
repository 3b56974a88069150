"""The relays of a send: their shares, their own limits, and how they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkkit.errors import ConfigurationError
from bulkkit.sending.fleet import AHEAD, RELAY_DTYPES, SILENT, Fleet
from bulkkit.sending.relay import Relay
from bulkkit.sending.throttle import DAY, Ramp


def relay(number: int, **options: object) -> Relay:
    """Return a relay that nobody connects to."""
    return Relay(f"smtp://r{number}.example", **options)


@given(st.lists(st.floats(0.5, 8), min_size=2, max_size=4), st.lists(st.integers(0, 3), min_size=200, max_size=400))
def test_weights_are_shares(weights: list[float], asking: list[int]) -> None:
    """Whoever asks, in whatever order: no relay gets further ahead of its share than `AHEAD`."""
    relays = [relay(number, weight=weight) for number, weight in enumerate(weights)]
    fleet, taken = Fleet(relays), [0] * len(weights)
    for number in asking:
        asked = number % len(relays)
        if fleet.is_ready(relays[asked].name, 0.0):
            fleet.take(relays[asked].name, 0.0)
            taken[asked] += 1
        parts = [count / weight for count, weight in zip(taken, weights, strict=True)]
        assert max(parts) - min(parts) <= AHEAD + 1 / min(weights) + 1e-9


def test_a_relay_that_cannot_take_its_share_leaves_it_to_the_others() -> None:
    """One out of reach and one at its limit hold nobody up; when one is back, it gets its share again."""
    one, other = relay(1, weight=1), relay(2, weight=1, rate=5)
    fleet = Fleet([one, other])
    for _ in range(5):
        fleet.take(other.name, 0.0)
        fleet.release(other.name, 0.0)
    assert not fleet.is_ready(other.name, 1.0)
    for _ in range(50):
        assert fleet.is_ready(one.name, 1.0)
        fleet.take(one.name, 0.0)
    assert not fleet.is_ready(one.name, 4000.0)
    fleet.failed(other.name, "nothing listens there")
    assert fleet.is_ready(one.name, 4000.0)
    fleet.accepted(other.name)
    assert not fleet.is_ready(one.name, 4000.0)


def test_a_relay_that_hangs_holds_nobody_up() -> None:
    """Once nothing was heard of it for a minute the others take its share; when it answers, it has one again."""
    one, other = relay(1, weight=1), relay(2, weight=1)
    fleet = Fleet([one, other])
    fleet.take(other.name, 0.0)
    while fleet.is_ready(one.name, 1.0):
        fleet.take(one.name, 1.0)
        fleet.release(one.name, 1.0)
    assert not fleet.is_ready(one.name, SILENT)
    assert fleet.is_ready(one.name, SILENT + 1)
    fleet.release(other.name, SILENT + 2)
    assert not fleet.is_ready(one.name, SILENT + 3)


def test_without_weights_each_takes_what_it_can() -> None:
    """Relays without a weight wait for nobody."""
    relays = [relay(1), relay(2, weight=3)]
    fleet = Fleet(relays)
    for _ in range(100):
        for one in relays:
            assert fleet.is_ready(one.name, 0.0)
            fleet.take(one.name, 0.0)


def test_each_relay_has_its_own_day_of_the_warm_up() -> None:
    """A relay in use for long is not held to what a new one beside it may hand over."""
    old, new = relay(1), relay(2)
    fleet = Fleet([old, new], Ramp(days=10), {old.name: -20 * DAY})
    for _ in range(20):
        for one in (old, new):
            assert fleet.is_ready(one.name, 0.0)
            fleet.take(one.name, 0.0)
            fleet.release(one.name, 0.0)
    assert fleet.is_ready(old.name, 1.0)
    assert not fleet.is_ready(new.name, 1.0)


def test_health_is_shown() -> None:
    """What each relay did, whether it works, and what is wrong with it."""
    relays = [relay(1, daily=1), relay(2), relay(3)]
    fleet = Fleet(relays)
    for one in relays:
        fleet.take(one.name, 0.0)
    fleet.release(relays[0].name, 0.0)
    fleet.accepted(relays[0].name)
    fleet.answered(relays[1].name, is_final=True)
    fleet.answered(relays[1].name, is_final=False)
    fleet.failed(relays[2].name, "The relay r3 cannot be used.")
    rows = fleet.rows(1.0)
    assert all(list(row) == list(RELAY_DTYPES) for row in rows)
    assert [tuple(row.values())[1:] for row in rows] == [
        ("at its limit", 1, 0, 0, 0, None),
        ("working", 0, 1, 1, 1, None),
        ("out of reach", 0, 0, 0, 1, "The relay r3 cannot be used."),
    ]
    assert fleet.notes() == ("The relay r3 cannot be used.",)


@pytest.mark.parametrize("options", [{"weight": 0}, {"weight": -1}, {"messages_per_connection": 0}])
def test_what_lets_nothing_out_is_refused(options: dict[str, float]) -> None:
    """A share or a connection for no message at all makes no sense."""
    with pytest.raises(ConfigurationError):
        relay(1, **options)
