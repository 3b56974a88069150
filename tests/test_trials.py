"""A trial designed before the send: how many people, what effect, how many held out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from statsmodels.stats.proportion import power_proportions_2indep

import bulkkit as bk
from bulkkit.errors import InputError


def test_what_is_left_out_is_what_is_found() -> None:
    """People, effect and share are each the answer to the other two, and the power is statsmodels'."""
    needed = bk.design(0.02, effect=0.004)
    found = bk.design(0.02, people=needed.people)
    share = bk.design(0.02, effect=0.004, people=60_000)
    assert found.effect == pytest.approx(0.004, abs=2e-6)
    assert needed.holdout == pytest.approx(0.5, abs=1e-4)
    assert share.people == 60_000
    assert 0.2 < share.holdout < 0.25
    for one in (needed, found, share):
        assert one.treated + one.held_out == one.people
        expected = power_proportions_2indep(
            one.effect, 0.02, one.treated, ratio=one.held_out / one.treated, return_results=False
        )
        assert one.power == pytest.approx(expected, abs=1e-10)
        assert one.power >= 0.8


def test_the_promised_power_is_what_happens() -> None:
    """Over 10,000 simulated trials the effect is shown as often as the design says."""
    rng, plan = np.random.default_rng(1), bk.design(0.05, effect=0.02, holdout=0.3)
    x, y = rng.binomial(plan.treated, 0.07, 10_000), rng.binomial(plan.held_out, 0.05, 10_000)
    pooled = (x + y) / plan.people
    spread = np.sqrt(pooled * (1 - pooled) * (1 / plan.treated + 1 / plan.held_out))
    shown = np.abs(x / plan.treated - y / plan.held_out) / spread > 1.959964
    assert shown.mean() == pytest.approx(plan.power, abs=0.015)


def test_a_design_reads_as_a_sentence() -> None:
    """The sentence names the numbers, and a notebook shows them as a table."""
    plan = bk.design(0.02, people=50_000, holdout=0.1)
    assert str(plan) == plan.verdict
    assert plan.verdict == (
        "With 45,000 people written to and 5,000 held out, a change from 2.00% to 2.64% (0.64 points) is shown with a "
        "chance of 80%; a smaller one more likely is not (95% confidence, two-sided)."
    )
    assert "<td>5,000 (10.0%)</td>" in plan._repr_html_()
    single = bk.design(0.02, margin=0.002)
    assert single.verdict == (
        "18,824 messages tell a rate near 2.00% to within 0.20 points either way (95% confidence)."
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rate": 2, "people": 100}, "rate=2; it is a fraction"),
        ({"rate": 0.02}, "needs effect=, people= or margin="),
        ({"rate": 0.02, "effect": 0.99}, "with it the rate would be 101.0%"),
        ({"rate": 0.02, "effect": 0}, "or unchanged"),
        ({"rate": 0.02, "people": 1000, "holdout": 1.5}, "it is a share"),
        ({"rate": 0.02, "people": 1000, "power": 80}, "power=80"),
        ({"rate": 0.02, "people": 1}, "a comparison needs two"),
        ({"rate": 0.02, "margin": 0.01, "people": 10}, "leave out effect and people"),
        ({"rate": 0.02, "effect": 0.001, "people": 1000}, "are too few for that; half of them held out, they show a"),
    ],
)
def test_what_cannot_be_designed_is_refused(given: dict[str, Any], message: str) -> None:
    """Percentages for fractions, nothing asked, and effects that so few cannot show are errors with a way out."""
    with pytest.raises(InputError, match=message):
        bk.design(**given)
