"""A text file with one contact a line becomes a frame of text: its delimiter and heading found, its shape checked."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text file is written: what must be known to read it, from its first lines."""

    path: Path
    encoding: str
    delimiter: str
    first: list[str]
    skipped: int

    @property
    def is_named(self) -> bool:
        """Whether the first row is a heading."""
        return not has_address(self.first)

    @property
    def names(self) -> list[object]:
        """The names of the columns."""
        return headings(self.first if self.is_named else [""] * len(self.first))


def read_delimited(path: Path) -> pd.DataFrame:
    """Return a CSV, TSV or TXT file as a frame of text; empty cells are missing, blank lines left out.

    Raises
    ------
    InputError
        The file is empty, mixes encodings, has rows of different lengths, a
        quotation mark that is never closed, or a cell of more than 1 MB.
    """
    layout = layout_of(path)
    table = pa.Table.from_batches(batches(layout))
    if has_line_breaks(table):
        check_quotes(layout)
    return framed(table.slice(1) if layout.is_named else table, layout.names)


def layout_of(path: Path) -> Layout:
    """Return how a text file is written, or say that it is empty or no text."""
    encoding = encoding_of(path)
    head = _head(path, encoding)
    declared = DECLARED.match(head)
    delimiter = declared[1] if declared else _delimiter(head)
    first = next(_rows(head[declared.end() :] if declared else head, delimiter), None)
    if first is None:
        raise InputError(f"{path} is empty: there is no contact in it.")
    return Layout(path, encoding, delimiter, first, skipped=1 if declared else 0)


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


def batches(layout: Layout) -> Iterator[pa.RecordBatch]:
    """Yield all rows as text, the heading among them; rows of another length are named at the end."""
    odd: Counter[str] = Counter()
    width, read = len(layout.first), 0

    def judge(row: Any) -> str:
        if row.text.strip():
            odd["short" if row.actual_columns < width else "long"] += 1
        return "skip"

    names = [str(number) for number in range(width)]
    try:
        for batch in pyarrow.csv.open_csv(
            layout.path,
            pyarrow.csv.ReadOptions(
                column_names=names, skip_rows=layout.skipped, block_size=PIECE, encoding=layout.encoding
            ),
            pyarrow.csv.ParseOptions(delimiter=layout.delimiter, newlines_in_values=True, invalid_row_handler=judge),
            pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
            ),
        ):
            read += len(batch)
            yield batch
    except (pa.ArrowInvalid, UnicodeError) as error:
        raise InputError(_unreadable(layout.path, error, read)) from error
    if odd:
        raise InputError(_ragged(layout, odd))


def _unreadable(path: Path, error: Exception, read: int) -> str:
    if "straddling" in str(error):
        return too_long(path, read + 1)
    return f"{path} cannot be read after row {read}: {error}. Save it again as CSV in UTF-8."


def _ragged(layout: Layout, odd: Counter[str]) -> str:
    width = len(layout.first)
    line, cells = next(_odd_rows(layout.path, layout.encoding, layout.delimiter, width), (0, 0))
    return (
        f"{layout.path}, line {line}: number of fields {cells}, in the first row {width}. Rows too short in all: "
        f"{odd['short']}, too long: {odd['long']}. Put quotation marks around cells that hold {layout.delimiter!r}."
    )


def _odd_rows(path: Path, encoding: str, delimiter: str, width: int) -> Iterator[tuple[int, int]]:
    """Yield line and number of fields of each row that has not as many as the first."""
    with path.open(encoding=encoding, newline="") as file:
        reader, line = csv.reader(file, delimiter=delimiter), 1
        for row in reader:
            if len(row) != width and any(cell.strip() for cell in row) and not DECLARED.match(f"{row[0]}\n"):
                yield line, len(row)
            line = reader.line_num + 1


def has_line_breaks(table: pa.Table) -> bool:
    """Tell whether any cell has a line break in it: one that a quotation mark swallowed, perhaps."""
    return any(pc.any(pc.match_substring(column, "\n")).as_py() for column in table.columns)


def check_quotes(layout: Layout) -> None:
    """Refuse a quotation mark that swallows lines: only a cell with a line break in it can come of one."""
    line = 1
    with layout.path.open(encoding=layout.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=layout.delimiter, strict=True)
        try:
            for _ in reader:
                line = reader.line_num + 1
        except csv.Error as error:
            raise InputError(
                f"{layout.path}, line {line}: a quotation mark was opened there and not closed as it should be "
                f"({error}). Close it, or double those that belong to the text."
            ) from error


def framed(table: pa.Table, names: list[object]) -> pd.DataFrame:
    """Return rows of text as a frame with these columns, blank lines left out."""
    frame: pd.DataFrame = table.to_pandas(types_mapper={pa.string(): pd.StringDtype(na_value=float("nan"))}.get)
    frame.columns = pd.Index(names)
    suspects = frame.index[_is_blank(frame.iloc[:, 0])]
    blank = frame.loc[suspects].apply(_is_blank).all(axis="columns")
    return frame.drop(index=suspects[blank.to_numpy(dtype=bool)]).reset_index(drop=True)


def _is_blank(column: pd.Series[Any]) -> pd.Series[Any]:
    return column.str.strip().fillna("").eq("")
