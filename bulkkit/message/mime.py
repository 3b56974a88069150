"""The bytes of a message: headers and parts as RFC 5322, 2045 to 2047 and 8058 want them.

Bodies are quoted-printable: whatever they hold, only CRLF ends a line on the
wire, no line is longer than 76 characters, and the boundary, which has `=_` in
it, cannot occur.
"""

from __future__ import annotations

import re
from binascii import b2a_qp
from collections.abc import Sequence
from email.header import Header
from secrets import token_hex
from typing import Final, TypeVar

from bulkkit.errors import InputError

MAX_LINE: Final = 998
"""Octets a line without its CRLF (RFC 5322 §2.1.1)."""

CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029\ud800-\udfff]")
"""C0, DEL, C1 (U+0085 among them), the two Unicode line ends and halves of characters: none may stand in a header."""
ENCODED_WORD: Final = re.compile(r"=\?[^?\s]+\?[BbQq]\?[^?\s]*\?=")
"""RFC 2047 §2. Text that only looks so is encoded itself, or it would be read as something else."""


MAX_ENCODED_LINE: Final = 76
"""Characters of a line of quoted-printable, a soft break's `=` among them (RFC 2045 §6.7, rule 5)."""
SOFT_BREAK: Final = b"=\r\n"
"""A line end that is taken off in reading (RFC 2045 §6.7, rule 5)."""
_LEADING_DOTS: Final = re.compile(rb"(?m)^\.+")
_BLANK_TOO_FAR: Final = re.compile(rb"(?m)^([^\n]{74,})(=20|=09)$")
"""A blank at a line's end that is encoded without looking whether the line has room for it (binascii, Python 3.11)."""

Piece = TypeVar("Piece")


def new_boundary() -> str:
    """Return a boundary that cannot occur in quoted-printable text (RFC 2045 §6.7)."""
    return f"=_{token_hex(12)}"


def header(name: str, value: str, *, is_text: bool = False) -> bytes:
    """Return one header line with its CRLF.

    Values stand as they are, up to 998 octets: folding or encoding a
    `List-Unsubscribe` would break it, and an address that is not ASCII is UTF-8
    (RFC 6532), for a server that takes SMTPUTF8. With `is_text`, what is not ASCII,
    or looks like encoded words, becomes encoded words (RFC 2047).

    Raises
    ------
    InputError
        Where the value holds a control character or the line would be too long.
    """
    found = CONTROL.search(value)
    if found:
        where = f" (found in {value[:60]!r})" if is_text else ""  # An address is not repeated where notebooks keep it.
        raise InputError(f"The header {name} cannot hold the character U+{ord(found[0]):04X}{where}; take it out.")
    if is_text and (not value.isascii() or ENCODED_WORD.search(value)):
        value = Header(value, "utf-8", header_name=name).encode(linesep="\r\n")
    elif len(name) + 2 + len(value) > MAX_LINE:
        raise InputError(
            f"The header {name} has {len(value)} characters; at most {MAX_LINE - len(name) - 2} can be sent."
        )
    return f"{name}: {value}\r\n".encode()


def quoted(text: str) -> bytes:
    """Return a text in quoted-printable (RFC 2045 §6.7), with CRLF and no line that begins with a dot.

    So nothing of it needs dot-stuffing, wherever a line of it begins.
    """
    unix = text.replace("\r\n", "\n").replace("\r", "\n")
    encoded = b2a_qp(unix.encode("utf-8"), istext=True)
    if b"=20" in encoded or b"=09" in encoded:
        encoded = _BLANK_TOO_FAR.sub(rb"\1=\n\2", encoded)
    encoded = encoded.replace(b"\n", b"\r\n")
    return _LEADING_DOTS.sub(_hidden, encoded) if encoded.startswith(b".") or b"\n." in encoded else encoded


def part_head(subtype: str) -> bytes:
    """Return the headers of a text part, with the empty line after them."""
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head.encode("ascii")


def alternatives(parts: Sequence[Sequence[bytes | Piece]], boundary: str) -> list[bytes | Piece]:
    """Return parts as the pieces of one body with its headers: one as it is, several as `multipart/alternative`.

    The best one comes last (RFC 2046 §5.1.4).
    """
    head = b"MIME-Version: 1.0\r\n"
    if len(parts) == 1:
        return [head, *parts[0]]
    mark = boundary.encode("ascii")
    typed = b'Content-Type: multipart/alternative; boundary="' + mark + b'"\r\n\r\n'
    inner = [piece for part in parts for piece in (b"--" + mark + b"\r\n", *part)]
    return [head + typed, *inner, b"--" + mark + b"--\r\n"]


def _hidden(dots: re.Match[bytes]) -> bytes:
    return b"".join(b"=2E" * len(dots[0][at : at + 24]) + SOFT_BREAK for at in range(0, len(dots[0]), 24))
