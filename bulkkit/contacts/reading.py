"""Reading contacts: any file or frame of people becomes a frame with a column `email`."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any, Final

import pandas as pd

from bulkkit.contacts.columns import address_column, distinct, known_names
from bulkkit.contacts.delimited import read_delimited
from bulkkit.contacts.repair import noted, repaired
from bulkkit.contacts.values import bases, booleans, moments, texts, trimmed
from bulkkit.contacts.workbooks import read_parquet, read_workbook
from bulkkit.errors import InputError

PACKED: Final = (
    (b"\x1f\x8b", "a gzip archive"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file"),
    (b"%PDF", "a PDF"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "an SQLite database"),
)
"""How files begin that are no text (the formats' own specifications)."""

READERS: Final[dict[str, tuple[bytes, Callable[[Path], pd.DataFrame]]]] = {
    ".csv": (b"", read_delimited),
    ".tsv": (b"", read_delimited),
    ".txt": (b"", read_delimited),
    ".parquet": (b"PAR1", read_parquet),
    ".xlsx": (b"PK\x03\x04", read_workbook),
}
"""By suffix: how the file must begin, and what reads it."""

VALUES: Final[dict[str, Callable[[Any], Any]]] = {
    "first_name": trimmed,
    "consent_source": trimmed,
    "segment": trimmed,
    "consent_basis": bases,
    "tracking_consent": booleans,
}
"""What reads the cells of known columns; moments are read apart, for what they cannot read is noted."""

MOMENTS: Final = ("consent_at", "created_at")


def read_contacts(path: str | PathLike[str] | pd.DataFrame, email: str | None = None) -> pd.DataFrame:
    """Read a list of people, find the column of addresses and repair what can be repaired safely.

    Parameters
    ----------
    path : path or pandas.DataFrame
        A file: CSV, TSV or TXT (UTF-8, UTF-16, cp1252 or Latin-1; comma,
        semicolon, tab or bar; with a heading or without), Parquet, or XLSX where
        openpyxl is installed. Or a frame, which is copied.
    email : str, optional
        The column that holds the addresses. Without it, the column is found by
        its name, and failing that by its content.

    Returns
    -------
    pandas.DataFrame
        The file's columns in their order; those of a text file as text.

        - The column of addresses is called `email`. Spaces and invisible
          characters, `Name <a@b>`, `mailto:`, quotation marks and trailing
          punctuation are taken away. Line breaks and NUL are left for `verify`
          to refuse.
        - Other spellings of known columns (`First Name`, `OPTIN_TIME`) are
          renamed to those of `vocabulary.CONTACT_COLUMNS` where that name is
          free; own columns keep their names.
        - `consent_at` and `created_at` are UTC timestamps, `tracking_consent`
          is a nullable boolean, `consent_basis` is `opt_in`, `customer`,
          `bought` or `unknown`.
        - `repaired`, the last column, says in words what was repaired in the
          row, and which moment could not be read (it is missing then); missing
          where nothing was.

        A column name that stands twice gets `.1` the second time; a column
        without a name is `column_3`; a file without a heading has such names
        only. Blank lines are left out; a frame keeps its index and all rows.

    Raises
    ------
    InputError
        The file is missing, empty, packed, of mixed encodings, has rows of
        different lengths or a cell of more than 1 MB; or no column, or more
        than one, could be that of the addresses. The message says where.
    """
    if isinstance(path, pd.DataFrame):
        return _contacts(path, email, "the frame")
    file = Path(path)
    return _contacts(_frame(file), email, str(file))


def _contacts(frame: pd.DataFrame, email: str | None, where: str) -> pd.DataFrame:
    contacts = frame.reset_index(drop=True)
    contacts.columns = pd.Index(distinct(frame.columns))
    contacts = _renamed(contacts, address_column(contacts, email, where))
    before = texts(contacts.pop("repaired")) if "repaired" in contacts else None
    contacts["email"], words = repaired_addresses(contacts["email"])
    for name in (known for known in MOMENTS if known in contacts):
        contacts[name], unreadable = moments(contacts[name])
        words = noted(words, unreadable, f"{name} unreadable")
    for name in (known for known in VALUES if known in contacts):
        contacts[name] = VALUES[name](contacts[name])
    contacts["repaired"] = words if before is None else before.where(words.isna(), words)
    return contacts.set_axis(frame.index, axis="index")


def repaired_addresses(column: pd.Series[Any]) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Return a column of addresses repaired, and the words for what was; its index has no label twice."""
    return repaired(_addresses(column))


def _addresses(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return the addresses as text; numbers and the like are spelt out, for `verify` to refuse."""
    if isinstance(column.dtype, pd.StringDtype):
        return column.astype("str")
    return texts(column.astype(object).map(str, na_action="ignore"))


def _renamed(frame: pd.DataFrame, addresses: object) -> pd.DataFrame:
    """Call the column of addresses `email`; another one of that name steps back to `email.1`."""
    if addresses != "email":
        steps = {"email": "email.1", addresses: "email"}
        frame = frame.set_axis(distinct(steps.get(name, name) for name in frame.columns), axis="columns")
    return frame.rename(columns=known_names(list(frame.columns)))


def _frame(path: Path) -> pd.DataFrame:
    return READERS[format_of(path)][1](path)


def format_of(path: Path) -> str:
    """Return the suffix in `READERS` of a file's format; text is `.txt`.

    Raises
    ------
    InputError
        The file cannot be opened, is empty, packed, or not what its suffix says.
    """
    begins = _beginning(path)
    suffix = path.suffix.lower()
    magic = READERS.get(suffix, READERS[".txt"])[0]
    packed = next((what for start, what in PACKED if begins.startswith(start)), None)
    if magic and not begins.startswith(magic):
        raise InputError(
            f"{path} is called {path.suffix} but is {packed or 'something else'}. Give it its right suffix."
        )
    if not magic and packed:
        raise InputError(f"{path} is {packed}, not text. Unpack it or save it as CSV, or give it its right suffix.")
    return suffix if magic else ".txt"


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            begins = file.read(16)
    except OSError as error:
        raise InputError(
            f"{path} cannot be opened: {error.strerror}. Look at the path and at who may read it."
        ) from error
    if not begins:
        raise InputError(f"{path} is empty: there is no contact in it.")
    return begins
