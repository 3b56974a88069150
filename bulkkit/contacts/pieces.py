"""A file of people in pieces, for lists that are too long to be held at once: its own columns, as they stand in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from bulkkit.contacts.columns import distinct
from bulkkit.contacts.delimited import batches, check_quotes, framed, has_address, has_line_breaks, headings, layout_of
from bulkkit.contacts.reading import format_of
from bulkkit.contacts.workbooks import check_archive, check_parquet, explained, require_openpyxl
from bulkkit.errors import InputError

ROWS: Final = 1 << 17
"""Rows of a piece, about: with some thirty columns, 100 MB."""

LOOKED_AT: Final = 100
"""Rows of a sheet from which its width is known: formatted empty cells to the right of it are no columns."""


def pieces(path: Path, rows: int = ROWS) -> Iterator[pd.DataFrame]:
    """Yield a file in frames of at most so many rows, in order; at least one, which may be empty.

    Parameters
    ----------
    path : pathlib.Path
        What `read_contacts` reads: CSV, TSV, TXT, Parquet or XLSX.
    rows : int
        How many rows at a time, at most.

    Yields
    ------
    pandas.DataFrame
        The columns have the names of the file, and nothing is repaired: text of
        text files, Arrow's own types of Parquet, cells as they are of workbooks.

    Raises
    ------
    InputError
        As `read_contacts`; of a text file whose rows have different lengths, or
        whose quotation marks do not match, at its end.
    """
    yield from FORMATS[format_of(path)](path, rows)


def _delimited(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    layout, is_first, swallowed = layout_of(path), True, False
    for table in _gathered(batches(layout), rows):
        body = table.slice(1) if is_first and layout.is_named else table
        swallowed = swallowed or has_line_breaks(table)
        is_first = False
        yield framed(body, layout.names)
    if swallowed:
        check_quotes(layout)


def _gathered(source: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """Yield batches together, or cut, up to so many rows."""
    held: list[pa.RecordBatch] = []
    for batch in source:
        for start in range(0, len(batch), rows):
            part = batch.slice(start, rows)
            if held and sum(map(len, held)) + len(part) > rows:
                yield pa.Table.from_batches(held)
                held = []
            held.append(part)
    if held:
        yield pa.Table.from_batches(held)


def _parquet(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    with explained(path):
        check_parquet(path)
        with pyarrow.parquet.ParquetFile(path) as file:
            empty = file.schema_arrow.empty_table()
            tables = (pa.Table.from_batches([batch]) for batch in file.iter_batches(batch_size=rows))
            for table in chain([next(tables, empty)], tables):
                frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True)
                yield frame.set_axis(distinct(frame.columns), axis="columns")


def _workbook(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    require_openpyxl(path)
    filled = _filled(path)
    head = list(islice(filled, LOOKED_AT))
    if not head:
        raise InputError(f"{path} is empty: there is no contact in its first sheet.")
    width = max(len(row) for _, row in head)
    first = [*(str(_text(cell) or "") for cell in head[0][1]), *[""] * (width - len(head[0][1]))]
    is_named = not has_address(first)
    names = headings(first if is_named else [""] * width)
    body = chain(head[1:] if is_named else head, filled)
    chunk = list(islice(body, rows))
    while True:
        yield pd.DataFrame([_padded(path, number, row, width) for number, row in chunk], columns=names, dtype=object)
        chunk = list(islice(body, rows))
        if not chunk:
            return


def _filled(path: Path) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield number and cells of each row that has anything in it, without the empty cells behind its last."""
    import openpyxl

    try:
        check_archive(path)
        with closing(openpyxl.load_workbook(path, read_only=True, data_only=True)) as book:
            for number, row in enumerate(book.worksheets[0].iter_rows(values_only=True), 1):
                cells = tuple(None if cell == "" else cell for cell in row)
                last = max((place for place, cell in enumerate(cells, 1) if cell is not None), default=0)
                if last:
                    yield number, cells[:last]
    except InputError:
        raise
    except Exception as error:  # openpyxl raises whatever its XML and zip libraries do
        raise InputError(f"{path} cannot be read as an Excel workbook: {error}. Save the sheet as CSV.") from error


def _padded(path: Path, number: int, row: tuple[Any, ...], width: int) -> tuple[Any, ...]:
    if len(row) > width:
        raise InputError(
            f"{path}, row {number}: there are {len(row)} cells, and {width} at most in the first {LOOKED_AT} rows. "
            "Empty the cell that is too far to the right, or give its column a heading."
        )
    return (*row, *[None] * (width - len(row)))


def written_out(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return the cells of a workbook as text (dtype `str`), whole numbers without their point."""
    return column.map(_text, na_action="ignore").astype("str")


def _text(cell: Any) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat(" ") if isinstance(cell, datetime) else str(cell)


FORMATS: Final[dict[str, Callable[[Path, int], Iterator[pd.DataFrame]]]] = {
    ".txt": _delimited,
    ".parquet": _parquet,
    ".xlsx": _workbook,
}
