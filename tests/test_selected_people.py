"""People whom their own history chose, numbers that explain it, any outcome, and people held out by chance."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shipped_sample import expected, shipped

from bulkkit.comparison import compare
from bulkkit.comparison.sample import Sample
from bulkkit.comparison.trial import sharpened
from bulkkit.errors import InputError
from bulkkit.statistics import newcombe

START = pd.Timestamp("2026-06-01 09:00", tz="UTC")


def _shop(rng: np.random.Generator, people: int) -> pd.DataFrame:
    """Return customers of whom two thirds were drawn to get mail, with what they are like and what they did."""
    frame = pd.DataFrame({"email": [f"c{i}@x.example" for i in range(people)], "recency": rng.integers(1, 13, people)})
    frame["history"] = np.round(30 + rng.gamma(0.8, 265, people), 2)
    frame["newbie"] = (rng.random(people) < 0.5).astype(int)
    frame["channel"] = rng.choice(["Web", "Phone", "Multichannel"], people, p=[0.44, 0.44, 0.12])
    frame["arm"] = rng.choice(["mens", "womens", "none"], people)
    score = -2.2 - 0.07 * (frame["recency"] - 6) + 0.35 * np.log(frame["history"] / 200) - 0.3 * frame["newbie"]
    chance = {arm: 1 / (1 + np.exp(-score - gain)) for arm, gain in {"mens": 0.6, "womens": 0.4, "none": 0}.items()}
    frame["visit"] = rng.random(people) < np.select([frame["arm"] == arm for arm in chance], list(chance.values()))
    frame["spend"] = np.where(
        frame["visit"] & (rng.random(people) < 0.2), np.round(rng.lognormal(4, 0.8, people), 2), 0
    )
    frame["year"] = 100 * chance["none"] + rng.normal(0, 2, people)
    return frame.assign(effect=chance["womens"] - chance["none"])


def _chosen(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Keep good customers where they got mail, and poor ones where they got none."""
    liking = 0.6 * np.log(people["history"] / 200) - 0.15 * (people["recency"] - 6) - 0.5 * people["newbie"]
    sign = people["arm"].map({"womens": 1, "none": -1})
    return people[rng.random(len(people)) < 1 / (1 + np.exp(-sign * liking))]


def _mailed(people: pd.DataFrame) -> pd.DataFrame:
    sent = people[["email"]].assign(kind="sent", campaign=people["arm"], at=START)
    visits = sent[people["visit"].to_numpy()].assign(kind="clicked", machine=False)
    return pd.concat([sent, visits], ignore_index=True).astype({"machine": "boolean"})


KNOWN = ("recency", "history", "newbie", "channel")


def test_selection_by_numbers_and_words_is_undone() -> None:
    """64,000 people in known arms, chosen by what they spent: raw misses the truth by far, adjusted finds it."""
    rng = np.random.default_rng(12)
    people = _chosen(rng, _shop(rng, 64_000))
    truth = people["effect"].mean()
    found = compare(
        _mailed(people), contacts=people[["email", *KNOWN]], treated="womens", control="none", adjust=list(KNOWN)
    )
    assert found.raw.lower > truth + 0.01
    for estimate in (found.adjusted, found.weighted):
        assert estimate.lower <= truth <= estimate.upper
        assert estimate.upper - estimate.lower < 0.03
    assert found.overlap > 0.95
    assert len(found.strata["history"].unique()) >= 5
    unlike = found.balance.set_index(["covariate", "level"])
    assert unlike.loc[("history", "mean"), "before"] > 0.3
    assert unlike["after"].abs().max() < 0.05
    assert 0 < found.effective_n < len(people)


def test_numbers_are_cut_only_as_finely_as_both_sides_meet() -> None:
    """Few people and a number of many values give few groups; the names of groups say their bounds, in order."""
    rng = np.random.default_rng(12)
    people = _shop(rng, 1200).query("arm != 'mens'")
    found = compare(_mailed(people), contacts=people, treated="womens", control="none", adjust=["history", "recency"])
    assert found.overlap > 0.95
    assert 3 <= found.strata["history"].nunique() <= 10
    assert found.strata["history"].iloc[0].startswith("up to ")
    few = compare(_mailed(people), contacts=people, treated="womens", control="none", adjust="newbie")
    assert few.strata["newbie"].tolist() == ["0", "1"]
    joined = people.assign(joined=START - pd.to_timedelta(np.arange(len(people)), unit="D"))
    dated = compare(_mailed(people), contacts=joined, treated="womens", control="none", adjust="joined")
    assert dated.strata["joined"].nunique() == 10
    assert set(dated.balance["level"]) >= {"mean"}


