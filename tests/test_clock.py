"""Clocks: the machine's own, and a simulated one that runs faster and only ever forward."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rehearsal import START

from bulkkit.sending.clock import SYSTEM_CLOCK, ScaledClock, boot_id

STEPS = st.lists(
    st.tuples(st.just("advance"), st.floats(-1e6, 1e6))
    | st.tuples(st.just("skip"), st.floats(-1e6, 1e6))
    | st.tuples(st.just("rescale"), st.floats(0.1, 1e5)),
    max_size=8,
)


@given(STEPS)
def test_a_simulated_clock_never_goes_back(steps: list[tuple[str, float]]) -> None:
    """Whatever is done to it, it shows the start plus its seconds, and they only grow."""
    clock = ScaledClock(60, START)
    for name, value in steps:
        before = clock.seconds()
        if name == "advance":
            moment = START + timedelta(seconds=value)
            clock.advance_to(moment)
            assert clock.now() >= moment
        elif name == "skip":
            assert clock.skip(value)
            assert clock.seconds() >= before + max(0.0, value)
        else:
            clock.rescale(value)
        assert clock.seconds() >= before
        assert clock.now() >= START + timedelta(seconds=before) - timedelta(milliseconds=1)


@pytest.mark.parametrize("scale", [1.0, 600.0, 36_000.0])
def test_a_simulated_clock_runs_at_its_scale(scale: float) -> None:
    """Between two looks so many seconds pass as the machine's times the scale."""
    clock = ScaledClock(scale, START)
    least, begun = time.perf_counter(), clock.seconds()
    while time.perf_counter() < least + 0.02:
        pass
    passed, most = clock.seconds() - begun, time.perf_counter() - least
    assert 0.02 * scale * 0.99 <= passed <= most * scale * 1.01
    assert clock.machine_seconds(scale) == 1.0


def test_a_simulated_stamp_belongs_to_no_boot() -> None:
    """Only the wall clock of a simulation means something after a restart."""
    clock = ScaledClock(1, START)
    assert (clock.stamp().boot_id, clock.stamp().boot_seconds) == ("", 0.0)
    assert START <= clock.stamp().at <= clock.now()


def test_the_machines_clock_is_the_worlds() -> None:
    """The machine's clock shows UTC, its boot, and seconds that grow; it cannot be skipped."""
    one, other = SYSTEM_CLOCK.stamp(), SYSTEM_CLOCK.stamp()
    assert abs((one.at - datetime.now(UTC)).total_seconds()) < 5
    assert one.boot_seconds <= other.boot_seconds
    assert one.boot_id == other.boot_id == boot_id()
    assert not SYSTEM_CLOCK.skip(3600)
    assert SYSTEM_CLOCK.machine_seconds(3.5) == 3.5
