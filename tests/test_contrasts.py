"""Of many groups those stand out that differ by more than chance, however many are looked at."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bulkkit as bk
from bulkkit.errors import InputError
from bulkkit.statistics import newcombe


def _rates(clicked: np.ndarray, delivered: np.ndarray) -> pd.DataFrame:
    names = [f"provider {place}" for place in range(len(clicked))]
    table = pd.DataFrame({"provider": names, "rate": "clicked", "counts": "human"})
    numbers = {"numerator": clicked, "denominator": delivered, "value": clicked / delivered}
    return table.assign(**numbers, lower=0.0, upper=1.0, verdict="")


def test_a_group_is_set_against_all_the_others() -> None:
    """The difference and its interval are Newcombe's, of the group and the rest together."""
    table = bk.against_rest(_rates(np.array([90, 20, 30]), np.array([500, 400, 600])))
    expected = newcombe(90, 500, 50, 1000)
    row = table.iloc[0]
    assert (row["others"], row["difference"]) == pytest.approx((0.05, expected.estimate))
    assert (row["difference_lower"], row["difference_upper"]) == pytest.approx((expected.lower, expected.upper))
    assert table["stands_out"].tolist() == ["above", "below", "below"]


def test_holm_calls_out_hardly_any_of_many_that_are_alike() -> None:
    """Of 30 groups with one rate Holm calls out any in 5 % of campaigns or fewer, and without it most campaigns."""
    rng = np.random.default_rng(1)
    wrong = {"holm": 0, "none": 0}
    for _ in range(80):
        found = bk.against_rest(_rates(rng.binomial(800, 0.05, 30), np.full(30, 800)))
        wrong["holm"] += int(found["stands_out"].isin(["above", "below"]).any())
        wrong["none"] += int((found["p_value"] < 0.05).any())
    assert wrong["holm"] <= 9
    assert wrong["none"] >= 45


def test_benjamini_and_hochberg_find_more() -> None:
    """Where a third of the groups differ, the milder correction calls out more of them."""
    rng = np.random.default_rng(2)
    clicked = rng.binomial(800, np.repeat([0.05, 0.085], [20, 10]))
    strict, mild = (
        bk.against_rest(_rates(clicked, np.full(30, 800)), correction) for correction in ("holm", "benjamini-hochberg")
    )
    assert 0 < (strict["stands_out"] == "above").sum() < (mild["stands_out"] == "above").sum()


def test_few_events_and_unknown_rates_are_no_tests() -> None:
    """Under ten events nothing is said, and what is not known is not counted among the tests."""
    table = _rates(np.array([3, 60, 40]), np.array([50, 800, 900]))
    found = bk.against_rest(table)
    assert found["stands_out"].tolist()[0] == "not enough data"
    assert np.isnan(found["p_adjusted"].iloc[0])
    unknown = table.assign(value=[np.nan, *table["value"].iloc[1:]])
    assert np.isnan(bk.against_rest(unknown)["difference"].iloc[0])
    alone = bk.against_rest(table.iloc[1:2])
    assert alone["stands_out"].tolist() == ["not enough data"]


def test_the_frame_comes_back_as_it_was() -> None:
    """Columns, order and index of the rates stay, and nothing is changed in the caller's frame."""
    table = _rates(np.array([30, 60, 40]), np.array([500, 800, 900])).set_axis([7, 3, 5])
    before = table.copy()
    found = bk.against_rest(table)
    pd.testing.assert_frame_equal(found[list(table.columns)], before)
    pd.testing.assert_frame_equal(table, before)


def test_what_cannot_be_set_apart_is_refused() -> None:
    """No rates frame, an unknown correction, and links (whose people are the same) are errors."""
    table = _rates(np.array([30, 60]), np.array([500, 800]))
    for call, message in (
        (lambda: bk.against_rest(table[["provider"]]), "rates frame has no column"),
        (lambda: bk.against_rest(table, "bonferroni"), "use one of holm, benjamini-hochberg"),
        (lambda: bk.against_rest(table.rename(columns={"provider": "link"})), "link share their messages"),
    ):
        with pytest.raises(InputError, match=message):
            call()
