"""People alike: numbers cut as finely as both sides still meet, and the table of the groups."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bulkkit.comparison.result import BALANCE_COLUMNS
from bulkkit.comparison.sample import Sample
from bulkkit.comparison.strata import Covariates, cut
from bulkkit.statistics import Place

FINENESS: Final = (10, 8, 7, 6, 5, 4, 3)
"""Groups that a number is cut into. Five remove 90 % of the bias that it brings, more remove most of the rest (Cochran
1968, "The effectiveness of adjustment by subclassification in removing bias in observational studies"), and a slope in
each group what is left (`bulkkit.statistics.levelled`): at a million people that was as wide as the interval."""

WELL_MET: Final = 0.95
"""The finest cut is taken at which so many people have their like on the other side; outcomes are not looked at."""

LOOKED_AT: Final = 20
"""Groups in which each number is first looked at by itself. Where such a group holds one side only, its people have no
like, and no wider group may give them one (common support; Crump, Hotz, Imbens and Mitnik 2009)."""
_OF_A_SIDE: Final = 5
"""Of the smaller side each of those groups holds so many in the mean: that chance leaves one empty is rare."""

MEAN: Final = "mean"
"""The level of `balance` that is a number's mean."""


def grouped(sample: Sample, known: Covariates) -> tuple[Sample, pd.DataFrame]:
    """Return the messages in groups of people alike, and what each group is."""
    alone = {str(name): _alone(sample, known.numbers[name]) for name in known.numbers}
    apart = np.any([label.notna() for label in alone.values()], axis=0) if alone else np.zeros(len(sample.group), bool)
    people = replace(sample, group=apart.astype(int)).heads()
    for groups in FINENESS:
        number, labels = _numbered(known.cut(groups, alone, sample.people))
        found = replace(sample, group=number)
        if known.numbers.columns.empty or _overlap(found) >= WELL_MET * people[0] / people.sum():
            break
    return found.levelled(_places(found, labels, known)), labels


def _places(sample: Sample, labels: pd.DataFrame, known: Covariates) -> list[Place]:
    """Return where in its cut of each number each message lies."""
    return [
        Place.of(_as_numbers(known.numbers[name]), pd.factorize(labels[name])[0][sample.group], sample.people)
        for name in known.numbers
    ]


def _alone(sample: Sample, column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a label for each message that no number near its own answers on the other side; missing for the others."""
    smaller = min(int(sample.people[side].sum()) for side in (sample.treated, ~sample.treated))
    labels = cut(column, sample.people, int(np.clip(smaller // _OF_A_SIDE, FINENESS[-1], LOOKED_AT)))
    found = replace(sample, group=labels.cat.codes.to_numpy().astype(int))
    met = _both(found) | (_overlap(found) >= WELL_MET)
    return labels.astype("str").mask(met[found.group])


def tabled(labels: pd.DataFrame, sample: Sample) -> pd.DataFrame:
    """Return the table of the groups: numbers and rates of both sides, weight, difference between people alike."""
    counted: dict[str, NDArray[Any]] = {}
    even: list[NDArray[Any]] = []
    for name, side in (("treated", sample.treated), ("control", ~sample.treated)):
        trials, events = sample.trials(side), sample.events(side)
        whole = events.astype(int) if sample.is_share else events
        counted |= {f"{name}_n": trials.astype(int), f"{name}_events": whole, f"{name}_rate": _rate(events, trials)}
        even.append(_rate(sample.even_events(side), trials))
    both = (counted["treated_n"] > 0) & (counted["control_n"] > 0)
    people = np.where(both, sample.heads(), 0)
    return labels.assign(**counted, weight=people / max(people.sum(), 1), difference=even[0] - even[1])


def _rate(events: NDArray[Any], trials: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(np.divide(events, trials, out=np.full(len(trials), np.nan), where=trials > 0))


def balance(sample: Sample, strata: pd.DataFrame, known: Covariates) -> pd.DataFrame:
    """Return how unlike the two sides are in each level, before and after standardising (columns `BALANCE_COLUMNS`).

    A standardised mean difference is that of the shares (or means) in standard deviations before adjusting (Austin
    2009, "Balance diagnostics for comparing the distribution of baseline covariates"). Of levels none is left, by
    construction; of the mean of a number what its groups were too wide for.
    """
    before = [strata[f"{side}_n"].to_numpy(float) / strata[f"{side}_n"].sum() for side in ("treated", "control")]
    rows: list[tuple[str, str, float, float]] = []
    for name in known.order:
        for level in strata[name].drop_duplicates().sort_values():
            here = (strata[name] == level).to_numpy()
            one, two = (float(share[here].sum()) for share in before)
            spread = np.sqrt((one * (1 - one) + two * (1 - two)) / 2)
            rows.append((name, str(level), float((one - two) / spread) if spread > 0 else 0.0, 0.0))
        if name in known.numbers:
            rows.append((name, MEAN, *_means(sample, strata, _as_numbers(known.numbers[name]))))
    return pd.DataFrame(rows, columns=list(BALANCE_COLUMNS))


def _means(sample: Sample, strata: pd.DataFrame, values: NDArray[Any]) -> tuple[float, float]:
    """Return the standardised difference of a number's means, before and after."""
    before, after, variances = [], [], []
    for side in (sample.treated, ~sample.treated):
        chosen = side & ~np.isnan(values)
        told, people, group = values[chosen], sample.people[chosen], sample.group[chosen]
        shares = people * (strata["weight"].to_numpy() / np.maximum(sample.trials(chosen), 1))[group]
        mean = people @ told / people.sum() if told.size else np.nan
        before.append(mean)
        after.append(shares @ told / shares.sum() if shares.any() else np.nan)
        variances.append(people @ (told - mean) ** 2 / people.sum() if told.size else np.nan)
    spread = np.sqrt(np.mean(variances))
    return float((before[0] - before[1]) / spread), float((after[0] - after[1]) / spread)


def _as_numbers(column: pd.Series[Any]) -> NDArray[Any]:
    if pd.api.types.is_datetime64_any_dtype(column):
        return np.asarray((column - column.min()).dt.total_seconds(), float)
    return np.asarray(column.to_numpy(float, na_value=np.nan))


def _overlap(sample: Sample) -> float:
    return float(sample.heads()[_both(sample)].sum() / sample.heads().sum())


def _both(sample: Sample) -> NDArray[np.bool_]:
    """Return which groups hold people of both sides."""
    return np.asarray((sample.trials(sample.treated) > 0) & (sample.trials(~sample.treated) > 0))


def _numbered(alike: pd.DataFrame) -> tuple[NDArray[Any], pd.DataFrame]:
    """Return the number of each message's group, and what each group is."""
    if alike.columns.empty:
        return np.zeros(len(alike), int), pd.DataFrame(index=[0])
    group = alike.groupby(list(alike.columns), observed=True).ngroup().to_numpy()
    return group, alike.iloc[np.unique(group, return_index=True)[1]].reset_index(drop=True)
