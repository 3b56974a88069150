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

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bulkkit.errors import InputError
from bulkkit.statistics.intervals import Array, Interval, quantile, subtract, wilson

OF_A_MEAN: Final = 1 / 3
"""Thirty messages, and not ten events, are the least for the interval of a mean."""


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


def standardise(
    treated: Arm,
    control: Arm,
    weights: Array,
    covariance: float = 0.0,
    confidence: float = 0.95,
    *,
    shares: bool = True,
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
    shares
        Whether outcomes are 0 or 1. Else `events` are sums of numbers, both arms need their `spread`, and intervals
        are the normal ones.

    Returns
    -------
    Standardised
        Fractions, or the unit of the outcomes.
    """
    share = np.asarray(weights, float) / np.sum(weights)
    if not share.size or np.any(treated.trials <= 0) or np.any(control.trials <= 0):
        raise InputError("standardise needs strata with messages on both sides; leave the one-sided ones out.")
    bounds = _standardised_rate if shares else _standardised_mean
    one, two = bounds(treated, share, confidence), bounds(control, share, confidence)
    spread = np.sqrt(_spread(treated, share) * _spread(control, share))
    correlation = float(np.clip(covariance / spread, -1, 1)) if spread > 0 else 0.0
    kish = [float(1 / np.sum(share**2 / arm.trials)) for arm in (treated, control)]
    rare = [min(rate.estimate, 1 - rate.estimate) if shares else OF_A_MEAN for rate in (one, two)]
    events = min(kish[0] * rare[0], kish[1] * rare[1])
    return Standardised(subtract(one, two, correlation), one, two, sum(kish), events)


def influence(outcome: Array, stratum: NDArray[np.intp], weights: Array, times: Array | float = 1.0) -> Array:
    """Return how much each message moves its arm's standardised rate: (w / n) · (outcome - rate of its stratum).

    Summed by person, squared and added up, it is the variance that allows for a
    person's messages being alike (the linearisation of survey statistics). Where
    a row stands for many messages that are the same, `times` says how many.
    """
    often = times * np.ones(len(outcome))
    trials = np.bincount(stratum, often, minlength=len(weights))
    events = np.bincount(stratum, often * outcome, minlength=len(weights))
    seen = np.maximum(trials, 1)
    return np.asarray((weights / seen)[stratum] * (outcome - (events / seen)[stratum]), float)


def _standardised_rate(arm: Arm, share: Array, confidence: float) -> Interval[float]:
    rate = float(np.clip(share @ (arm.events / arm.trials), 0, 1))
    effective = _effective(arm, share, rate)
    return wilson(rate * effective, effective, confidence)


def _standardised_mean(arm: Arm, share: Array, confidence: float) -> Interval[float]:
    mean = float(share @ (arm.events / arm.trials))
    # As for rates: one observation of the arm's overall variance is added in each stratum.
    sparse = float(np.sum((share / arm.trials) ** 2) / np.sum(share**2 / arm.trials))
    half = quantile(confidence) * float(np.sqrt(_spread(arm, share) * (1 + sparse)))
    return Interval(mean, mean - half, mean + half)


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
