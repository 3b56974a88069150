"""A server's reply, read from bytes that may be anything."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bulkkit.refusals import codes

MAX_REPLY: Final = 32 * 1024
"""A whole reply, all its lines; RFC 5321 §4.5.3.1.5 asks for 512 octets a line."""

_LINE: Final = re.compile(rb"([2-5]\d\d)([ -]|(?=\r?\n))([^\r\n]*)\r?\n")


class ReplyError(Exception):
    """What the server sent is no SMTP reply."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply code and its text, lines joined by blanks."""

    code: int
    text: str

    @property
    def enhanced_code(self) -> str | None:
        """The enhanced status code (RFC 3463) in the text, or None."""
        return codes(self.text)[1]

    @property
    def is_positive(self) -> bool:
        """Whether the server agreed: 2xx, or 3xx to go on."""
        return self.code < 400

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()


class ReplyReader:
    """Bytes go in as they arrive; whole replies come out. Each line is read once."""

    __slots__ = ("_buffer", "_code", "_size", "_texts")

    def __init__(self) -> None:
        self._begin()

    def feed(self, data: bytes) -> Reply | None:
        """Take bytes in; return the reply once it is whole.

        Raises
        ------
        ReplyError
            Where a line is no reply, the codes of one reply differ, it is longer
            than `MAX_REPLY`, or more follows than was asked for.
        """
        self._size += len(data)
        if self._size > MAX_REPLY:
            raise ReplyError(f"The server's reply is longer than {MAX_REPLY} bytes.")
        self._buffer += data
        return self._read() if b"\n" in data else None

    def _begin(self) -> None:
        self._buffer = bytearray()
        self._size = 0
        self._code = b""
        self._texts: list[str] = []

    def _read(self) -> Reply | None:
        position, is_whole = 0, False
        while not is_whole and (line := _LINE.match(self._buffer, position)):
            position, is_whole = line.end(), self._add(line)
        del self._buffer[:position]
        if is_whole:
            return self._whole()
        if b"\n" in self._buffer:
            raise ReplyError(f"The server sent no SMTP reply: {bytes(self._buffer[:60])!r}.")
        return None

    def _add(self, line: re.Match[bytes]) -> bool:
        """Take one line in; return whether it is the last one."""
        if self._code not in {b"", line[1]}:
            raise ReplyError("The server's reply has two codes in it.")
        self._code = line[1]
        self._texts.append(line[3].decode("utf-8", "backslashreplace"))
        return line[2] != b"-"

    def _whole(self) -> Reply:
        if self._buffer:
            raise ReplyError("The server sent more than it was asked for.")
        reply = Reply(int(self._code), " ".join(self._texts).strip())
        self._begin()
        return reply
