"""A text file with one contact a line becomes a frame of text: its delimiter and heading found, its shape checked."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from bulkkit.contacts.columns import LOOKS_LIKE, distinct
from bulkkit.contacts.decoding import PIECE, encoding_of, too_long
from bulkkit.errors import InputError

DELIMITERS: Final = (",", ";", "\t", "|")

UNDIVIDED: Final = "\x1f"
"""The delimiter of a file that has none: ASCII's unit separator, which no list holds."""

SAMPLE_ROWS: Final = 100
"""Rows from which the delimiter is found."""

DECLARED: Final = re.compile(r"^sep=(.)\r?\n")
"""Excel's own first line, which names the delimiter."""

BARE_ADDRESS: Final = re.compile(r"[^\s@,;|]+@[^\s@,;|]+\.[^\s@,;|]+")


def read_delimited(path: Path) -> pd.DataFrame:
    """Return a CSV, TSV or TXT file as a frame of text; empty cells are missing, blank lines left out.

    Raises
    ------
    InputError
        The file is empty, mixes encodings, has rows of different lengths, a
        quotation mark that is never closed, or a cell of more than 1 MB.
    """
    encoding = encoding_of(path)
    head = _head(path, encoding)
    declared = DECLARED.match(head)
    delimiter = declared[1] if declared else _delimiter(head)
    first = next(_rows(head[declared.end() :] if declared else head, delimiter), None)
    if first is None:
        raise InputError(f"{path} is empty: there is no contact in it.")
    named = not has_address(first)
    table = _table(path, encoding, delimiter, width=len(first), skipped=1 if declared else 0)
    _check_quotes(path, table, encoding, delimiter)
    return _framed(table.slice(1) if named else table, headings(first) if named else headings([""] * len(first)))


def headings(cells: list[str]) -> list[object]:
    """Return the names of columns from a first row: empty ones are numbered, repeated ones suffixed `.1`, `.2`."""
    return distinct(cell.strip() or f"column_{number}" for number, cell in enumerate(cells, 1))


def has_address(cells: list[str]) -> bool:
    """Tell whether a row holds an address, and so is no heading."""
    return any(re.match(LOOKS_LIKE, cell) for cell in cells)


def _head(path: Path, encoding: str) -> str:
    """Return the first lines, as far as they are whole."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        text = file.read(PIECE // 4)
        whole = file.read(1) == ""
    return text if whole else text[: max(text.rfind("\n"), text.rfind("\r")) + 1]


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """Yield the rows of a text that have anything in them."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        yield from (row for row in reader if any(cell.strip() for cell in row))
    except csv.Error:
        return


def _delimiter(head: str) -> str:
    """Return the delimiter that divides the first row, leaves most bare addresses, and divides most rows alike."""
    scores = {mark: _score(head, mark) for mark in DELIMITERS}
    best = max(DELIMITERS, key=lambda mark: scores[mark])
    if scores[best] > (0, 0, 0):
        return best
    lines = islice(io.StringIO(head), SAMPLE_ROWS)
    return UNDIVIDED if all(_is_one_cell(line) for line in lines) else ","


def _score(head: str, delimiter: str) -> tuple[float, float, int]:
    rows = list(islice(_rows(head, delimiter), SAMPLE_ROWS))
    width = len(rows[0]) if rows else 0
    if width < 2:
        return 0, 0, 0
    bare = sum(any(BARE_ADDRESS.fullmatch(cell.strip()) for cell in row) for row in rows)
    return round(bare / len(rows), 1), sum(len(row) == width for row in rows) / len(rows), width


def _is_one_cell(line: str) -> bool:
    bare = line.strip().rstrip(",;|\t ")
    return bare.endswith(">") or not any(mark in bare for mark in DELIMITERS)


def _table(path: Path, encoding: str, delimiter: str, width: int, skipped: int) -> pa.Table:
    """Read all rows as text, in one streaming pass."""
    odd: Counter[str] = Counter()

    def judge(row: Any) -> str:
        if row.text.strip():
            odd["short" if row.actual_columns < width else "long"] += 1
        return "skip"

    names = [str(number) for number in range(width)]
    batches: list[pa.RecordBatch] = []
    try:
        batches.extend(
            pyarrow.csv.open_csv(
                path,
                pyarrow.csv.ReadOptions(column_names=names, skip_rows=skipped, block_size=PIECE, encoding=encoding),
                pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=judge),
                pyarrow.csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
                ),
            )
        )
    except (pa.ArrowInvalid, UnicodeError) as error:
        raise InputError(_unreadable(path, error, sum(map(len, batches)))) from error
    if odd:
        raise InputError(_ragged(path, encoding, delimiter, width, odd))
    return pa.Table.from_batches(batches)


def _unreadable(path: Path, error: Exception, read: int) -> str:
    if "straddling" in str(error):
        return too_long(path, read + 1)
    return f"{path} cannot be read after row {read}: {error}. Save it again as CSV in UTF-8."


def _ragged(path: Path, encoding: str, delimiter: str, width: int, odd: Counter[str]) -> str:
    line, cells = next(_odd_rows(path, encoding, delimiter, width), (0, 0))
    return (
        f"{path}, line {line}: number of fields {cells}, in the first row {width}. Rows too short in all: "
        f"{odd['short']}, too long: {odd['long']}. Put quotation marks around cells that hold {delimiter!r}."
    )


def _odd_rows(path: Path, encoding: str, delimiter: str, width: int) -> Iterator[tuple[int, int]]:
    """Yield line and number of fields of each row that has not as many as the first."""
    with path.open(encoding=encoding, newline="") as file:
        reader, line = csv.reader(file, delimiter=delimiter), 1
        for row in reader:
            if len(row) != width and any(cell.strip() for cell in row) and not DECLARED.match(f"{row[0]}\n"):
                yield line, len(row)
            line = reader.line_num + 1


def _check_quotes(path: Path, table: pa.Table, encoding: str, delimiter: str) -> None:
    """Refuse a quotation mark that swallows lines: only a cell with a line break in it can come of one."""
    if not any(pc.any(pc.match_substring(column, "\n")).as_py() for column in table.columns):
        return
    line = 1
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            for _ in reader:
                line = reader.line_num + 1
        except csv.Error as error:
            raise InputError(
                f"{path}, line {line}: a quotation mark was opened there and not closed as it should be ({error}). "
                "Close it, or double those that belong to the text."
            ) from error


def _framed(table: pa.Table, names: list[object]) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(types_mapper={pa.string(): pd.StringDtype(na_value=float("nan"))}.get)
    frame.columns = pd.Index(names)
    suspects = frame.index[_is_blank(frame.iloc[:, 0])]
    blank = frame.loc[suspects].apply(_is_blank).all(axis="columns")
    return frame.drop(index=suspects[blank.to_numpy(dtype=bool)]).reset_index(drop=True)


def _is_blank(column: pd.Series[Any]) -> pd.Series[Any]:
    return column.str.strip().fillna("").eq("")
