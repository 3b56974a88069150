"""A file of lines, each a piece of JSON: added to at the end, so a kill loses nothing, and read past what is torn."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def read(path: Path) -> list[Any]:
    """Return what each line says, None for one that cannot be read; nothing where there is no file."""
    try:
        return [_said(line) for line in path.read_bytes().splitlines()]
    except FileNotFoundError:
        return []


def add(path: Path, rows: Iterable[Any]) -> None:
    """Add a line for each row; several processes may add at once, and only its owner may read the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(number, "r+b", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        torn = size > 0 and os.pread(number, 1, size - 1) != b"\n" if hasattr(os, "pread") else True
        file.write((b"\n" if torn else b"") + _lines(rows))


def rewrite(path: Path, rows: Iterable[Any]) -> None:
    """Put a file of these rows in the place of the old one, with which goes what another process adds meanwhile."""
    number, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(number, "wb") as file:
        file.write(_lines(rows))
    with contextlib.suppress(PermissionError):
        Path(name).replace(path)


def _lines(rows: Iterable[Any]) -> bytes:
    return "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows).encode()


def _said(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
