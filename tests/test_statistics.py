"""Intervals agree with the field's libraries and with published examples, and cover what they promise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    power_proportions_2indep,
    proportion_confint,
    proportions_ztest,
    samplesize_confint_proportion,
)
from statsmodels.stats.weightstats import CompareMeans
from statsmodels.tools import add_constant

from bulkkit.errors import InputError
from bulkkit.statistics import (
    Arm,
    Weighed,
    benjamini_hochberg,
    enough,
    holm,
    influence,
    least_effect,
    least_share,
    lower_bound,
    mean_count,
    more_trials,
    newcombe,
    people_needed,
    power,
    propensity,
    sample_size,
    standardise,
    trials_below,
    two_proportions,
    upper_bound,
    weigh,
    wilson,
)

CLOSE = 1e-10
counts = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_wilson_agrees_with_statsmodels(count: tuple[int, int], confidence: float) -> None:
    """Wilson's bounds are statsmodels' for any counts and confidence."""
    found = wilson(*count, confidence)
    assert (found.lower, found.upper) == pytest.approx(
        proportion_confint(*count, alpha=1 - confidence, method="wilson"), abs=CLOSE
    )


def test_wilson_of_arrays_is_wilson_of_each() -> None:
    """A column of counts gives what each count gives, and no trials give missing values."""
    found = wilson(np.array([0, 3, 10, 0]), np.array([10, 10, 10, 0]))
    single = [wilson(x, 10) for x in (0, 3, 10)]
    np.testing.assert_array_equal(found.lower[:3], [one.lower for one in single])
    np.testing.assert_array_equal(found.upper[:3], [one.upper for one in single])
    assert np.isnan([found.estimate[3], found.lower[3], found.upper[3]]).all()


@given(counts, counts)
def test_newcombe_agrees_with_statsmodels(one: tuple[int, int], two: tuple[int, int]) -> None:
    """Newcombe's bounds are statsmodels' for any two proportions."""
    found = newcombe(*one, *two)
    expected = confint_proportions_2indep(*one, *two, method="newcomb", compare="diff")
    assert (found.lower, found.upper) == pytest.approx(expected, abs=CLOSE)


def test_published_examples() -> None:
    """The examples of Newcombe's two papers of 1998 come out as printed."""
    one = wilson(81, 263)
    assert (round(one.lower, 4), round(one.upper, 4)) == (0.2553, 0.3662)
    two = newcombe(56, 70, 48, 80)
    assert (round(two.estimate, 4), round(two.lower, 4), round(two.upper, 4)) == (0.2, 0.0524, 0.3339)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, min(n, 9)), st.just(n))))
def test_bounds_of_few_events_agree_with_scipy(count: tuple[int, int]) -> None:
    """Below ten events the one-sided bounds are Clopper and Pearson's, by scipy's beta quantiles."""
    x, n = count
    assert lower_bound(x, n) == pytest.approx(beta.ppf(0.05, x, n - x + 1) if x else 0, abs=CLOSE)
    assert upper_bound(x, n) == pytest.approx(beta.ppf(0.95, x + 1, n - x) if x < n else 1, abs=CLOSE)


def test_rule_of_three() -> None:
    """No event in 3,000 leaves about 3 / 3,000 possible, and 2,995 are needed to show less than 0.10 %."""
    assert upper_bound(0, 3000) == pytest.approx(3 / 3000, rel=0.01)
    assert upper_bound(0, 2995) < 0.001 < upper_bound(0, 2994)
    assert trials_below(0.001) == 2995


def test_wilson_covers_what_it_promises() -> None:
    """Over campaigns with n·p of 10 and more, 94 to 96 % of the intervals hold the truth; at n·p = 1 it is 92 %."""
    rng = np.random.default_rng(1)
    p = 10 ** rng.uniform(-3, -0.3, 40_000)
    n = np.ceil(10 ** rng.uniform(1, 3, p.size) / p).astype(int)
    found = wilson(rng.binomial(n, p), n)
    assert 0.94 <= np.mean((found.lower <= p) & (p <= found.upper)) <= 0.96
    x = np.arange(1001)
    sparse = wilson(x, np.full(1001, 1000))
    covered = binom.pmf(x, 1000, 0.001)[(sparse.lower <= 0.001) & (sparse.upper >= 0.001)].sum()
    assert covered == pytest.approx(0.92, abs=0.005)