@pytest.mark.parametrize("edge", [0.2, 0.25, 0.3])
def test_wide_groups_do_not_hide_where_the_sides_are_apart(edge: float) -> None:
    """Poor customers got no mail and rich ones nothing else: they are left out, and the verdict says how many."""
    people = _shop(np.random.default_rng(20), 60_000).query("arm != 'mens'")
    low, high = people["history"].quantile([edge, 1 - edge])
    people = people[np.where(people["arm"] == "womens", people["history"] > low, people["history"] < high)]
    found = compare(_mailed(people), contacts=people, treated="womens", control="none", adjust=["history", "channel"])
    alike = people["history"].between(low, high)
    assert found.overlap == pytest.approx(alike.mean(), abs=0.1)
    assert found.adjusted.lower <= people.loc[alike, "effect"].mean() <= found.adjusted.upper
    assert found.balance.set_index(["covariate", "level"]).loc[("history", "mean"), "after"] < 0.05
    groups = found.strata["history"].unique()
    assert [name for name in groups if name.startswith("up to ")] == [groups[0]]
    assert f"; only {100 * found.overlap:.0f} % have their like on the other side" in found.verdict


def test_sides_that_never_meet_in_a_number_are_refused() -> None:
    """Where each side has its own half of a number, or one side has none at all, nobody has a like."""
    people = _shop(np.random.default_rng(22), 6000).query("arm != 'mens'")
    mailed, middle = people["arm"] == "womens", people["history"].median()
    halves = people[(people["history"] > middle) == mailed]
    missing = people.assign(history=people["history"].where(mailed))
    for chosen in (halves, missing):
        found = compare(_mailed(chosen), contacts=chosen, treated="womens", control="none", adjust="history")
        assert found.overlap < 0.05
        assert found.verdict.startswith("no overlap")
        assert np.isnan(found.adjusted.difference)


def test_what_groups_are_too_wide_for_is_said() -> None:
    """Where people in one group still differ by much, the verdict says in what and by how much."""
    rng = np.random.default_rng(21)
    people = _shop(rng, 42).query("arm != 'mens'")
    people["history"] = rng.permutation(len(people)) * 10 + np.where(people["arm"] == "womens", 120, 0)
    found = compare(_mailed(people), contacts=people, treated="womens", control="none", adjust="history")
    assert found.balance.set_index(["covariate", "level"]).loc[("history", "mean"), "after"] > 0.1
    assert "; they still differ in history by " in found.verdict


def test_a_number_of_which_some_is_missing_has_a_group_for_that() -> None:
    """People without the number are compared with people without it."""
    people = _shop(np.random.default_rng(13), 3000).query("arm != 'mens'")
    people["history"] = people["history"].where(np.arange(len(people)) % 3 > 0)
    found = compare(_mailed(people), contacts=people, treated="womens", control="none", adjust="history")
    assert found.strata["history"].tolist()[-1] == "unknown"
    assert found.unknown["history"] == pytest.approx(1 / 3, abs=0.01)
    assert found.balance["after"].abs().max() < 0.05


def test_any_outcome_can_be_compared() -> None:
    """A column of contacts in the place of a rate: shares by Wilson's way, numbers by their means."""
    people = _shop(np.random.default_rng(14), 20_000).query("arm != 'mens'")
    sent = _mailed(people).query("kind == 'sent'")
    share = compare(sent, contacts=people, treated="womens", control="none", outcome="visit", adjust="newbie")
    clicked = compare(_mailed(people), contacts=people, treated="womens", control="none", adjust="newbie")
    assert astuple(share.adjusted) == pytest.approx(astuple(clicked.adjusted))
    assert 'more "visit" than none' in share.verdict
    mean = compare(
        sent, contacts=people, treated="womens", control="none", outcome="spend", adjust=["newbie", "channel"]
    )
    expected = people.groupby("arm")["spend"].mean()
    assert mean.raw.difference == pytest.approx(expected["womens"] - expected["none"])
    assert "a person" in mean.verdict
    assert (mean.strata["weight"] * mean.strata["difference"]).sum() == pytest.approx(mean.adjusted.difference)


