"""How a part of a list differs from the rest of it, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from bulkkit.errors import InputError
from bulkkit.statistics import LEAST_EVENTS, newcombe, wilson

CONTRAST_COLUMNS: Final = (
    "column", "level", "part", "part_lower", "part_upper", "rest", "rest_lower", "rest_upper",
    "difference", "lower", "upper", "standardised", "part_n", "rest_n", "verdict",
)  # fmt: skip

MOST_LEVELS: Final = 40
NEGLIGIBLE: Final = 0.1
"""Standardised differences below this are held for balanced (Austin 2009, Statistics in Medicine 28, 3083)."""

_UNKNOWN: Final = "unknown"


def contrast(people: pd.DataFrame, part: pd.Series[Any], columns: Sequence[str]) -> pd.DataFrame:
    """Return how a part of a list differs from the rest.

    Parameters
    ----------
    people
        One row a person.
    part
        A truth value for each row: who is in the part.
    columns
        What to look at; each by its values, of which there are 40 at the most.

    Returns
    -------
    pandas.DataFrame
        A row for each column and value: `column, level`; `part` and `rest` (the share of each that has this value,
        with Wilson's 95 % interval); `difference, lower, upper` (Newcombe's method 10, 95 %); `standardised` (the
        difference in standard deviations); `part_n, rest_n`; `verdict`, which holds for all rows together
        (Bonferroni): "more here", "fewer here", "alike" or "not enough data".

    Raises
    ------
    InputError
        There is no such column, one has too many values, or nobody or everybody is in the part.
    """
    inside = pd.Series(part).fillna(False).to_numpy(bool)
    if len(inside) != len(people) or inside.all() or not inside.any():
        raise InputError("A part holds some of the people and leaves some out; choose it by a mask of the same rows.")
    levels = pd.concat([_levels(people, name, inside) for name in columns], ignore_index=True)
    numbers = (levels[name].to_numpy(float) for name in ("part_with", "part_n", "rest_with", "rest_n"))
    return _told(levels, *numbers)[list(CONTRAST_COLUMNS)]


def _levels(people: pd.DataFrame, name: str, inside: Any) -> pd.DataFrame:
    if name not in people.columns:
        raise InputError(f"There is no column {name!r} to tell people apart by; there is {', '.join(people.columns)}.")
    values = people[name].astype("str").fillna(_UNKNOWN)
    if values.nunique() > MOST_LEVELS:
        raise InputError(f"The column {name!r} has {values.nunique():,} values; {MOST_LEVELS} can be read.")
    counted = pd.crosstab(values, inside)
    order = people[name].cat.categories if isinstance(people[name].dtype, pd.CategoricalDtype) else counted.index
    counted = counted.reindex([str(level) for level in order if str(level) in counted.index])
    return pd.DataFrame(
        {
            "column": name, "level": counted.index, "part_with": counted[True].to_numpy(),
            "rest_with": counted[False].to_numpy(), "part_n": int(inside.sum()), "rest_n": int((~inside).sum()),
        }
    )  # fmt: skip


def _told(levels: pd.DataFrame, part_with: Any, part_n: Any, rest_with: Any, rest_n: Any) -> pd.DataFrame:
    part, rest = wilson(part_with, part_n), wilson(rest_with, rest_n)
    found = newcombe(part_with, part_n, rest_with, rest_n)
    strict = newcombe(part_with, part_n, rest_with, rest_n, confidence=1 - 0.05 / len(levels))
    spread = np.sqrt((part.estimate * (1 - part.estimate) + rest.estimate * (1 - rest.estimate)) / 2)
    gap = part.estimate - rest.estimate
    standardised = np.divide(gap, spread, out=np.zeros_like(gap), where=spread > 0)
    fewest = np.minimum(np.minimum(part_with, part_n - part_with), np.minimum(rest_with, rest_n - rest_with))
    shown = (strict.lower > 0) | (strict.upper < 0)
    verdicts = np.select(
        [shown & (gap > 0), shown, (np.abs(standardised) < NEGLIGIBLE) & (fewest >= LEAST_EVENTS)],
        ["more here", "fewer here", "alike"],
        "not enough data",
    )
    return levels.assign(
        part=part.estimate, part_lower=part.lower, part_upper=part.upper, rest=rest.estimate, rest_lower=rest.lower,
        rest_upper=rest.upper, difference=found.estimate, lower=found.lower, upper=found.upper,
        standardised=standardised, verdict=verdicts,
    )  # fmt: skip
