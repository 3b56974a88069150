"""Which columns part a list into segments, and who is in which."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from bulkkit.segmentation import UNKNOWN, segment
from bulkkit.vocabulary import VERDICT_DTYPES

FEWEST: Final = 2
MOST: Final = 30
"""A column of so many values parts a list into groups; one of more tells people apart."""
BLANK: Final = "(blank)"
BANDS: Final = ("engagement", "tenure")

_FIRST_LOOK: Final = 5_000
"""Rows in which a column of many values shows that it is one, so that few columns are read to their end."""
_NO_GROUPS: Final = frozenset(VERDICT_DTYPES) - {"provider"} | {"email"}
"""What is known of an address parts nobody: whom to leave out for it is chosen by itself."""


@dataclass(frozen=True, slots=True)
class Group:
    """One value of a column, and how many rows have it."""

    value: str
    rows: int


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """The columns by which a list can be parted, each as texts in the order of the rows."""

    columns: dict[str, pd.Series[Any]]

    @classmethod
    def of(cls, checked: pd.DataFrame, events: IntoFrame | None, as_of: Any = None) -> Groups:
        """Find the columns of 2 to 30 values; with events, engagement and tenure are among them."""
        bands = _bands(checked, events, as_of)
        own = {str(name): checked.iloc[:, place] for place, name in enumerate(checked.columns)}
        offered = {name: column for name, column in own.items() if name not in _NO_GROUPS} | bands
        return cls({name: column for name, column in offered.items() if _parts(column)})

    def of_column(self, column: str) -> tuple[Group, ...]:
        """Return the values of a column, the most frequent first."""
        counts = _texts(self.columns[column]).value_counts()
        return tuple(Group(str(value), int(rows)) for value, rows in counts.items())

    def within(self, column: str, values: Collection[str]) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Tell for each row, in their order, whether it has one of these values in the column."""
        return _texts(self.columns[column]).isin(list(values)).to_numpy(dtype=bool)

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)


def _bands(checked: pd.DataFrame, events: IntoFrame | None, as_of: Any) -> dict[str, pd.Series[Any]]:
    if events is None:
        return {}
    # Only what the bands are made of: a column of the list that is called so already stays out of the way.
    needed = [name for name in ("email", "created_at", "tracking_consent") if name in checked.columns]
    banded = segment(checked[needed], events, by=list(BANDS), as_of=as_of)
    return {name: banded[name] for name in BANDS if set(banded[name].unique()) != {UNKNOWN}}


def _parts(column: pd.Series[Any]) -> bool:
    if column.iloc[:_FIRST_LOOK].nunique(dropna=False) > MOST:
        return False
    return FEWEST <= column.nunique(dropna=False) <= MOST


def _texts(column: pd.Series[Any]) -> pd.Series[Any]:
    texts = column.astype("str").str.strip()
    return texts.mask(texts.isna() | (texts == ""), BLANK)
