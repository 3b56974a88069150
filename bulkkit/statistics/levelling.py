"""What is left within groups that were cut from a number: people in one group are near each other, and not the same.

Cutting at quantiles leaves a part of the selection inside the groups, and in
large samples that part is wider than the interval. So in each group each
side's outcomes are moved along a slope to the group's own mean place in the
number: regression within subclasses (Rubin 1979, "Using multivariate matched
sampling and regression adjustment to control bias in observational studies";
Lunceford and Davidian 2004; for matches Abadie and Imbens 2011). The groups
stay what decides; the slope bridges what is left inside one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bulkkit.statistics.intervals import Array

_FLAT: Final = 1.0
"""A ridge: a dozen people of a level's whole width who show no slope, so that a few people show none either."""

Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where each message lies in one number.

    Attributes
    ----------
    level
        The code of the cut that it is in: each has a slope of its own.
    within
        Its rank among those of the cut, from -1/2 to 1/2; 0 where the number is missing.
    """

    level: Codes
    within: Array

    @classmethod
    def of(cls, values: Array, level: Codes, times: Array) -> Place:
        """Rank values within their levels, those that are equal in the middle of them; each counts so many times."""
        within, told = np.zeros(len(values)), np.flatnonzero(~np.isnan(values))
        if told.size:
            order = told[np.lexsort((values[told], level[told]))]
            new = np.r_[True, (np.diff(level[order]) != 0) | (np.diff(values[order]) != 0)]
            block = np.cumsum(new) - 1
            size, code = np.bincount(block, times[order]), level[order][new]
            whole = np.bincount(code, size)
            before = (np.cumsum(whole) - whole)[code]
            within[order] = ((np.cumsum(size) - size / 2 - before) / whole[code] - 0.5)[block]
        return cls(level, within)


def levelled(
    outcome: Array, group: Codes, treated: NDArray[np.bool_], times: Array, heads: Array, places: Sequence[Place]
) -> Array:
    """Return outcomes as if in each group both sides had the group's mean place in each number.

    Parameters
    ----------
    outcome, group, treated
        By message: what came of it, the code of its group, and its side.
    times, heads
        How many messages each stands for, and how many people, where a person is shared among several messages.
    places
        For each number where the messages lie in it.
    """
    told = outcome.astype(float)
    common = [place.within - _mean(place.within, group, heads)[group] for place in places]
    for side in (treated, ~treated):
        on_it = [Place(place.level[side], place.within[side]) for place in places]
        slopes = _slopes(outcome[side], group[side], times[side], on_it)
        for place, off, slope in zip(on_it, common, slopes, strict=True):
            told[side] -= off[side] * slope[place.level]
    return told


def _slopes(outcome: Array, group: Codes, times: Array, places: Sequence[Place]) -> list[Array]:
    """Return the slope in each level of each number, from differences within groups (least squares with a ridge)."""
    rest = outcome - _mean(outcome, group, times)[group]
    off = [place.within - _mean(place.within, group, times)[group] for place in places]
    sizes = [int(place.level.max(initial=-1)) + 1 for place in places]
    blocks = [
        [
            np.bincount(one.level * size + two.level, times * x * y, rows * size).reshape(rows, size)
            for two, y, size in zip(places, off, sizes, strict=True)
        ]
        for one, x, rows in zip(places, off, sizes, strict=True)
    ]
    matched = [
        np.bincount(place.level, times * x * rest, size) for place, x, size in zip(places, off, sizes, strict=True)
    ]
    solved = np.linalg.solve(np.block(blocks) + _FLAT * np.eye(sum(sizes)), np.concatenate(matched))
    return np.split(solved, np.cumsum(sizes)[:-1])


def _mean(values: Array, group: Codes, times: Array) -> Array:
    sums, whole = np.bincount(group, times * values), np.bincount(group, times)
    return np.divide(sums, whole, out=np.zeros(len(whole)), where=whole > 0)
