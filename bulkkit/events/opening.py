"""How a file begins: enough of it to tell what it holds, without reading it."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from bulkkit.errors import InputError

LOOK: Final = 65_536
"""Bytes that are looked at."""


class Form(StrEnum):
    """What a file is, whatever it is about."""

    FOLDER = "a folder"
    PARQUET = "a Parquet file"
    JSON = "JSON"
    TABLE = "a table in text"
    MAIL = "a mail"
    MBOX = "an mbox of mails"
    ARCHIVE = "a packed file"
    PDF = "a PDF"
    DATABASE = "a SQLite database"
    PAGE = "a web page"
    OTHER = "no text"


MAGIC: Final = (
    (b"PAR1", Form.PARQUET),
    (b"PK\x03\x04", Form.ARCHIVE),
    (b"\x1f\x8b", Form.ARCHIVE),
    (b"BZh", Form.ARCHIVE),
    (b"\xfd7zXZ", Form.ARCHIVE),
    (b"(\xb5/\xfd", Form.ARCHIVE),
    (b"%PDF", Form.PDF),
    (b"SQLite format 3\0", Form.DATABASE),
    (b"From ", Form.MBOX),
)
"""What files begin with: zip and xlsx, gzip, bzip2, xz, zstd; mbox by RFC 4155."""

BYTE_ORDER_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))

_HEADER: Final = re.compile(rb"[!-9;-~]{1,76}:[ \t]")
_PAGE: Final = re.compile(rb"\s*<(?:!doctype|html|\?xml)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Opening:
    """A file's form, and the names in its first record or header row."""

    path: Path
    form: Form
    names: frozenset[str] = frozenset()
    encoding: str = "utf-8"
    delimiter: str = ","

    @classmethod
    def of(cls, path: Path) -> Opening:
        """Look at a file or folder; `InputError` where it is not there, empty, or cannot be read."""
        if path.is_dir():
            return cls(path, Form.FOLDER)
        try:
            with path.open("rb") as file:
                head = file.read(LOOK)
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}. Check the name and the folder.") from None
        if not head.strip():
            raise InputError(f"{path} is empty.")
        return _look(path, head)


def _look(path: Path, head: bytes) -> Opening:
    encoding = next((name for mark, name in BYTE_ORDER_MARKS if head.startswith(mark)), "utf-8")
    form = next((form for magic, form in MAGIC if head.startswith(magic)), None)
    if form is Form.PARQUET:
        return Opening(path, form, frozenset(_parquet_names(path)))
    if form is not None:
        return Opening(path, form)
    if b"\0" in head and encoding != "utf-16":
        return Opening(path, Form.OTHER)
    if _PAGE.match(head):
        return Opening(path, Form.PAGE)
    return _text(path, head, encoding)


def _text(path: Path, head: bytes, encoding: str) -> Opening:
    text = head.decode(encoding, "replace").lstrip()
    if text[:1] in {"[", "{"}:
        return Opening(path, Form.JSON, _json_names(text), encoding)
    if _HEADER.match(head) or path.suffix == ".eml":
        return Opening(path, Form.MAIL)
    line = text.partition("\n")[0].strip()
    delimiter = max(",;\t", key=line.count)
    return Opening(path, Form.TABLE, _lower(next(csv.reader([line], delimiter=delimiter), [])), encoding, delimiter)


def _json_names(text: str) -> frozenset[str]:
    try:
        first = json.JSONDecoder().raw_decode(text.lstrip("[ \t\r\n"))[0]
    except (ValueError, RecursionError):
        return frozenset()
    return _lower(first) if isinstance(first, dict) else frozenset()


def _parquet_names(path: Path) -> Iterable[str]:
    import pyarrow.parquet

    try:
        return list(_lower(pyarrow.parquet.read_schema(path).names))
    except (ValueError, OSError) as error:
        raise InputError(f"{path} is a damaged Parquet file: {error}. Write it again.") from None


def _lower(names: Iterable[Any]) -> frozenset[str]:
    return frozenset(str(name).strip().lower() for name in names)
