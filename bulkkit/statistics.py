"""Intervals for proportions, their differences, and differences adjusted over strata.

The adjusted difference is directly standardised: each arm's rate is a weighted
mean of its rates in the strata. Three things make its interval hold where
strata are sparse:

1. The variance of a rate in a stratum of n messages is estimated with one
   observation of the arm's overall variance added, so that strata of one
   message count for what they are worth and not as certain.
2. Variance becomes an effective number of messages (Korn and Graubard 1998,
   "Confidence intervals for proportions with small expected number of positive
   counts estimated from survey data"), and Wilson's interval is taken at that.
3. The two Wilson intervals are combined by their distances from the estimate
   (Newcombe 1998, method 10; Zou and Donner 2008), with the correlation that
   people in both arms bring.

With one stratum and nobody in both arms this is Newcombe's method 10 itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb
from statistics import NormalDist
from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bulkkit.errors import InputError

Array = NDArray[np.float64]
Number = TypeVar("Number", float, NDArray[Any])

LEAST_EVENTS: Final = 10
"""Wilson covers 94 to 96 % where n·p and n·(1 - p) reach this (simulated in the tests; Brown, Cai, DasGupta 2001)."""


@dataclass(frozen=True, slots=True)
class Interval(Generic[Number]):
    """An estimate and the bounds of its confidence interval, all missing (NaN) where nothing is known."""

    estimate: Number
    lower: Number
    upper: Number


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of a comparison, stratum by stratum.

    Parameters
    ----------
    events, trials
        Numbers by stratum, in the same order on both sides.
    spread
        The sum over people of their squared influence on the standardised rate
        (see `influence`); needed where a person has several messages. Without
        it, messages are independent.
    """

    events: Array
    trials: Array
    spread: float | None = None


@dataclass(frozen=True, slots=True)
class Standardised:
    """A standardised difference, the two rates it is made of, and how much they are worth.

    Attributes
    ----------
    difference, treated, control
        Intervals, as fractions.
    effective_n
        Kish's (1965) effective number of messages of both arms together.
    effective_events
        Events, or non-events, among the effective messages of the arm that has fewer: from `LEAST_EVENTS` on the
        interval covers 94 to 96 % (simulated in the tests).
    """

    difference: Interval[float]
    treated: Interval[float]
    control: Interval[float]
    effective_n: float
    effective_events: float


