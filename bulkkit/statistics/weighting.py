"""Inverse-probability weighting: each message counts by how unlikely it was to be on its side.

Horvitz and Thompson (1952); the weights are scaled to a sum of 1 (Hájek 1971).
The chances come from a logistic model of what is known of people (Rosenbaum and
Rubin 1983, "The central role of the propensity score"). Weights are taken as
known, which makes intervals a little too wide (Lunceford and Davidian 2004).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bulkkit.statistics.intervals import Array, Interval, quantile, subtract, wilson
from bulkkit.statistics.standardising import OF_A_MEAN, Standardised

_RIDGE: Final = 1e-6
_ROUNDS: Final = 50
_LIMIT: Final = 30.0
"""On the scale of log odds: beyond it a chance is 0 or 1 to thirteen places."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """One side: its weighted mean, how much each person moves it (of people alike the root of the sum of squares), and
    Kish's effective number of messages.
    """

    mean: float
    moves: Array
    effective: float

    @classmethod
    def of(cls, outcome: Array, weights: Array, person: NDArray[np.intp], people: Array) -> Weighed:
        """Weigh outcomes; a person's messages hang together, and each person's code stands for so many `people`."""
        times = people[person]
        share = weights / (times @ weights)
        mean = float((times * share) @ outcome)
        moves = np.bincount(person, share * (outcome - mean), len(people)) * np.sqrt(people)
        return cls(mean, np.asarray(moves, float), float(1 / (times @ share**2)))


def propensity(covariates: Array, treated: Array, trials: Array) -> Array:
    """Return the chance of being treated in each group, from a logistic model (iteratively reweighted least squares).

    Parameters
    ----------
    covariates
        A row a group, without a constant.
    treated, trials
        How many of each group's messages are on the treated side.
    """
    design = np.column_stack([np.ones(len(trials)), covariates])
    beta = np.zeros(design.shape[1])
    chance = np.full(len(trials), 0.5)
    for _ in range(_ROUNDS):
        spread = np.maximum(trials * chance * (1 - chance), 1e-12)
        gradient = design.T @ (treated - trials * chance) - _RIDGE * beta
        step = np.linalg.solve((design.T * spread) @ design + _RIDGE * np.eye(len(beta)), gradient)
        beta = beta + np.clip(step, -4, 4)
        chance = 1 / (1 + np.exp(-np.clip(design @ beta, -_LIMIT, _LIMIT)))
        if np.max(np.abs(step)) < 1e-10:
            break
    return np.asarray(chance, float)


def weigh(treated: Weighed, control: Weighed, *, shares: bool, confidence: float = 0.95) -> Standardised:
    """Return the difference of two weighted means, with its interval.

    Parameters
    ----------
    treated, control
        The two sides, with the same people.
    shares
        Whether outcomes are 0 or 1, so that Wilson's interval holds; else means take the normal one.
    confidence
        Two-sided confidence, a fraction.
    """
    one, two = (_bounds(side, shares, confidence) for side in (treated, control))
    both = float(np.sqrt(_variance(treated) * _variance(control)))
    correlation = float(np.clip(treated.moves @ control.moves / both, -1, 1)) if both > 0 else 0.0
    rare = [min(side.mean, 1 - side.mean) if shares else OF_A_MEAN for side in (treated, control)]
    events = min(treated.effective * rare[0], control.effective * rare[1])
    effective = treated.effective + control.effective
    return Standardised(subtract(one, two, correlation), one, two, effective, events)


def _variance(side: Weighed) -> float:
    return float(side.moves @ side.moves)


def _bounds(side: Weighed, shares: bool, confidence: float) -> Interval[float]:
    variance = _variance(side)
    if not shares:
        half = quantile(confidence) * float(np.sqrt(variance))
        return Interval(side.mean, side.mean - half, side.mean + half)
    mean = min(max(side.mean, 0.0), 1.0)
    messages = mean * (1 - mean) / variance if variance > 0 else side.effective
    return wilson(mean * messages, messages, confidence)
