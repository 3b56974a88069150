"""Frames of verdicts written one after the other as CSV, Parquet or a workbook, inert for spreadsheets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from bulkkit.contacts.pieces import written_out
from bulkkit.contacts.workbooks import require_openpyxl
from bulkkit.errors import InputError
from bulkkit.exporting import inert_table, inert_text

SHEET_ROWS: Final = 1_048_575
"""Rows of a sheet below its heading (Microsoft, "Excel specifications and limits", 2026-11)."""

BYTE_ORDER_MARK: Final = "\ufeff".encode()
"""What tells a spreadsheet that a text is UTF-8."""


@dataclass(slots=True)
class Writer:
    """Writes frames of the same columns one below the other; `most` rows have room."""

    target: Path
    put: Callable[[pd.DataFrame], None]
    most: int | None = None

    def __call__(self, frame: pd.DataFrame) -> None:
        """Write one more frame."""
        self.put(frame)

    def require_room(self, rows: int) -> None:
        """Raise `InputError` where so many rows have no room."""
        if self.most is not None and rows > self.most:
            raise InputError(
                f"{self.target}: a sheet has room for {self.most:,} rows, and there are {rows:,}. "
                "Write .csv or .parquet instead."
            )


@contextmanager
def writer_for(target: Path, part: Path) -> Iterator[Writer]:
    """Yield what writes the format that `target`'s suffix names into the file `part`."""
    make = WRITERS.get(target.suffix.lower())
    if make is None:
        raise InputError(f"{target}: its suffix says no format that is written; use {', '.join(WRITERS)}.")
    with make(target, part) as writer:
        yield writer


@contextmanager
def _text(target: Path, part: Path, delimiter: str) -> Iterator[Writer]:
    options = pyarrow.csv.WriteOptions(delimiter=delimiter)
    with part.open("wb") as file:
        file.write(BYTE_ORDER_MARK)
        tables = _Tables(lambda schema: pyarrow.csv.CSVWriter(file, schema, write_options=options), _spelt)
        yield Writer(target, tables.put)
        tables.close()


@contextmanager
def _csv(target: Path, part: Path) -> Iterator[Writer]:
    with _text(target, part, ",") as writer:
        yield writer


@contextmanager
def _tsv(target: Path, part: Path) -> Iterator[Writer]:
    with _text(target, part, "\t") as writer:
        yield writer


@contextmanager
def _parquet(target: Path, part: Path) -> Iterator[Writer]:
    tables = _Tables(lambda schema: pyarrow.parquet.ParquetWriter(part, schema), lambda table: table)
    try:
        yield Writer(target, tables.put)
    finally:
        tables.close()


@contextmanager
def _workbook(target: Path, part: Path) -> Iterator[Writer]:
    require_openpyxl(target)
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = _Sheet(book.create_sheet("verified"))
    yield Writer(target, sheet.put, SHEET_ROWS)
    book.save(part)


class _Sheet:
    """Rows of cells written one below the other, the heading first."""

    def __init__(self, sheet: Any) -> None:
        self._sheet, self._has_heading = sheet, False

    def put(self, frame: pd.DataFrame) -> None:
        """Write one more frame."""
        if not self._has_heading:
            self._sheet.append([_cell(name) for name in frame.columns])
            self._has_heading = True
        for row in zip(*(frame.iloc[:, place].tolist() for place in range(frame.shape[1])), strict=True):
            self._sheet.append([_cell(value) for value in row])


class _Tables:
    """Arrow tables of one schema, the first one's, written one after the other."""

    def __init__(self, opened: Callable[[pa.Schema], Any], made: Callable[[pa.Table], pa.Table]) -> None:
        self._opened, self._made = opened, made
        self._writer: Any = None
        self._schema: pa.Schema = None

    def put(self, frame: pd.DataFrame) -> None:
        """Write one more frame."""
        table = self._made(_table(frame))
        if self._writer is None:
            self._schema = table.schema
            self._writer = self._opened(table.schema)
        self._writer.write_table(table.cast(self._schema))

    def close(self) -> None:
        """Write what is still held."""
        if self._writer is not None:
            self._writer.close()


def _table(frame: pd.DataFrame) -> pa.Table:
    """Return a frame as a table; a workbook's cells, of which a column may have several kinds, as text."""
    columns = {
        str(name): pa.array(written_out(frame[name]) if frame[name].dtype == object else frame[name], from_pandas=True)
        for name in frame.columns
    }
    return pa.table(columns)


def _cell(value: Any) -> Any:
    """Return what a cell of a workbook can hold: numbers, truth values, dates without a zone, and clean text."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    if isinstance(value, bool | int | float) or (isinstance(value, date) and not getattr(value, "tzinfo", None)):
        return value
    # XML cannot hold control characters, and a workbook with one would not open.
    return ILLEGAL_CHARACTERS_RE.sub("\ufffd", inert_text(str(value)))


def _spelt(table: pa.Table) -> pa.Table:
    """Return a table with nothing in it that CSV cannot hold, or that a spreadsheet would run."""
    columns = [_spelt_column(column) for column in table.columns]
    return inert_table(pa.table(columns, names=table.column_names))


def _spelt_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_timestamp(kind):
        return _in_seconds(column)
    if pa.types.is_dictionary(kind):
        return _spelt_column(column.cast(kind.value_type))
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_duration(kind) or pa.types.is_decimal(kind):
        told = [None if value is None else str(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(told, pa.large_string())])
    return column


def _in_seconds(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return moments without the zeros behind their seconds, where there is nothing else."""
    try:
        return column.cast(pa.timestamp("s", column.type.tz))
    except pa.ArrowInvalid:
        return column


WRITERS: Final = {".csv": _csv, ".tsv": _tsv, ".parquet": _parquet, ".xlsx": _workbook}
"""The formats by their suffixes."""
