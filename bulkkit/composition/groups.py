"""Which columns part a list into segments, and who is in which."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from bulkkit.drilling.parts import Part, dividing, labels, parts
from bulkkit.segmentation import UNKNOWN, segment
from bulkkit.vocabulary import VERDICT_DTYPES

BANDS: Final = ("engagement", "tenure")

_NO_GROUPS: Final = frozenset(VERDICT_DTYPES) - {"provider"}
"""What is known of an address parts nobody: whom to leave out for it is chosen by itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """The columns by which a list can be parted, each as texts in the order of the rows."""

    columns: dict[str, pd.Series[Any]]

    @classmethod
    def of(cls, checked: pd.DataFrame, events: IntoFrame | None, as_of: Any = None) -> Groups:
        """Find the columns that divide the list; with events, engagement and tenure are among them."""
        offered = checked[[name for name in checked.columns if name not in _NO_GROUPS]]
        banded = offered.assign(**_bands(checked, events, as_of))
        return cls({name: banded[name] for name in dividing(banded)})

    def of_column(self, column: str) -> tuple[Part, ...]:
        """Return the values of a column, the most frequent first."""
        return tuple(parts(self.columns[column]))

    def within(self, column: str, values: Collection[str]) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Tell for each row, in their order, whether it has one of these values in the column."""
        return labels(self.columns[column]).isin(list(values)).to_numpy(dtype=bool)

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)


def _bands(checked: pd.DataFrame, events: IntoFrame | None, as_of: Any) -> dict[str, pd.Series[Any]]:
    if events is None:
        return {}
    # Only what the bands are made of: a column of the list that is called so already stays out of the way.
    needed = [name for name in ("email", "created_at", "tracking_consent") if name in checked.columns]
    banded = segment(checked[needed], events, by=list(BANDS), as_of=as_of)
    return {name: banded[name] for name in BANDS if set(banded[name].unique()) != {UNKNOWN}}