def test_newcombe_covers_what_it_promises() -> None:
    """Over pairs of campaigns with ten events and more, 94 to 96 % of the intervals hold the true difference."""
    rng = np.random.default_rng(2)
    p, q = rng.uniform(0.01, 0.4, (2, 40_000))
    n, m = np.ceil(10 ** rng.uniform(1, 2.5, p.size) / p), np.ceil(10 ** rng.uniform(1, 2.5, q.size) / q)
    found = newcombe(rng.binomial(n.astype(int), p), n, rng.binomial(m.astype(int), q), m)
    assert 0.94 <= np.mean((found.lower <= p - q) & (p - q <= found.upper)) <= 0.96


@given(counts, counts)
def test_one_stratum_is_newcombe(one: tuple[int, int], two: tuple[int, int]) -> None:
    """With one stratum and nobody on both sides, standardising changes nothing."""
    found = standardise(_arm([one[0]], [one[1]]), _arm([two[0]], [two[1]]), np.ones(1))
    expected = newcombe(*one, *two)
    got = (found.difference.estimate, found.difference.lower, found.difference.upper)
    assert got == pytest.approx((expected.estimate, expected.lower, expected.upper), abs=1e-9)
    assert found.effective_n == pytest.approx(one[1] + two[1])


def test_standardised_interval_covers_in_sparse_strata() -> None:
    """Over designs of 2 to 200 strata of 1 to 200 messages, unequally shared, 94 to 96 % of the intervals hold."""
    rng = np.random.default_rng(4)
    covered, promised = np.array([_coverage(rng) for _ in range(250)]).T
    assert 0.94 <= covered[promised == 1].mean() <= 0.96
    assert covered[promised == 0].mean() >= 0.93
    assert promised.mean() > 0.3


def _coverage(rng: np.random.Generator) -> tuple[float, bool]:
    """Draw one design, and return its coverage and whether it has effective events enough for the promise."""
    shares = rng.gamma(1, 1, int(10 ** rng.uniform(0.3, 2.3))) + 0.05
    size, chosen = 2 * 10 ** rng.uniform(0, 2.3) * shares / shares.mean(), rng.beta(1, 1, shares.size)
    n1, n0 = rng.poisson(size * chosen) + 1, rng.poisson(size * (1 - chosen)) + 1
    p1 = np.minimum(10 ** rng.uniform(-2, -0.4) * np.exp(rng.normal(0, 0.5, shares.size)), 0.95)
    p0, weights = np.minimum(p1 * rng.uniform(0.4, 1.6), 0.95), (n1 + n0) / (n1 + n0).sum()
    promised = all(weights @ p / (weights**2 / n).sum() >= 10 for p, n in ((p1, n1), (p0, n0)))
    drawn = zip(rng.binomial(n1, p1, (40, n1.size)), rng.binomial(n0, p0, (40, n0.size)), strict=True)
    found = [standardise(_arm(x1, n1), _arm(x0, n0), weights).difference for x1, x0 in drawn]
    truth = weights @ (p1 - p0)
    return float(np.mean([one.lower <= truth <= one.upper for one in found])), promised


def _arm(events: object, trials: object) -> Arm:
    return Arm(np.asarray(events, float), np.asarray(trials, float))


def test_people_who_do_the_same_twice_count_once() -> None:
    """Sending each person two messages with the same outcome leaves the interval as wide as one message each."""
    rng = np.random.default_rng(3)
    did, group = (rng.random(400) < 0.2).astype(float), rng.integers(0, 4, 400)
    weights = np.full(4, 0.25)
    single = _of_people(did, group, np.arange(400), weights)
    double = _of_people(np.tile(did, 2), np.tile(group, 2), np.tile(np.arange(400), 2), weights)
    other = _arm([20] * 4, [100] * 4)
    one, two = standardise(single, other, weights).difference, standardise(double, other, weights).difference
    assert (two.lower, two.upper) == pytest.approx((one.lower, one.upper), abs=2e-4)


def _of_people(did: np.ndarray, group: np.ndarray, person: np.ndarray, weights: np.ndarray) -> Arm:
    moved = np.bincount(person, influence(did, group, weights))
    return Arm(np.bincount(group, did), np.bincount(group).astype(float), float(moved @ moved))


