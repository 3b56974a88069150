"""A server's reply, read from bytes that may be anything."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bulkkit.sending.retry import enhanced_code

MAX_REPLY: Final = 32 * 1024
"""A whole reply, all its lines; RFC 5321 §4.5.3.1.5 asks for 512 octets a line."""

_LINE: Final = re.compile(rb"([2-5]\d\d)([ -]?)([^\r\n]*)\r?\n")


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
        return enhanced_code(self.text)

    @property
    def is_positive(self) -> bool:
        """Whether the server agreed: 2xx, or 3xx to go on."""
        return self.code < 400

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()


class ReplyReader:
    """Bytes go in as they arrive; whole replies come out."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Reply | None:
        """Return a reply once its last line is there.

        Raises
        ------
        ReplyError
            Where a line is no reply, the codes of one reply differ, it is longer
            than `MAX_REPLY`, or more follows than was asked for.
        """
        self._buffer += data
        if len(self._buffer) > MAX_REPLY:
            raise ReplyError(f"The server's reply is longer than {MAX_REPLY} bytes.")
        if not self._buffer.endswith(b"\n"):
            return None
        return self._read()

    def _read(self) -> Reply | None:
        code, texts, position = None, [], 0
        while match := _LINE.match(self._buffer, position):
            if code not in {None, match[1]}:
                raise ReplyError("The server's reply has two codes in it.")
            code, position = match[1], match.end()
            texts.append(match[3].decode("utf-8", "backslashreplace"))
            if match[2] != b"-":
                return self._whole(int(code), texts, position)
        if position < len(self._buffer):
            raise ReplyError(f"The server sent no SMTP reply: {bytes(self._buffer[position : position + 60])!r}.")
        return None

    def _whole(self, code: int, texts: list[str], position: int) -> Reply:
        if position < len(self._buffer):
            raise ReplyError("The server sent more than it was asked for.")
        self._buffer.clear()
        return Reply(code, " ".join(texts).strip())
