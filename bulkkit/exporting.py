"""Rows as a CSV file that a spreadsheet shows and does not run, and that replaces no other file."""

from __future__ import annotations

import re
from itertools import count
from os import PathLike
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How text begins that a spreadsheet takes for a formula (OWASP, "CSV Injection", 2026-11)."""

_PLAIN: Final = re.compile(r"[^\w.-]+")
_MOST_LETTERS: Final = 80


def save_csv(rows: pd.DataFrame, stem: str, folder: str | PathLike[str] = ".") -> Path:
    """Write rows as CSV (UTF-8 with a byte order mark, as spreadsheets want it) and return the file.

    A text that begins like a formula (`FORMULA`) gets an apostrophe before it, in
    cells and in headings, so that it comes back as the text that it is; numbers,
    dates and truth values stay as they are. The index is not written.

    Parameters
    ----------
    rows
        Any frame.
    stem
        The file's name without its ending; whatever a file's name had better not hold becomes a hyphen. A file that is
        there already is never replaced: the name gets a number, `stem-2.csv`.
    folder
        Where the file is made.

    Returns
    -------
    pathlib.Path
        The file, readable for its owner only: it names people.
    """
    # With CR LF between rows the writer quotes a lone CR too, which would else begin a row of its own.
    text = inert(rows).to_csv(index=False, lineterminator="\r\n")
    path = unused(folder, stem, ".csv")
    path.write_text(text, encoding="utf-8-sig", newline="")
    return path


def inert(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with an apostrophe before each text, heading included, that begins like a formula."""
    columns = [_column(rows.iloc[:, place]) for place in range(rows.shape[1])]
    safe = pd.concat(columns, axis=1) if columns else rows.copy()
    return safe.set_axis([_text(name) for name in rows.columns], axis=1)


def inert_table(table: pa.Table) -> pa.Table:
    """Return an Arrow table with an apostrophe before each text, heading included, that begins like a formula."""
    columns = [_inert_array(column) for column in table.columns]
    return pa.table(columns, names=[_text(name) for name in table.column_names])


def _inert_array(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    formula = pc.match_substring_regex(column, f"^[{re.escape(''.join(FORMULA))}]")
    if not pc.any(formula).as_py():
        return column
    quoted = pc.binary_join_element_wise(pa.scalar("'", column.type), column, pa.scalar("", column.type))
    return pc.if_else(formula, quoted, column)


def _column(column: pd.Series[Any]) -> pd.Series[Any]:
    kinds = pd.api.types
    if kinds.is_numeric_dtype(column) or kinds.is_bool_dtype(column) or kinds.is_datetime64_any_dtype(column):
        return column
    return column.astype("object").map(_text, na_action="ignore")


def _text(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        return value
    return inert_text(str(value))


def inert_text(text: str) -> str:
    """Return a text with an apostrophe before it where it begins like a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def unused(folder: str | PathLike[str], stem: str, ending: str) -> Path:
    """Return an empty file made just now, under the first name (`stem`, `stem-2` …) that nobody has taken."""
    name = _PLAIN.sub("-", stem)[:_MOST_LETTERS].strip("-.") or "rows"
    for number in count(1):
        path = Path(folder) / (f"{name}{ending}" if number == 1 else f"{name}-{number}{ending}")
        try:
            path.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            continue
        return path
    raise AssertionError("there is always a next number")
