"""Many tests at once: what is left of each p-value where one looks at all of them."""

from __future__ import annotations

from math import erfc, sqrt

import numpy as np
from numpy.typing import ArrayLike

from bulkkit.statistics.intervals import Array


def holm(p_values: ArrayLike) -> Array:
    """Return p-values adjusted for their number by Holm's (1979) step-down method; missing ones stay missing."""
    p = np.asarray(p_values, float)
    known = np.flatnonzero(~np.isnan(p))
    ranked = known[np.argsort(p[known], kind="stable")]
    adjusted = p.copy()
    adjusted[ranked] = np.minimum(np.maximum.accumulate(p[ranked] * np.arange(len(ranked), 0, -1)), 1)
    return adjusted


def benjamini_hochberg(p_values: ArrayLike) -> Array:
    """Return p-values adjusted by Benjamini and Hochberg's (1995) step-up method; missing ones stay missing."""
    p = np.asarray(p_values, float)
    known = np.flatnonzero(~np.isnan(p))
    ranked = known[np.argsort(p[known], kind="stable")][::-1]
    adjusted, number = p.copy(), len(ranked)
    adjusted[ranked] = np.minimum.accumulate(p[ranked] * number / np.arange(number, 0, -1))
    return adjusted


def two_proportions(successes: Array, trials: Array, others: Array, other_trials: Array) -> Array:
    """Return the two-sided p-value of each pair of proportions being one (the pooled score test); missing if undefined.

    References
    ----------
    Fleiss, J. L. (1981). Statistical methods for rates and proportions, chapter 2.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = (successes + others) / (trials + other_trials)
        spread = np.sqrt(pooled * (1 - pooled) * (1 / trials + 1 / other_trials))
        z = (successes / trials - others / other_trials) / spread
    return np.array([erfc(abs(one) / sqrt(2)) for one in z])