def _held_out(people: pd.DataFrame) -> dict[str, Any]:
    """Return what compares people drawn to get mail with people held out."""
    mailed = people["arm"] != "none"
    events = people.loc[mailed, ["email"]].assign(kind="sent", campaign="spring", at=START)
    return {
        "events": events, "contacts": people, "treated": "spring", "control": "holdout",
        "holdouts": people.loc[~mailed, ["email"]].assign(campaign="spring"),
    }  # fmt: skip


def test_a_holdout_is_the_clean_answer() -> None:
    """Beside people held out the raw difference is the answer, and what was known before sharpens it."""
    people = _shop(np.random.default_rng(15), 12_000)
    plain = compare(**_held_out(people), outcome="visit")
    counted = people.groupby(people["arm"] != "none")["visit"].agg(["sum", "size"])
    expected = newcombe(*counted.loc[True], *counted.loc[False])
    assert (plain.raw.lower, plain.raw.upper) == pytest.approx((expected.lower, expected.upper))
    assert plain.adjusted == plain.raw
    assert plain.randomised
    assert plain.selection == 0
    assert plain.verdict.startswith('"visit" is ')
    assert "Chance decided who was held out, so nothing of it is selection" in plain.verdict


def test_what_was_before_sharpens_a_holdout() -> None:
    """CUPED narrows the interval by what the past explains, and over many trials it covers the truth."""
    rng = np.random.default_rng(16)
    people = _shop(rng, 3000)
    people["spend"] = people["year"] * 2 + np.where(people["arm"] == "none", 0, 1.5) + rng.normal(0, 8, len(people))
    plain, sharp = (compare(**_held_out(people), outcome="spend", before=name) for name in (None, "year"))
    rho2 = np.corrcoef(people["spend"], people["year"])[0, 1] ** 2
    widths = [one.adjusted.upper - one.adjusted.lower for one in (sharp, plain)]
    assert widths[0] / widths[1] == pytest.approx(np.sqrt(1 - rho2), rel=0.03)
    assert sharp.raw == plain.raw
    assert "off the variance" in sharp.verdict
    covered = [_covers(rng) for _ in range(2000)]
    assert 0.94 <= np.mean(covered) <= 0.96


def _covers(rng: np.random.Generator) -> bool:
    before, treated = rng.gamma(2, 10, 400), rng.random(400) < 0.7
    outcome = sharpened(before + rng.normal(0, 8, 400) + 1.5 * treated, before, treated)
    found = Sample(outcome, np.arange(400), treated, np.zeros(400, int), np.ones(400)).standardised().difference
    return found.lower <= 1.5 <= found.upper


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"holdouts": None}, "needs holdouts=ledger.holdouts"),
        ({"outcome": None}, "nothing to open or click"),
        ({"outcome": "email"}, "holds no numbers"),
        ({"outcome": "shoe"}, "no column shoe"),
        ({"contacts": None}, "pass contacts="),
        ({"treated": "autumn"}, "Nobody was held out of autumn"),
        ({"control": "spring", "treated": "summer"}, "go with control"),
    ],
)
def test_what_a_holdout_cannot_answer_is_refused(change: dict[str, Any], message: str) -> None:
    """Reactions to mail that was not sent, and people or columns that are not there, are errors with a way out."""
    with pytest.raises(InputError, match=message):
        compare(**_held_out(_shop(np.random.default_rng(17), 60)) | {"outcome": "visit"} | change)


@pytest.mark.parametrize("rate", ["clicked", "opened"])
def test_the_sample_history_is_read_through_its_selection(rate: str) -> None:
    """The shipped year of mail: raw misses the generator's truth, and between people alike it is covered."""
    told = expected()["comparison"]
    data = shipped()
    found = compare(
        data["events"], contacts=data["contacts"], treated=told["blast"], control=told["segmented"], rate=rate,
        adjust=["engagement", "tenure"],
    )  # fmt: skip
    truth = told["difference"][rate]["delivered"]
    assert not found.raw.lower <= truth <= found.raw.upper
    assert found.adjusted.lower <= truth <= found.adjusted.upper
    assert found.weighted.lower <= truth <= found.weighted.upper
