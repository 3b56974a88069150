"""Packed files become frames: Excel workbooks and Parquet; what unpacks to far more than it weighs is refused."""

from __future__ import annotations

import importlib.util
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from bulkkit.contacts.delimited import has_address, headings
from bulkkit.errors import InputError

HEAVY: Final = 64 << 20
"""Unpacked bytes below which no file is called a bomb."""

RATIO: Final = 200
"""How many times its own size an honest file may unpack to: spreadsheets reach 20, dictionary-coded Parquet 100."""


def read_workbook(path: Path) -> pd.DataFrame:
    """Return the first sheet of an .xlsx file as a frame of text; needs openpyxl.

    Raises
    ------
    InputError
        openpyxl is not installed; the file is no workbook, is empty, or
        unpacks to far more than it weighs.
    """
    require_openpyxl(path)
    try:
        check_archive(path)
        sheet = pd.read_excel(path, header=None, dtype=str, engine="openpyxl", keep_default_na=False, na_values=[""])
    except InputError:
        raise
    except Exception as error:  # openpyxl raises whatever its XML and zip libraries do
        raise InputError(f"{path} cannot be read as an Excel workbook: {error}. Save the sheet as CSV.") from error
    sheet = sheet.astype("str").dropna(how="all")
    if sheet.empty:
        raise InputError(f"{path} is empty: there is no contact in its first sheet.")
    first = sheet.iloc[0].fillna("").tolist()
    named = not has_address(first)
    sheet.columns = pd.Index(headings(first if named else [""] * len(first)))
    return sheet.iloc[1 if named else 0 :].reset_index(drop=True)


def read_parquet(path: Path) -> pd.DataFrame:
    """Return a Parquet file as a frame, its columns of the dtypes that they have there.

    Raises
    ------
    InputError
        The file is no Parquet, or unpacks to far more than it weighs.
    """
    with explained(path):
        check_parquet(path)
        return pd.read_parquet(path)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Say of a Parquet file that cannot be read which it is."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} cannot be read as Parquet: {error}. Write it again, or save it as CSV.") from error


def check_parquet(path: Path) -> None:
    """Refuse a Parquet file that unpacks to far more than it weighs."""
    about = pyarrow.parquet.read_metadata(path)
    _check_weight(path, sum(about.row_group(number).total_byte_size for number in range(about.num_row_groups)))


def require_openpyxl(path: Path) -> None:
    """Say what is missing where workbooks cannot be read or written."""
    if importlib.util.find_spec("openpyxl") is None:
        raise InputError(f"{path}: an .xlsx needs openpyxl. Run `pip install openpyxl`, or use CSV.")


def check_archive(path: Path) -> None:
    """Refuse a workbook that unpacks to far more than it weighs, or declares entities."""
    with zipfile.ZipFile(path) as archive:
        _check_weight(path, sum(member.file_size for member in archive.infolist()))
        for member in archive.infolist():
            with archive.open(member) as file:
                if b"<!DOCTYPE" in file.read(1024):
                    raise InputError(f"{path} declares XML entities, which no spreadsheet does. Save it as CSV.")


def _check_weight(path: Path, unpacked: int) -> None:
    weight = path.stat().st_size
    if unpacked > HEAVY and unpacked > RATIO * weight:
        raise InputError(f"{path} weighs {weight:,} bytes and unpacks to {unpacked:,}: not opened. Save it as CSV.")