def test_the_same_people_doing_the_same_differ_by_nothing() -> None:
    """Where everybody is on both sides and does the same, the interval shrinks to the difference."""
    did, group, weights = np.array([1, 0, 0, 1, 0, 0.0]), np.array([0, 0, 0, 1, 1, 1]), np.full(2, 0.5)
    moved = influence(did, group, weights)
    arm = Arm(np.bincount(group, did), np.bincount(group).astype(float), float(moved @ moved))
    found = standardise(arm, arm, weights, covariance=float(moved @ moved)).difference
    assert found.estimate == found.lower + found.upper == pytest.approx(0, abs=1e-12)
    independent = standardise(arm, arm, weights).difference
    assert independent.upper > found.upper + 0.3


@pytest.mark.parametrize(("ours", "theirs"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
def test_corrections_agree_with_statsmodels(ours: Any, theirs: str) -> None:
    """Adjusted p-values are statsmodels', in the caller's order; a missing one is not counted among the tests."""
    rng = np.random.default_rng(6)
    for size in (1, 2, 3, 10, 40):
        p = np.round(rng.random(size) ** 3, 2)  # with ties
        expected = multipletests(p, method=theirs)[1]
        np.testing.assert_allclose(ours(p), expected, atol=CLOSE)
        np.testing.assert_allclose(ours(np.insert(p, size // 2, np.nan)), np.insert(expected, size // 2, np.nan))


@given(counts, counts)
def test_two_proportions_agree_with_statsmodels(one: tuple[int, int], two: tuple[int, int]) -> None:
    """The p-value is that of statsmodels' pooled z-test."""
    (x, n), (y, m) = one, two
    found = two_proportions(*(np.array([value], float) for value in (x, n, y, m)))[0]
    if 0 < x + y < n + m:
        assert found == pytest.approx(proportions_ztest([x, y], [n, m])[1], abs=CLOSE)
    else:
        assert np.isnan(found)


@given(st.floats(0.001, 0.5), st.floats(0.001, 0.4), st.integers(10, 10**6), st.floats(0.05, 20))
def test_power_agrees_with_statsmodels(rate: float, effect: float, treated: int, ratio: float) -> None:
    """The chance to tell two rates apart is statsmodels', for arms of any sizes."""
    expected = power_proportions_2indep(effect, rate, treated, ratio=ratio, return_results=False)
    assert power(rate, effect, treated, treated * ratio) == pytest.approx(expected, abs=CLOSE)


def test_sizes_are_the_least_that_do() -> None:
    """People, effect and share are the least that reach the power: one less, or a little less, does not."""
    people = people_needed(0.02, 0.004, 0.5, 0.8)
    assert people is not None
    assert power(0.02, 0.004, people / 2, people / 2) >= 0.8 > power(0.02, 0.004, people / 2 - 0.5, people / 2 - 0.5)
    effect = least_effect(0.02, 9000, 1000, 0.8)
    assert effect is not None
    assert power(0.02, effect, 9000, 1000) >= 0.8 > power(0.02, effect - 1e-6, 9000, 1000)
    share = least_share(0.02, 0.004, 60_000, 0.8)
    assert share is not None
    held = round(share * 60_000)
    assert power(0.02, 0.004, 60_000 - held, held) >= 0.8 > power(0.02, 0.004, 60_001 - held, held - 1)
    assert least_share(0.02, 0.004, 1000, 0.8) is None


def test_numbers_of_events_cover_what_they_promise() -> None:
    """Where people open several times each, 94 to 96 % of the intervals of the mean hold the truth."""
    rng = np.random.default_rng(5)
    n, mean = 400, rng.uniform(0.2, 2, (10_000, 1))
    opened = rng.poisson(mean * rng.gamma(1, 1, (10_000, n)))
    found = mean_count(opened.sum(1), (opened**2).sum(1), np.full(10_000, n))
    assert 0.94 <= np.mean((found.lower <= mean[:, 0]) & (mean[:, 0] <= found.upper)) <= 0.96


def test_numbers_of_events_by_hand() -> None:
    """Nothing leaves z² / n possible; three people who opened once each are no proof that everybody does."""
    none, regular = mean_count(0.0, 0.0, 400.0), mean_count(3.0, 3.0, 3.0)
    assert (none.estimate, none.lower) == (0, 0)
    assert none.upper == pytest.approx(1.959964**2 / 400, rel=1e-6)
    assert regular.lower < 0.6
    assert regular.upper > 1.5


def test_propensities_are_those_of_statsmodels() -> None:
    """The logistic model is statsmodels' GLM of grouped data."""
    rng = np.random.default_rng(7)
    x, n = rng.normal(size=(40, 3)), rng.integers(1, 60, 40).astype(float)
    k = rng.binomial(n.astype(int), 1 / (1 + np.exp(-x @ [0.5, -1, 0.2]))).astype(float)
    fitted = GLM(np.column_stack([k, n - k]), add_constant(x), family=Binomial()).fit().fittedvalues
    np.testing.assert_allclose(propensity(x, k, n), fitted, atol=1e-6)


@pytest.mark.parametrize("columns", [0, 2])
def test_a_column_of_many_values_is_as_so_many_dummies(columns: int) -> None:
    """Whether a column is handed in by its codes or as dummies, the chances are the same; alone it gives the shares."""
    rng = np.random.default_rng(7)
    code, n = np.arange(60) % 20, rng.integers(5, 60, 60).astype(float)
    k, x = np.clip(rng.binomial(n.astype(int), 0.4), 1, n - 1), rng.normal(size=(60, columns))
    dummies = (code[:, None] == np.arange(1, 20)).astype(float)
    found = propensity(x, k, n, code)
    np.testing.assert_allclose(found, propensity(np.column_stack([x, dummies]), k, n), atol=1e-6)
    if not columns:
        np.testing.assert_allclose(found, (np.bincount(code, k) / np.bincount(code, n))[code], atol=1e-6)


def test_weighing_by_equal_weights_is_newcombe() -> None:
    """With one weight for all and nobody on both sides, the weighted difference is Newcombe's."""
    one, two = np.repeat([1.0, 0.0], [56, 14]), np.repeat([1.0, 0.0], [48, 32])
    sides = [
        Weighed.of(outcome, np.full(len(outcome), 3.0), np.arange(len(outcome)) + start, np.ones(150))
        for outcome, start in ((one, 0), (two, 70))
    ]
    found, expected = weigh(*sides, shares=True).difference, newcombe(56, 70, 48, 80)
    assert (found.estimate, found.lower, found.upper) == pytest.approx(
        (expected.estimate, expected.lower, expected.upper)
    )


def test_standardised_means_are_the_normal_interval() -> None:
    """One stratum of numbers gives the difference of means, as wide as its standard error says."""
    rng = np.random.default_rng(8)
    one, two = rng.gamma(1, 30, 400), rng.gamma(1, 25, 300)
    arms = [Arm(np.array([x.sum()]), np.array([float(len(x))]), float(x.var() / len(x))) for x in (one, two)]
    found = standardise(*arms, np.ones(1), shares=False).difference
    expected = CompareMeans.from_data(one, two).zconfint_diff(usevar="unequal")
    assert found.estimate == pytest.approx(one.mean() - two.mean())
    assert (found.lower, found.upper) == pytest.approx(expected, rel=0.01)


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.2))
def test_sample_size_agrees_with_statsmodels(rate: float, margin: float) -> None:
    """The sample size is statsmodels', rounded up."""
    assert sample_size(rate, margin) == int(np.ceil(samplesize_confint_proportion(rate, margin)))


@given(counts)
def test_enough_data(count: tuple[int, int]) -> None:
    """Data are enough from ten events and ten non-events on, and otherwise some more trials are named."""
    x, n = count
    assert bool(enough(x, n)) == (x >= 10 and n - x >= 10)
    assert enough(x, n) or more_trials(x, n) >= 1


@given(counts)
def test_more_trials_are_as_many_as_are_needed(count: tuple[int, int]) -> None:
    """With the trials named ten events and ten non-events are expected, and with one trial less they are not."""
    x, n = count
    rarer, more = min(x, n - x), more_trials(x, n)
    rate = rarer / n if rarer else min(upper_bound(0, n), 0.5)
    assert (n + more) * rate >= 10 * (1 - CLOSE)
    assert not more or (n + more - 1) * rate < 10


def test_more_trials_by_hand() -> None:
    """7 of 2,000 need 858 more; 0 of 8 leave a rate of 31 % possible, at which 33 in all suffice."""
    assert [more_trials(7, 2000), more_trials(0, 8), more_trials(8, 8), more_trials(1, 40)] == [858, 25, 25, 360]


@pytest.mark.parametrize(
    "call",
    [
        lambda: wilson(5, 4),
        lambda: wilson(-1, 4),
        lambda: wilson(1, 4, 95),
        lambda: sample_size(0, 0.1),
        lambda: standardise(_arm([1], [2]), _arm([0], [0]), np.ones(1)),
    ],
)
def test_impossible_counts_are_refused(call: object) -> None:
    """More successes than trials, a confidence of 95 and a stratum with one side only are errors with a reason."""
    with pytest.raises(InputError):
        call()  # type: ignore[operator]
