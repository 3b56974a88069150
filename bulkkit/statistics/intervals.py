"""Intervals for proportions, for numbers of events, and for the difference of two proportions."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from bulkkit.errors import InputError

Array = NDArray[np.float64]
Number = TypeVar("Number", float, NDArray[Any])


@dataclass(frozen=True, slots=True)
class Interval(Generic[Number]):
    """An estimate and the bounds of its confidence interval, all missing (NaN) where nothing is known."""

    estimate: Number
    lower: Number
    upper: Number


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
    z2 = quantile(confidence) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        p = x / n
        centre = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = np.sqrt(z2 * (np.maximum(p * (1 - p), 0) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    lower, upper = np.where(p == 0, 0.0, centre - half), np.where(p == 1, 1.0, centre + half)
    return Interval(plain(p), plain(lower), plain(upper))


def mean_count(totals: Number, squares: Number, trials: Number, confidence: float = 0.95) -> Interval[Number]:
    """Return the interval of a mean number of events a trial, where a trial may have several.

    Parameters
    ----------
    totals, squares, trials
        The sum of the numbers of events, the sum of their squares, and how many trials there were.
    confidence
        Two-sided confidence, a fraction.

    Notes
    -----
    The score interval of a Poisson mean (for one event a trial at most it is close to Wilson's), at the number of
    events that is left of them by overdispersion: some people open ten times, and ten times are not ten people.
    """
    x, q, n = (np.asarray(given, float) for given in (totals, squares, trials))
    z2 = quantile(confidence) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = x / n
        # One event's worth of variance is added: three people who opened once each are no proof of regularity.
        dispersion = np.where(x > 0, (q / n - mean**2) / np.where(x > 0, mean, 1), 1.0) + np.where(x > 0, 1 / n, 0)
        events = x / dispersion
        half = np.sqrt(z2 * (events + z2 / 4))
        lower, upper = (dispersion * (events + z2 / 2 + sign * half) / n for sign in (-1, 1))
    return Interval(plain(mean), plain(np.where(x == 0, mean, lower)), plain(upper))


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
    return subtract(one, two, 0.0)


def subtract(one: Interval[Number], two: Interval[Number], correlation: float) -> Interval[Number]:
    """Combine two intervals by the squares of their distances from the estimates."""
    down, rise = one.estimate - one.lower, two.upper - two.estimate
    up, fall = one.upper - one.estimate, two.estimate - two.lower
    difference = one.estimate - two.estimate
    below = np.sqrt(np.maximum(down**2 - 2 * correlation * down * rise + rise**2, 0))
    above = np.sqrt(np.maximum(up**2 - 2 * correlation * up * fall + fall**2, 0))
    return Interval(plain(difference), plain(difference - below), plain(difference + above))


def quantile(confidence: float) -> float:
    """Return how many standard errors a two-sided interval reaches either way."""
    if not 0 < confidence < 1:
        raise InputError(f"confidence is a fraction between 0 and 1, such as 0.95, and not {confidence!r}.")
    return NormalDist().inv_cdf((1 + confidence) / 2)


def plain(value: Any) -> Any:
    """Return a number for a number and an array for an array."""
    return float(value) if np.ndim(value) == 0 else np.asarray(value, float)
