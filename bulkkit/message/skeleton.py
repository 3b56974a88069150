"""A message's body, written once for everybody, with slots for what differs from person to person.

What all have in common is encoded when a campaign is compiled. A slot stands
between two soft line breaks, so that whatever is put there neither lengthens
a line nor moves one (RFC 2045 §6.7, rule 5).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from markupsafe import escape

from bulkkit.message.mime import MAX_ENCODED_LINE, SOFT_BREAK, alternatives, new_boundary, part_head, quoted
from bulkkit.message.template import Template, Token
from bulkkit.message.tracking import TOKEN, Known

Values = Mapping[str, str]
Slot = Callable[[Values], bytes]
"""What stands in a slot for somebody's values."""
Encode = Callable[[str], bytes]

LONGEST_SHARED: Final = 256
"""Characters of a value that is kept for the next person: many share a name or a city, nobody shares a letter."""
MOST_SHARED: Final = 8192

_PLAIN: Final = re.compile(r"(?!\.)[ !-<>-~]{0,75}")
"""What is the same in quoted-printable, between two soft breaks, and needs no dot-stuffing."""


class Field(NamedTuple):
    """A slot that holds a value of somebody's, or its default."""

    name: str
    default: bytes
    shared: Encodings


@dataclass(frozen=True, slots=True)
class Part:
    """One text part: its template, its subtype (`plain` or `html`), and the tokens whose values are HTML themselves."""

    template: Template
    subtype: str
    markup: frozenset[str] = frozenset()

    def pieces(self, known: Known) -> Iterator[bytes | _Place]:
        """Yield the part's headers, bytes and slots."""
        yield part_head(self.subtype)
        if self.template.segments is None:
            yield _Place(f"{self.subtype} part", partial(_worked_out, self.template))
            return
        words = ""
        for segment in self._settled(known):
            if isinstance(segment, str):
                words += segment
            else:
                yield from (_roomy(quoted(words)) + SOFT_BREAK, self._place(segment), SOFT_BREAK)
                words = ""
        yield _line_ended(quoted(words))

    def _settled(self, known: Known) -> Iterator[str | Token]:
        for segment in self.template.segments or ():
            if isinstance(segment, str) or segment.name not in known:
                yield segment
            else:
                is_markup = segment.name in self.markup
                for part in known[segment.name]:
                    yield part if is_markup or isinstance(part, Token) else self._written(part)

    def _place(self, token: Token) -> _Place:
        if token.name == TOKEN:
            return _Place(TOKEN, _own_token)
        slot = Field(token.name, encoded(self._written(token.default)), _SHARED[self.subtype])
        return _Place(f"{self.subtype} {token.name} {token.default}", slot)

    def _written(self, value: str) -> str:
        return str(escape(value)) if self.subtype == "html" else value


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The body of a campaign's messages; `fill` writes it out for one recipient.

    It is plain where no part must be worked out by the template engine.
    """

    _format: bytes
    _fields: tuple[tuple[bytes, Field], ...]
    _slots: tuple[tuple[bytes, Slot], ...]
    is_plain: bool

    @classmethod
    def of(cls, parts: Sequence[Part], known: Known) -> Skeleton:
        """Return the skeleton of a message of these parts, the best one last."""
        pattern = b""
        slots: dict[str, tuple[bytes, Slot | Field]] = {}
        is_plain = all(part.template.segments is not None for part in parts)
        for piece in alternatives([list(part.pieces(known)) for part in parts], new_boundary()):
            if isinstance(piece, _Place):
                key, _ = slots.setdefault(piece.name, (str(len(slots)).encode(), piece.slot))
                pattern += b"%%(%b)b" % key
            else:
                pattern += piece.replace(b"%", b"%%")
        fields = tuple((key, slot) for key, slot in slots.values() if isinstance(slot, Field))
        others = tuple((key, slot) for key, slot in slots.values() if not isinstance(slot, Field))
        return cls(pattern, fields, others, is_plain)

    def fill(self, values: Values) -> bytes:
        """Return the body, its own headers first: CRLF lines, none of which begins with a dot.

        Raises
        ------
        TemplateError
            Where a part must be worked out and cannot be for these values.
        """
        # Written out here, for a call for each field takes longer than all the rest.
        filled = {
            key: default if (value := values.get(name)) is None else shared[value]
            for key, (name, default, shared) in self._fields
        }
        for key, slot in self._slots:
            filled[key] = slot(values)
        return self._format % filled


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a slot stands; places of one name hold the same."""

    name: str
    slot: Slot | Field


def encoded(value: str) -> bytes:
    """Return a value in quoted-printable, for between two soft breaks."""
    return value.encode("ascii") if _PLAIN.fullmatch(value) else _roomy(quoted(value))


def _escaped(value: str) -> bytes:
    return encoded(str(escape(value)))


class Encodings(dict[str, bytes]):
    """Values in quoted-printable as they are asked for; the short ones are kept for the next person."""

    def __init__(self, encode: Encode) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, value: str) -> bytes:
        """Encode a value."""
        result = self._encode(value)
        if len(value) <= LONGEST_SHARED:
            if len(self) >= MOST_SHARED:
                self.clear()
            self[value] = result
        return result


_SHARED: Final = {"plain": Encodings(encoded), "html": Encodings(_escaped)}


def _own_token(values: Values) -> bytes:
    return values[TOKEN].encode("ascii")  # Base64 for addresses (RFC 4648 §5) is plain in every encoding.


def _worked_out(template: Template, values: Values) -> bytes:
    return _line_ended(quoted(template.render(values)))


def _roomy(encoded_text: bytes) -> bytes:
    """Return a text whose last line has room for the `=` of a soft break behind it."""
    if len(encoded_text) - (encoded_text.rfind(b"\n") + 1) < MAX_ENCODED_LINE:
        return encoded_text
    last = encoded_text[-3:] if encoded_text[-3:-2] == b"=" else encoded_text[-1:]
    # No line begins with a dot.
    return encoded_text.removesuffix(last) + SOFT_BREAK + last.replace(b".", b"=2E")


def _line_ended(encoded_text: bytes) -> bytes:
    return encoded_text if encoded_text.endswith(b"\r\n") else encoded_text + b"\r\n"
