"""How many people a trial needs, and what a trial of so many could show.

Two rates are told apart by the pooled score test. Its power, with r people in one arm for each in the other, is that of
Fleiss, Tytun and Ury (1980), "A simple approximation for calculating sample sizes for comparing independent
proportions", without their correction for continuity; it is statsmodels' `power_proportions_2indep`.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import Final

import numpy as np

from bulkkit.errors import InputError
from bulkkit.statistics.intervals import quantile

_STEPS: Final = 1_000_000


def sample_size(rate: float, margin: float, confidence: float = 0.95) -> int:
    """Return how many trials estimate a proportion near `rate` to within `margin` (both fractions) either way."""
    if not (0 < rate < 1 and margin > 0):
        raise InputError("sample_size needs a rate between 0 and 1 and a margin above 0, both as fractions.")
    return int(np.ceil(quantile(confidence) ** 2 * rate * (1 - rate) / margin**2))


def power(rate: float, effect: float, treated: float, control: float, confidence: float = 0.95) -> float:
    """Return the chance of showing that two rates differ.

    Parameters
    ----------
    rate, effect
        The control's rate, and how much the treated differ from it; fractions.
    treated, control
        People in each arm.
    confidence
        Of the two-sided test that will be made, a fraction.
    """
    other = rate + effect
    pooled = (treated * other + control * rate) / (treated + control)
    null = np.sqrt(pooled * (1 - pooled) * (1 / treated + 1 / control))
    true = np.sqrt(other * (1 - other) / treated + rate * (1 - rate) / control)
    if true == 0:
        return 1.0
    tails = ((sign * abs(effect) - quantile(confidence) * null) / true for sign in (1, -1))
    return sum(NormalDist().cdf(float(tail)) for tail in tails)


def people_needed(
    rate: float, effect: float, share: float, wanted: float, confidence: float = 0.95, most: int = 10**12
) -> int | None:
    """Return the fewest people, of whom a share is the control, that reach a power; None where not even `most` do."""

    def reached(people: int) -> bool:
        return power(rate, effect, people * (1 - share), people * share, confidence) >= wanted

    return _least(reached, 2, most)


def least_effect(rate: float, treated: float, control: float, wanted: float, confidence: float = 0.95) -> float | None:
    """Return the least rise of a rate (in steps of a millionth) that reaches a power; None if none does."""

    def reached(steps: int) -> bool:
        return power(rate, steps / _STEPS, treated, control, confidence) >= wanted

    found = _least(reached, 1, int((1 - rate) * _STEPS))
    return None if found is None else found / _STEPS


def least_share(rate: float, effect: float, people: int, wanted: float, confidence: float = 0.95) -> float | None:
    """Return the smallest share of people held out, up to a half, that reaches a power; None where not even a half."""

    def reached(held: int) -> bool:
        return power(rate, effect, people - held, held, confidence) >= wanted

    found = _least(reached, 1, people // 2)
    return None if found is None else found / people


def _least(reached: Callable[[int], bool], low: int, high: int) -> int | None:
    """Return the least whole number at which `reached` holds, by halving; None where it does not hold at `high`."""
    if low > high or not reached(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle + 1, high)
    return low
