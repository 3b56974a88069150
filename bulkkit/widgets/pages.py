"""A page of rows as text for a table: the columns that matter first, missing as a blank, nothing too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

ROWS: Final = 50
COLUMNS: Final = 24
_LETTERS: Final = 90
_NUMBERS: Final = ("Int64", "int64", "float64", "Float64")


@dataclass(frozen=True, slots=True)
class Page:
    """What a table shows of a frame: some rows of some columns.

    Attributes
    ----------
    headings, numeric, lines
        The columns' names, whether they hold numbers, and the cells as text.
    first, total
        The number of the first row (from 1; 0 where there is none) and of all.
    hidden
        How many columns that hold anything are not shown.
    """

    headings: list[str]
    numeric: list[bool]
    lines: list[list[str]]
    first: int
    total: int
    hidden: int

    @property
    def last(self) -> int:
        """The number of the last row that is shown."""
        return self.first + len(self.lines) - 1 if self.lines else 0


def page(rows: pd.DataFrame, number: int, leading: Sequence[str] = ()) -> Page:
    """Return a page of `ROWS` rows, numbered from 0; columns without any value are left out."""
    filled = rows.dropna(axis=1, how="all") if len(rows) else rows
    names = _ordered(list(filled.columns), leading)
    chosen = filled[names[:COLUMNS]].iloc[number * ROWS : (number + 1) * ROWS]
    cells = [[written(value) for value in chosen[name].astype("object")] for name in chosen.columns]
    return Page(
        headings=[str(name) for name in chosen.columns],
        numeric=[str(chosen[name].dtype) in _NUMBERS for name in chosen.columns],
        lines=[list(line) for line in zip(*cells, strict=True)],
        first=number * ROWS + 1 if len(chosen) else 0,
        total=len(rows),
        hidden=max(len(names) - COLUMNS, 0),
    )


def last_page(rows: pd.DataFrame) -> int:
    """Return the number of the last page, from 0."""
    return max(len(rows) - 1, 0) // ROWS


def written(value: Any) -> str:
    """Return a cell as it is read: moments to the minute, truth as yes and no, long text cut."""
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = " ".join(str(value).split())
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"


def _ordered(names: list[Any], leading: Sequence[str]) -> list[Any]:
    ahead = [name for name in leading if name in names]
    return ahead + [name for name in names if name not in ahead]
