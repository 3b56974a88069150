"""In which encoding a text file is written, found out without holding more than a piece of it."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bulkkit.errors import InputError

MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks (Unicode 17.0, section 23.8); UTF-32's begins with UTF-16's, so it is asked first."""

PIECE: Final = 1 << 20
"""Bytes read at a time, and the longest line, and so the longest cell, that a list may have."""

UNDEFINED: Final = frozenset(b"\x81\x8d\x8f\x90\x9d")
"""Bytes that cp1252 leaves undefined; a file that has them is read as Latin-1."""

BINARY: Final = 0.1
"""The share of NUL bytes above which a file is no text in an encoding of eight bits."""


def encoding_of(path: Path) -> str:
    """Return the encoding of a text file: by its byte order mark, else UTF-8, else cp1252 or Latin-1.

    Raises
    ------
    InputError
        Some lines are UTF-8 and others are not; a line is longer than `PIECE`;
        or the file is no text at all.
    """
    with path.open("rb") as file:
        head = file.read(PIECE)
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding
    if head.count(0) > BINARY * len(head):
        raise InputError(f"{path} is not text, or is UTF-16 without a byte order mark. Save it as CSV in UTF-8.")
    return _unmarked(path)


def _unmarked(path: Path) -> str:
    """Look at each line that is not ASCII: all UTF-8, all not, or a mixture."""
    firsts: dict[bool, int] = {}
    encoding = "cp1252"
    for start, block in _blocks(path):
        if block.isascii() or (True in firsts and _is_utf8(block)):
            continue
        for offset, is_utf8 in _judged(block):
            firsts.setdefault(is_utf8, start + offset)
        if len(firsts) == 2:
            raise InputError(_mixed(path, in_utf8=_line(path, firsts[True]), foreign=_line(path, firsts[False])))
        encoding = "latin-1" if any(byte in block for byte in UNDEFINED) else encoding
    return encoding if False in firsts else "utf-8"


def _blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the file in blocks of whole lines, each with where it starts."""
    rest, start = b"", 0
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            end = max(piece.rfind(b"\n"), piece.rfind(b"\r", 0, -1)) + 1
            if end == 0 and len(rest) + len(piece) > PIECE:
                raise InputError(too_long(path, _line(path, start)))
            if end:
                yield start, rest + piece[:end]
                start, rest = start + len(rest) + end, piece[end:]
            else:
                rest += piece
    yield start, rest


def _line(path: Path, offset: int) -> int:
    """Return the number of the line that starts at `offset`."""
    with path.open("rb") as file:
        pieces = (file.read(min(PIECE, offset - done)) for done in range(0, offset, PIECE))
        feeds = [(piece.count(b"\n"), piece.count(b"\r")) for piece in pieces]
    return 1 + (sum(lines for lines, _ in feeds) or sum(returns for _, returns in feeds))


def _judged(block: bytes) -> Iterator[tuple[int, bool]]:
    """Yield where each line beyond ASCII starts, and whether it is UTF-8."""
    offset = 0
    for row in block.splitlines(keepends=True):
        if not row.isascii():
            yield offset, _is_utf8(row)
        offset += len(row)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def too_long(path: Path, line: int) -> str:
    """Return the message for a row that no list of contacts has."""
    return (
        f"{path}, line {line}: a cell or row is larger than {PIECE:,} bytes. That is no list of contacts; "
        "if a quotation mark was opened there and never closed, close it."
    )


def _mixed(path: Path, in_utf8: int, foreign: int) -> str:
    return (
        f"{path} mixes encodings: line {foreign} is not UTF-8, line {in_utf8} is. Mend the first one, or save the "
        'whole file as UTF-8, or read it yourself: read_contacts(pd.read_csv(path, encoding="…")).'
    )
