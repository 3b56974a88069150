"""Hours to open and click: the curve is Kaplan and Meier's, and who cannot be seen is in none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from bulkkit.errors import InputError
from bulkkit.waiting import WAITING_COLUMNS, kaplan_meier, waiting

START = pd.Timestamp("2026-10-01 09:00", tz="UTC")


def _events(clicks: dict[int, float], people: int = 10, machine: bool | None = False, end: float = 100) -> pd.DataFrame:
    """Return deliveries to so many people at one moment, clicks by some after so many hours, and a last event."""
    rows = [("delivered", place, 0.0, None) for place in range(people)]
    rows += [("sent", place, 0.0, None) for place in range(people)]
    rows += [("clicked", place, hours, machine) for place, hours in clicks.items()]
    frame = pd.DataFrame(rows, columns=["kind", "person", "hours", "machine"])
    later = pd.DataFrame({"kind": ["sent"], "person": [0], "hours": [end], "campaign": ["later"]})
    both = pd.concat([frame.assign(campaign="news"), later], ignore_index=True)
    at, judged = START + pd.to_timedelta(both["hours"], unit="h"), both["machine"].astype("boolean")
    return both.assign(at=at, email="p" + both["person"].astype(str) + "@x.example", source="history", machine=judged)


WATCHED = st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=3, max_size=80)


@given(WATCHED.filter(lambda people: any(reacted for _, reacted in people)))
@settings(max_examples=40, deadline=None)
def test_the_curve_is_that_of_statsmodels(people: list[tuple[int, bool]]) -> None:
    """The estimate agrees with statsmodels' product-limit estimator at each time."""
    hours, reacted = np.array([float(h) for h, _ in people]), np.array([done for _, done in people])
    ending = np.unique(hours, return_inverse=True)[1]
    counts = np.bincount(ending, reacted.astype(float))
    at_risk = len(people) - np.concatenate([[0], np.cumsum(np.bincount(ending))[:-1]])
    value, lower, upper = kaplan_meier(counts, at_risk)
    oracle = SurvfuncRight(hours, reacted)
    np.testing.assert_allclose(1 - value[counts > 0], oracle.surv_prob, atol=1e-12)
    assert (lower <= value + 1e-12).all()
    assert (value <= upper + 1e-12).all()


def test_the_interval_covers() -> None:
    """Over 400 samples with censoring, 92 to 98 % of the intervals at one hour hold the true share."""
    rng, held, truth = np.random.default_rng(4), 0, 1 - np.exp(-1)
    for _ in range(400):
        clicked, watched = rng.exponential(1, 150), rng.uniform(0.5, 3, 150)
        hours, reacted = np.minimum(clicked, watched), clicked <= watched
        order = np.argsort(hours)
        value = kaplan_meier(reacted[order].astype(float), np.arange(150, 0, -1))
        place = np.searchsorted(hours[order], 1.0) - 1
        held += value[1][place] <= truth <= value[2][place]
    assert 0.92 <= held / 400 <= 0.98


def test_who_was_watched_briefly_counts_for_as_long() -> None:
    """With data that end early, who has not clicked is censored there and not counted as having refused."""
    found = waiting(_events({0: 1.0, 1: 5.0}), campaigns=["news"]).query("rate == 'clicked' and counts == 'human'")
    assert list(found.columns) == list(WAITING_COLUMNS)
    assert found["hours"].tolist() == [1.0, 5.0]
    assert found["value"].tolist() == pytest.approx([0.1, 0.2])
    assert found["n"].tolist() == [10, 10]


def test_machines_are_in_the_ceiling_alone_and_the_unjudged_in_no_floor() -> None:
    """A machine's click is no person's; where nobody judged, there is a ceiling and no floor."""
    machines = waiting(_events({0: 1.0, 1: 2.0}, machine=True), campaigns=["news"])
    assert set(machines["counts"]) == {"all"}
    unjudged = waiting(_events({0: 1.0}, machine=None), campaigns=["news"])
    assert set(unjudged["counts"]) == {"all"}
    assert waiting(_events({}).assign(source="ledger"), campaigns=["news"]).empty


def test_the_untracked_are_not_watched() -> None:
    """Who was left untracked is not among those who could be seen."""
    events = _events({0: 1.0})
    emails = [f"p{place}@x.example" for place in range(10)]
    sends = pd.DataFrame(
        {"campaign": "news", "email": emails, "state": "accepted", "tracked": [True] * 5 + [False] * 5}
    )
    assert set(waiting(events, sends, ["news"])["n"]) == {5}


def test_texts_are_no_moments() -> None:
    """Events whose times are text are refused, and the error says what to do."""
    with pytest.raises(InputError, match="holds no moments"):
        waiting(_events({}).assign(at="2026-10-01"))