def wilson(successes: Number, trials: Number, confidence: float = 0.95) -> Interval[Number]:
    """Return Wilson's interval for a proportion, of numbers or of arrays.

    Parameters
    ----------
    successes, trials
        Counts, 0 <= successes <= trials; they may be fractional. No trials give missing values.
    confidence
        Two-sided confidence, a fraction.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference.
    """
    x, n = np.asarray(successes, float), np.asarray(trials, float)
    if np.any((x < 0) | (x > n * (1 + 1e-12))):
        raise InputError("successes must lie between 0 and trials; check that both count the same people.")
    z2 = _quantile(confidence) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        p = x / n
        centre = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = np.sqrt(z2 * (np.maximum(p * (1 - p), 0) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    lower, upper = np.where(p == 0, 0.0, centre - half), np.where(p == 1, 1.0, centre + half)
    return Interval(_plain(p), _plain(lower), _plain(upper))


def newcombe(
    successes: Number, trials: Number, control_successes: Number, control_trials: Number, confidence: float = 0.95
) -> Interval[Number]:
    """Return Newcombe's interval (method 10) for the difference of two independent proportions.

    References
    ----------
    Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions.
    """
    one = wilson(successes, trials, confidence)
    two = wilson(control_successes, control_trials, confidence)
    return _subtract(one, two, 0.0)


def standardise(
    treated: Arm, control: Arm, weights: Array, covariance: float = 0.0, confidence: float = 0.95
) -> Standardised:
    """Return the difference of two rates standardised to one mix of strata, with its interval.

    Parameters
    ----------
    treated, control
        The two arms; every stratum must hold messages of both.
    weights
        The share of each stratum in the people compared; scaled to a sum of 1.
    covariance
        The sum over people of the product of their influences on the two rates; 0 where nobody is in both.
    confidence
        Two-sided confidence, a fraction.

    Returns
    -------
    Standardised
        Fractions.
    """
    share = np.asarray(weights, float) / np.sum(weights)
    if not share.size or np.any(treated.trials <= 0) or np.any(control.trials <= 0):
        raise InputError("standardise needs strata with messages on both sides; leave the one-sided ones out.")
    one, two = _standardised_rate(treated, share, confidence), _standardised_rate(control, share, confidence)
    spread = np.sqrt(_spread(treated, share) * _spread(control, share))
    correlation = float(np.clip(covariance / spread, -1, 1)) if spread > 0 else 0.0
    kish = [float(1 / np.sum(share**2 / arm.trials)) for arm in (treated, control)]
    rare = [min(rate.estimate, 1 - rate.estimate) for rate in (one, two)]
    events = min(kish[0] * rare[0], kish[1] * rare[1])
    return Standardised(_subtract(one, two, correlation), one, two, sum(kish), events)


def influence(outcome: Array, stratum: NDArray[np.intp], weights: Array) -> Array:
    """Return how much each message moves its arm's standardised rate: (w / n) · (outcome - rate of its stratum).

    Summed by person, squared and added up, it is the variance that allows for a
    person's messages being alike (the linearisation of survey statistics).
    """
    trials = np.bincount(stratum, minlength=len(weights)).astype(float)
    events = np.bincount(stratum, outcome, minlength=len(weights))
    seen = np.maximum(trials, 1)
    return np.asarray((weights / seen)[stratum] * (outcome - (events / seen)[stratum]), float)


def rule_of_three(trials: float, confidence: float = 0.95) -> float:
    """Return the highest rate that no event in `trials` leaves possible, about 3 / trials at 95 %.

    References
    ----------
    Hanley, J. A. and Lippman-Hand, A. (1983). If nothing goes wrong, is everything all right?
    """
    return float(-np.expm1(np.log1p(-confidence) / trials)) if trials > 0 else float("nan")


def trials_below(rate: float, confidence: float = 0.95) -> int:
    """Return how many trials without any event show a rate below `rate`: 2,995 for 0.10 %."""
    return int(np.ceil(np.log1p(-confidence) / np.log1p(-rate)))


def lower_bound(successes: int, trials: int, confidence: float = 0.95) -> float:
    """Return the one-sided lower bound of a proportion: for few events exact (Clopper and Pearson 1934)."""
    if successes >= LEAST_EVENTS:
        return wilson(float(successes), float(trials), 2 * confidence - 1).lower
    return _solve(lambda rate: _at_most(successes - 1, trials, rate) <= confidence) if successes else 0.0


def upper_bound(successes: int, trials: int, confidence: float = 0.95) -> float:
    """Return the one-sided upper bound of a proportion: for few events exact, and for none the rule of three."""
    if successes >= LEAST_EVENTS:
        return wilson(float(successes), float(trials), 2 * confidence - 1).upper
    return _solve(lambda rate: _at_most(successes, trials, rate) < 1 - confidence)


def enough(successes: ArrayLike, trials: ArrayLike) -> NDArray[np.bool_]:
    """Return whether there are events enough, and non-events enough, for the interval to hold what it promises."""
    x, n = np.asarray(successes, float), np.asarray(trials, float)
    return np.asarray(np.minimum(x, n - x) >= LEAST_EVENTS)


def more_trials(successes: int, trials: int) -> int:
    """Return how many more trials let one expect `enough` events and non-events, at the rate that was seen.

    Where no event, or no non-event, was seen, it is the least that the 95 % upper bound of its rate leaves possible.
    """
    rarer = min(successes, trials - successes)
    if rarer:
        return max(-(-trials * (LEAST_EVENTS - rarer) // rarer), 0)
    return int(np.ceil(LEAST_EVENTS / min(upper_bound(0, trials), 0.5))) - trials


def sample_size(rate: float, margin: float, confidence: float = 0.95) -> int:
    """Return how many trials estimate a proportion near `rate` to within `margin` (both fractions) either way."""
    if not (0 < rate < 1 and margin > 0):
        raise InputError("sample_size needs a rate between 0 and 1 and a margin above 0, both as fractions.")
    return int(np.ceil(_quantile(confidence) ** 2 * rate * (1 - rate) / margin**2))


def holm(p_values: ArrayLike) -> Array:
    """Return p-values adjusted for their number by Holm's (1979) step-down method; missing ones stay missing."""
    p = np.asarray(p_values, float)
    known = np.flatnonzero(~np.isnan(p))
    ranked = known[np.argsort(p[known], kind="stable")]
    adjusted = p.copy()
    adjusted[ranked] = np.minimum(np.maximum.accumulate(p[ranked] * np.arange(len(ranked), 0, -1)), 1)
    return adjusted


def _at_most(successes: int, trials: int, rate: float) -> float:
    return sum(comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(successes + 1))


def _solve(reached: Callable[[float], bool]) -> float:
    """Return the rate from which on `reached` holds, by halving."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def _standardised_rate(arm: Arm, share: Array, confidence: float) -> Interval[float]:
    rate = float(np.clip(share @ (arm.events / arm.trials), 0, 1))
    effective = _effective(arm, share, rate)
    return wilson(rate * effective, effective, confidence)


def _effective(arm: Arm, share: Array, rate: float) -> float:
    """Return the number of independent messages at which `rate` would be as uncertain as it is.

    Within a stratum p(1 - p) is estimated as (n·p̂(1 - p̂) + r) / n, where r is the
    arm's own r(1 - r); solving for r, which contains the variance sought, gives a
    closed form. It is exactly n for one stratum of n messages, whatever p̂ is.
    """
    prior = float(np.sum((share / arm.trials) ** 2))
    product = rate * (1 - rate)
    if product <= 0:
        alike = float(np.sum(share**2 / arm.trials))
        return (1 + alike) / (alike + prior)
    spread = _spread(arm, share)
    return (product + spread) / (spread + prior * product)


def _spread(arm: Arm, share: Array) -> float:
    if arm.spread is not None:
        return arm.spread
    rate = arm.events / arm.trials
    return float(np.sum(share**2 * rate * (1 - rate) / arm.trials))


def _subtract(one: Interval[Number], two: Interval[Number], correlation: float) -> Interval[Number]:
    """Combine two intervals by the squares of their distances from the estimates."""
    down, rise = one.estimate - one.lower, two.upper - two.estimate
    up, fall = one.upper - one.estimate, two.estimate - two.lower
    difference = one.estimate - two.estimate
    below = np.sqrt(np.maximum(down**2 - 2 * correlation * down * rise + rise**2, 0))
    above = np.sqrt(np.maximum(up**2 - 2 * correlation * up * fall + fall**2, 0))
    return Interval(_plain(difference), _plain(difference - below), _plain(difference + above))


def _quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise InputError(f"confidence is a fraction between 0 and 1, such as 0.95, and not {confidence!r}.")
    return NormalDist().inv_cdf((1 + confidence) / 2)


def _plain(value: Any) -> Any:
    return float(value) if np.ndim(value) == 0 else np.asarray(value, float)
