"""The parts of a list: which columns divide it into a few, and who is in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bulkkit.outcomes import NOT_TOLD

FEWEST: Final = 2
MOST: Final = 30
FIRST: Final = ("segment", "provider", "consent_basis", "consent_source", "engagement", "tenure", "status", "reason")
"""The columns that are offered first, where they are there."""

_SAMPLE: Final = 10_000
_NAMES: Final = ("email", "did_you_mean", "normalized", "first_name", "last_name", "name")
"""What tells people apart divides nobody, however few they are."""


@dataclass(frozen=True, slots=True)
class Part:
    """A value of a column, and how many rows have it."""

    name: str
    rows: int


def dividing(rows: pd.DataFrame) -> list[str]:
    """Return the columns with `FEWEST` to `MOST` different values, of which some stand in several rows."""
    names = [str(name) for name in rows.columns if name not in _NAMES and _divides(rows[name])]
    return [name for name in FIRST if name in names] + [name for name in names if name not in FIRST]


def parts(column: pd.Series[Any]) -> list[Part]:
    """Return the values of a column, the most frequent first; what is missing or blank is "unknown"."""
    return [Part(str(name), int(number)) for name, number in labels(column).value_counts().items()]


def labels(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column's values as the names of parts; what is missing or blank is "unknown"."""
    texts = column.astype("object").map(_label, na_action="ignore").astype("str").str.strip()
    return texts.mask(texts.isna() | (texts == ""), NOT_TOLD)


def _label(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _divides(column: Any) -> bool:
    if not isinstance(column, pd.Series) or _different(column.head(_SAMPLE)) > MOST:
        return False
    different = _different(column)
    return FEWEST <= different <= MOST and different <= len(column) / 2


def _different(column: pd.Series[Any]) -> int:
    try:
        return int(column.nunique(dropna=False))
    except TypeError:  # lists and the like have no equals
        return MOST + 1
