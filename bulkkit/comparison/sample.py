"""The messages of a comparison as arrays, and what is estimated from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bulkkit.comparison.result import Estimate
from bulkkit.statistics import Arm, Place, Standardised, Weighed, influence, levelled, propensity, standardise, weigh


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Messages as arrays: what came of each, whose it is (a code), on which side, in which group (a code).

    A row stands for the messages of so many `people` of whom all of this is the same; rows with one code of a person
    are of the same people. `even` is each outcome as it would be if both sides were alike inside their groups
    (`bulkkit.statistics.levelled`); where nothing is known that differs there, it is not given.
    """

    outcome: NDArray[Any]
    person: NDArray[Any]
    treated: NDArray[Any]
    group: NDArray[Any]
    people: NDArray[Any]
    even: NDArray[Any] | None = None

    @property
    def is_share(self) -> bool:
        """Whether each message counts or does not, so that means are proportions."""
        return bool(np.isin(self.outcome, (0, 1)).all())

    def events(self, side: NDArray[Any]) -> NDArray[Any]:
        """Return how many messages of one side counted (or the sum of their outcomes), by group."""
        return self._sum(side, self.people * self.outcome)

    def even_events(self, side: NDArray[Any]) -> NDArray[Any]:
        """Return the same as if both sides were alike inside the groups."""
        return self._sum(side, self.people * self._told)

    def trials(self, side: NDArray[Any]) -> NDArray[Any]:
        """Return how many messages one side has, by group."""
        return self._sum(side, self.people)

    def heads(self) -> NDArray[Any]:
        """Return how many people each group holds; a person with several messages is shared among them."""
        return self._sum(np.ones(len(self.outcome), bool), self._heads)

    def pooled(self) -> Sample:
        """Return the same messages as one group."""
        return replace(self, group=np.zeros_like(self.group), even=None)

    def levelled(self, places: Sequence[Place]) -> Sample:
        """Return the same messages, alike within their groups in some numbers."""
        if not places:
            return self
        even = levelled(self.outcome, self.group, self.treated, self.people, self._heads, places)
        return replace(self, even=even)

    def within(self, groups: NDArray[Any]) -> Sample:
        """Return the messages of some groups, which are numbered anew."""
        kept, number = groups[self.group], np.cumsum(groups) - 1
        group, people = number[self.group[kept]], self.people[kept]
        even = None if self.even is None else self.even[kept]
        return Sample(self.outcome[kept], self.person[kept], self.treated[kept], group, people, even)

    def standardised(self) -> Standardised:
        """Return the difference standardised over the groups, its interval clustered by person."""
        weights = self.heads() / self.heads().sum()
        one, two = self._moves(self.treated, weights), self._moves(~self.treated, weights)
        treated = Arm(self.even_events(self.treated), self.trials(self.treated), float(one @ one))
        control = Arm(self.even_events(~self.treated), self.trials(~self.treated), float(two @ two))
        return standardise(treated, control, weights, covariance=float(one @ two), shares=self.is_share)

    def weighted(self, levels: pd.DataFrame) -> Standardised:
        """Return the difference under inverse-probability weights; the groups' levels explain who got what."""
        largest = levels.nunique().idxmax()
        dummies = [_dummies(levels[name]) for name in levels.columns.drop([largest])]
        both = self.trials(np.ones(len(self.outcome), bool))
        model = np.column_stack([np.empty((len(levels), 0)), *dummies])
        chance = propensity(model, self.trials(self.treated), both, pd.factorize(levels[largest])[0])
        arms = []
        for side, got in ((self.treated, chance), (~self.treated, 1 - chance)):
            weights = 1 / got[self.group[side]]
            arms.append(Weighed.of(self._told[side], weights, self.person[side], self._of_each_person()))
        return weigh(*arms, shares=self.is_share)

    def estimate(self, found: Standardised) -> Estimate:
        """Return a difference with the two rates and the numbers of messages."""
        return Estimate.of(found, *(int(self.people[side].sum()) for side in (self.treated, ~self.treated)))

    @property
    def _told(self) -> NDArray[Any]:
        return self.outcome if self.even is None else self.even

    @property
    def _heads(self) -> NDArray[Any]:
        return np.asarray(self.people / np.bincount(self.person)[self.person])

    def _moves(self, side: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
        """Return how much each person's messages on one side move its rate (of people alike: the root of squares)."""
        pushes = influence(self._told[side], self.group[side], weights, self.people[side])
        alike = self._of_each_person()
        return np.asarray(np.bincount(self.person[side], pushes, len(alike)) * np.sqrt(alike))

    def _of_each_person(self) -> NDArray[Any]:
        """Return for how many people each code of a person stands."""
        found = np.zeros(int(self.person.max()) + 1)
        found[self.person] = self.people
        return found

    def _sum(self, chosen: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
        return np.bincount(self.group[chosen], values[chosen], int(self.group.max()) + 1)


def _dummies(column: pd.Series[Any]) -> NDArray[Any]:
    return pd.get_dummies(column.astype("str"), drop_first=True, dtype=float).to_numpy(float)
