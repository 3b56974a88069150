"""Whether data are enough: one-sided bounds of rare events, and how many more messages would tell."""

from __future__ import annotations

from collections.abc import Callable
from math import comb
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bulkkit.statistics.intervals import wilson

LEAST_EVENTS: Final = 10
"""Wilson covers 94 to 96 % where n·p and n·(1 - p) reach this (simulated in the tests; Brown, Cai, DasGupta 2001)."""


def trials_below(rate: float, confidence: float = 0.95) -> int:
    """Return how many trials without any event show a rate below `rate`: 2,995 for 0.10 %."""
    return int(np.ceil(np.log1p(-confidence) / np.log1p(-rate)))


def lower_bound(successes: int, trials: int, confidence: float = 0.95) -> float:
    """Return the one-sided lower bound of a proportion: for few events exact (Clopper and Pearson 1934)."""
    if successes >= LEAST_EVENTS:
        return wilson(float(successes), float(trials), 2 * confidence - 1).lower
    return _solve(lambda rate: _at_most(successes - 1, trials, rate) <= confidence) if successes else 0.0


def upper_bound(successes: int, trials: int, confidence: float = 0.95) -> float:
    """Return the one-sided upper bound of a proportion: for few events exact, and for none the rule of three.

    References
    ----------
    Hanley, J. A. and Lippman-Hand, A. (1983). If nothing goes wrong, is everything all right?
    """
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


def _at_most(successes: int, trials: int, rate: float) -> float:
    return sum(comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(successes + 1))


def _solve(reached: Callable[[float], bool]) -> float:
    """Return the rate from which on `reached` holds, by halving."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high
