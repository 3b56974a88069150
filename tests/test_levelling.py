"""Inside a group cut from a number both sides are made alike in it, by a slope, and nothing else is touched."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkkit.comparison import compare
from bulkkit.comparison.grouping import grouped
from bulkkit.comparison.sample import Sample
from bulkkit.comparison.strata import Covariates
from bulkkit.statistics import Place, levelled

ONCE = np.ones(4000)


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.floats(-3, 3), st.floats(-3, 3))
@settings(max_examples=10, deadline=None)
def test_a_straight_line_is_taken_away(seed: int, cuts: int, steep: float, effect: float) -> None:
    """Where outcomes rise with the place in a number, and one side lies higher, hardly more than the effect is left."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, cuts, 4000)
    values = rng.random(4000) + group
    place = Place.of(values, group, ONCE)
    treated = rng.random(4000) < 0.3 + 0.4 * (place.within + 0.5)
    slopes = steep * np.arange(1, cuts + 1)[group] + effect * treated
    outcome = group + effect * treated + slopes * place.within
    even = levelled(outcome, group, treated, ONCE, ONCE, [place])
    for code in range(cuts):
        on, off = (group == code) & treated, (group == code) & ~treated
        left, before = (told[on].mean() - told[off].mean() - effect for told in (even, outcome))
        assert abs(left) <= 0.08 * abs(before) + 0.01


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(1, 4)), min_size=1, max_size=30))
@settings(max_examples=30, deadline=None)
def test_a_row_that_counts_often_is_as_many_rows(rows: list[tuple[int, int, int]]) -> None:
    """Ranks are those of as many rows as each stands for: between -1/2 and 1/2, 0 in the mean of each level."""
    level, value, times = (np.array(column) for column in zip(*rows, strict=True))
    one = Place.of(value.astype(float), level, times.astype(float)).within
    many = Place.of(np.repeat(value, times).astype(float), np.repeat(level, times), np.ones(times.sum())).within
    assert np.repeat(one, times) == pytest.approx(many)
    assert np.abs(one).max() < 0.5
    assert np.bincount(level, times * one) == pytest.approx(0, abs=1e-9)


def test_what_is_alike_or_not_known_stays_as_it_is() -> None:
    """A number that is missing, or the same for everybody in a group, moves no outcome."""
    rng = np.random.default_rng(3)
    group, treated, outcome = rng.integers(0, 5, 4000), rng.random(4000) < 0.5, rng.random(4000)
    for values in (np.full(4000, np.nan), group.astype(float)):
        even = levelled(outcome, group, treated, ONCE, ONCE, [Place.of(values, group, ONCE)])
        assert even == pytest.approx(outcome)


def _selected(rng: np.random.Generator, people: int) -> pd.DataFrame:
    """Return people of an experiment in which who spends much and lately was kept on the mailed side."""
    frame = pd.DataFrame({"recency": rng.integers(1, 13, people), "channel": rng.choice(["web", "phone"], people)})
    frame["history"] = np.round(29.99 + np.where(rng.random(people) < 0.25, 0, rng.gamma(0.8, 300, people)), 2)
    liking = 1.2 * np.log(frame["history"] / 200) - 0.3 * (frame["recency"] - 6)
    frame["mailed"] = rng.random(people) < 0.5
    frame = frame[rng.random(people) < 1 / (1 + np.exp(-np.where(frame["mailed"], liking, -liking)))]
    score = -2.2 - 0.08 * (frame["recency"] - 6) + 0.35 * np.log(frame["history"] / 200)
    frame["without"], frame["with"] = 1 / (1 + np.exp(-score)), 1 / (1 + np.exp(-score - 0.5))
    return frame.reset_index(drop=True)


@pytest.mark.parametrize("people", [2_000, 128_000, 600_000])
def test_what_cuts_leave_is_small_beside_the_interval(people: int) -> None:
    """Without chance (each outcome its own probability) the adjusted difference is the truth, however many they are."""
    frame = _selected(np.random.default_rng(4), people)
    size, treated = len(frame), frame["mailed"].to_numpy()
    known = Covariates(frame[["channel"]], frame[["recency", "history"]], ("recency", "history", "channel"))
    chance = np.where(treated, frame["with"], frame["without"])
    exact, _ = grouped(Sample(chance, np.arange(size), treated, np.zeros(size, int), np.ones(size)), known)
    both = (exact.trials(treated) > 0) & (exact.trials(~treated) > 0)
    truth = (frame["with"] - frame["without"])[both[exact.group]].mean()
    found = exact.within(both).standardised().difference.estimate
    cut_only = (
        Sample(chance, exact.person, treated, exact.group, exact.people).within(both).standardised().difference.estimate
    )
    clicks = (np.random.default_rng(5).random(size) < chance).astype(float)
    interval = Sample(clicks, exact.person, treated, exact.group, exact.people).within(both).standardised().difference
    width = (interval.upper - interval.lower) / 3.92
    assert abs(found - truth) < 0.15 * width
    assert abs(found - truth) < 0.35 * abs(cut_only - truth)


def test_the_groups_add_up_to_the_difference() -> None:
    """With numbers too the groups' differences, weighed, are the adjusted one; their rates stay what was counted."""
    frame = _selected(np.random.default_rng(6), 6_000).assign(email=lambda f: [f"p{i}@x.example" for i in f.index])
    sent = frame[["email"]].assign(
        kind="sent", campaign=np.where(frame["mailed"], "a", "b"), at=pd.Timestamp("2026-06-01", tz="UTC")
    )
    found = compare(sent, contacts=frame, treated="a", control="b", outcome="with", adjust=["history", "channel"])
    strata = found.strata[found.strata["weight"] > 0]
    assert (strata["weight"] * strata["difference"]).sum() == pytest.approx(found.adjusted.difference)
    assert strata["treated_rate"].to_numpy() == pytest.approx(strata["treated_events"] / strata["treated_n"])
    assert not np.allclose(strata["difference"], strata["treated_rate"] - strata["control_rate"])
