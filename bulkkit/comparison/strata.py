"""What makes people alike, as labels: words, bands, and numbers cut into groups of equal size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bulkkit.comparison.past import BANDS
from bulkkit.outcomes import NOT_TOLD

FEW_VALUES: Final = 10
"""Numbers of more values than this are cut at their quantiles."""


@dataclass(frozen=True, slots=True, eq=False)
class Covariates:
    """What was known of each message's person: a row a message.

    Attributes
    ----------
    labels
        Columns of words, numbers with few values among them.
    numbers
        Columns of numbers (or moments) that are cut into groups of equal size.
    order
        The names of both as they were asked for.
    """

    labels: pd.DataFrame
    numbers: pd.DataFrame
    order: tuple[str, ...]

    def cut(self, groups: int, alone: Mapping[str, pd.Series[Any]], people: NDArray[Any]) -> pd.DataFrame:
        """Return all columns as labels, numbers cut at their quantiles into so many groups at most.

        Where `alone` has a label of a number for a message, that one stays, and only the rest is cut.
        """
        cuts = {name: _cut_beside(self.numbers[name], people, groups, alone[str(name)]) for name in self.numbers}
        return pd.DataFrame({n: cuts[n] if n in cuts else self.labels[n] for n in self.order}, self.labels.index)


def covariates(messages: pd.DataFrame, adjust: Sequence[str]) -> Covariates:
    """Return the columns of `adjust`, in the order of `messages`; of what nobody knows everybody is unknown."""
    bands = {name: messages[name].astype(pd.CategoricalDtype(list(BANDS[name]))) for name in adjust if name in BANDS}
    numbers = [name for name in adjust if name not in bands and name in messages and _is_fine(messages[name])]
    words = {name: bands[name] if name in bands else _own(messages, name) for name in adjust if name not in numbers}
    return Covariates(pd.DataFrame(words, messages.index), messages[numbers], tuple(adjust))


def _is_fine(column: pd.Series[Any]) -> bool:
    """Return whether a column holds numbers or moments of too many values to be groups by themselves."""
    measured = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    return (measured or pd.api.types.is_datetime64_any_dtype(column)) and column.nunique() > FEW_VALUES


def _cut_beside(column: pd.Series[Any], people: NDArray[Any], groups: int, alone: pd.Series[Any]) -> pd.Series[Any]:
    """Return quantile groups of those who have no label yet, beside the labels of the others, in order."""
    free = alone.isna()
    if free.all():
        return cut(column, people, groups)
    told = column.where(free)
    if told.isna().all():
        words = alone.fillna(NOT_TOLD)
    else:
        words = cut(told, people, groups, is_least=told.min() == column.min()).astype("str").where(free, alone)
    order = column.groupby(words).min().sort_values().index
    return words.astype(pd.CategoricalDtype(list(order), ordered=True))


def cut(column: pd.Series[Any], people: NDArray[Any], groups: int, *, is_least: bool = True) -> pd.Series[Any]:
    """Return quantile groups, named by their bounds (the first by its upper one, if nothing lies below it).

    Each row stands for so many people. Who has no number is a group of its own.
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column.dt.tz_localize(None)
    edges = np.unique(_quantiles(column, people, np.linspace(0, 1, groups + 1)))
    inner = edges[1:-1] if len(edges) > 2 else edges[:1]
    names = _bounds_named(list(edges[:1]) + list(inner), [*inner, edges[-1]], is_least)
    place = np.where(column.isna(), len(names), np.searchsorted(inner, column.to_numpy(), side="left"))
    dtype = pd.CategoricalDtype([*names, NOT_TOLD], ordered=True)
    return pd.Series(pd.Categorical.from_codes(place, dtype=dtype), column.index)


def _quantiles(column: pd.Series[Any], people: NDArray[Any], shares: NDArray[Any]) -> NDArray[Any]:
    """Return the value of which no more than a share of the people have less."""
    known = column.notna().to_numpy()
    values, people = column[known].to_numpy(), people[known]
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(people[order])
    place = np.searchsorted(reached, np.floor(shares * (reached[-1] - 1)), side="right")
    return np.asarray(values[order][place])


def _bounds_named(lows: list[Any], highs: list[Any], is_least: bool) -> list[str]:
    """Return a name for each group, with as many figures as keep them apart."""
    for figures in (6, 12, 17):
        names = [
            f"{_written(low, figures)} to {_written(high, figures)}" for low, high in zip(lows, highs, strict=True)
        ]
        if is_least:
            names[0] = f"up to {_written(highs[0], figures)}"
        if len(set(names)) == len(names):
            break
    return names


def _written(value: Any, figures: int) -> str:
    if isinstance(value, np.datetime64):
        return str(np.datetime_as_string(value, unit="D" if figures == 6 else "s"))
    return f"{value:.{figures}g}"


def _own(known: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name not in known.columns:
        return pd.Series(NOT_TOLD, index=known.index, dtype="str")
    own = known[name]
    whole = own.convert_dtypes() if pd.api.types.is_numeric_dtype(own) else own  # 1, and not 1.0, beside a missing one
    return whole.astype("str").fillna(NOT_TOLD)
