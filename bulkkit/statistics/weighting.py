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


def propensity(covariates: Array, treated: Array, trials: Array, kind: NDArray[np.intp] | None = None) -> Array:
    """Return the chance of being treated in each group, from a logistic model (iteratively reweighted least squares).

    Parameters
    ----------
    covariates
        A row a group, without a constant.
    treated, trials
        How many of each group's messages are on the treated side.
    kind
        The code of each group in one more column, such as the one with the most values; they have a constant each.
    """
    code = np.zeros(len(trials), int) if kind is None else kind
    slopes, constants = np.zeros(covariates.shape[1]), np.zeros(int(code.max()) + 1)
    chance = np.full(len(trials), 0.5)
    for _ in range(_ROUNDS):
        steps = _newton(covariates, code, np.maximum(trials * chance * (1 - chance), 1e-12), treated - trials * chance)
        slopes, constants = (old + np.clip(step, -4, 4) for old, step in zip((slopes, constants), steps, strict=True))
        chance = 1 / (1 + np.exp(-np.clip(covariates @ slopes + constants[code], -_LIMIT, _LIMIT)))
        if max(np.max(np.abs(step), initial=0) for step in steps) < 1e-10:
            break
    return np.asarray(chance, float)


def _newton(covariates: Array, code: NDArray[np.intp], spread: Array, rest: Array) -> tuple[Array, Array]:
    """Return how far slopes and constants go in one step.

    The constants' own block is diagonal, so they are eliminated first (Schur complement): a column of thousands of
    towns costs no matrix of thousands by thousands.
    """
    own = np.bincount(code, spread) + _RIDGE
    mixed = np.array([np.bincount(code, column * spread) for column in covariates.T]).reshape(-1, len(own))
    first, second = covariates.T @ rest, np.bincount(code, rest)
    block = (covariates.T * spread) @ covariates + _RIDGE * np.eye(len(first))
    slopes = np.linalg.solve(block - (mixed / own) @ mixed.T, first - mixed @ (second / own))
    return slopes, (second - slopes @ mixed) / own


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
