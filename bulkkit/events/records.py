"""The records of a JSON file, one at a time: an array, or one object (or array) a line.

What cannot be read comes as an `Unusable` with its number; the rest goes on. No
more than one chunk and one record are in memory, and a record has its limit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any, Final

from bulkkit.events.opening import Opening
from bulkkit.events.source import Unusable

CHUNK: Final = 1 << 20
LONGEST: Final = 1 << 20
"""Characters of one record; a real one has some hundred."""

_BETWEEN: Final = frozenset(" \t\r\n,[]")
"""What stands between records; brackets too, so that one array a line reads like one array."""


def records(opening: Opening) -> Iterator[tuple[int, dict[str, Any]] | Unusable]:
    """Yield each record with its number (the line, or its place in the array), or why it is unusable."""
    with opening.path.open(encoding=opening.encoding, errors="replace") as file:
        first = file.read(CHUNK).lstrip()
        if first.startswith("["):
            found = _array(file, first[1:])
        else:
            file.seek(0)
            found = _lines(file)
        for number, value in found:
            yield from _objects(number, value)


def _objects(number: int, value: Any) -> Iterator[tuple[int, dict[str, Any]] | Unusable]:
    if isinstance(value, Unusable):
        yield value
    elif isinstance(value, dict):
        yield number, value
    elif isinstance(value, list) and all(isinstance(item, dict) for item in value):
        yield from ((number, item) for item in value)
    else:
        yield Unusable(number, f"is a JSON {type(value).__name__} and no object")


def _lines(file: IO[str]) -> Iterator[tuple[int, Any]]:
    number = 0
    while line := file.readline(LONGEST):
        number += 1
        if not line.endswith("\n") and len(line) == LONGEST:
            yield number, Unusable(number, f"is longer than {LONGEST:,} characters")
            _skip_line(file)
        elif line.strip():
            yield number, _decoded(number, line)


def _skip_line(file: IO[str]) -> None:
    while (more := file.readline(LONGEST)) and not more.endswith("\n"):
        pass


def _decoded(number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        return Unusable(number, f"is no JSON: {error}")


def _array(file: IO[str], buffer: str) -> Iterator[tuple[int, Any]]:
    decoder, number, at = json.JSONDecoder(), 0, 0
    while True:
        at = _after_blank(buffer, at)
        try:
            value, at = decoder.raw_decode(buffer, at)
            number += 1
            yield number, value
        except (ValueError, RecursionError) as error:
            rest, more = buffer[at:], file.read(CHUNK)
            if not more and not rest:
                return
            if not more or len(rest) > LONGEST or isinstance(error, RecursionError):
                # In an array nothing says where the next record begins, so a broken one is the end.
                yield number + 1, Unusable(number + 1, f"and what follows it cannot be read as JSON: {error}")
                return
            buffer, at = rest + more, 0


def _after_blank(buffer: str, at: int) -> int:
    while at < len(buffer) and buffer[at] in _BETWEEN:
        at += 1
    return at
