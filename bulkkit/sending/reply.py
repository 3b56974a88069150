"""A server's reply, read from bytes that may be anything."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from bulkkit.refusals import codes

MAX_REPLY: Final = 32 * 1024
"""A whole reply, all its lines; RFC 5321 §4.5.3.1.5 asks for 512 octets a line."""

_LINE: Final = re.compile(rb"([2-5]\d\d)([ -]|(?=\r?\n))([^\r\n]*)\r?\n")
_SINGLE_LINES: Final = re.compile(rb"(?:[2-5]\d\d [ -~]*\r\n)+")
"""Replies of one line each and plain words, as nearly all are."""


_ADDRESS: Final = re.compile(r"\S+@\S+")


class ReplyError(Exception):
    """What the server sent is no SMTP reply."""


@dataclass(frozen=True)
class Reply:
    """A reply code and its text, lines joined by blanks."""

    code: int
    text: str

    @cached_property
    def enhanced_code(self) -> str | None:
        """The enhanced status code (RFC 3463) in the text, or None."""
        return codes(self.text)[1]

    @property
    def is_positive(self) -> bool:
        """Whether the server agreed: 2xx, or 3xx to go on."""
        return self.code < 400

    @cached_property
    def words(self) -> str:
        """Code and text."""
        return f"{self.code} {self.text}".strip()

    def __str__(self) -> str:
        return self.words


@lru_cache(maxsize=1024)
def _of_line(line: bytes) -> Reply:
    # A server says most replies again and again.
    return Reply(int(line[:3]), line[4:].decode("ascii").strip())


def without_addresses(words: str) -> str:
    """Return a server's words without the addresses in them: what is shown of them may be kept."""
    return _ADDRESS.sub("…", words)


class ReplyReader:
    """Bytes go in as they arrive; whole replies come out. Each line is read once."""

    __slots__ = ("_buffer", "_code", "_texts")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._begin()

    def feed(self, data: bytes) -> list[Reply]:
        """Take bytes in; return the replies that are whole by now.

        Raises
        ------
        ReplyError
            Where a line is no reply, the codes of one reply differ, or it is longer
            than `MAX_REPLY`.
        """
        if not self._buffer and not self._texts and len(data) <= MAX_REPLY and _SINGLE_LINES.fullmatch(data):
            return [_of_line(line) for line in data.split(b"\r\n")[:-1]]
        self._buffer += data
        replies = self._read() if b"\n" in data else []
        if len(self._buffer) + sum(map(len, self._texts)) > MAX_REPLY:
            raise ReplyError(f"The server's reply is longer than {MAX_REPLY} bytes.")
        return replies

    def _begin(self) -> None:
        self._code = b""
        self._texts: list[str] = []

    def _read(self) -> list[Reply]:
        position, replies = 0, []
        while line := _LINE.match(self._buffer, position):
            position = line.end()
            if self._is_last(line):
                replies.append(Reply(int(self._code), " ".join(self._texts).strip()))
                self._begin()
        del self._buffer[:position]
        if b"\n" in self._buffer:
            raise ReplyError(f"The server sent no SMTP reply: {bytes(self._buffer[:60])!r}.")
        return replies

    def _is_last(self, line: re.Match[bytes]) -> bool:
        if self._code not in {b"", line[1]}:
            raise ReplyError("The server's reply has two codes in it.")
        self._code = line[1]
        self._texts.append(line[3].decode("utf-8", "backslashreplace"))
        return line[2] != b"-"
