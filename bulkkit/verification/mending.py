"""What was probably meant by an address that is none: a comma for a dot, an at-sign twice, an ending left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bulkkit.contacts.repair import CONTROLS, repaired
from bulkkit.verification.anatomy import numbered
from bulkkit.verification.syntax import syntax
from bulkkit.verification.tables import inverted
from bulkkit.verification.text_columns import FEW, arrow, halves, in_chunks, joined, mask, matches, rows_with, series
from bulkkit.verification.typos import meant

LONGEST: Final = 320
"""Characters: a local part of 64, an at-sign and a domain of 255 (RFC 5321 4.5.3.1); longer ones are not mended."""

SURROUNDED: Final = r"(?s)[<\x{80}-\x{10FFFF}]|\)[\s.,;:]*\z|^[\s,;:]*(?i:mailto:)|^[\s,;:]*[\"'`].*[\"'`][\s.,;:]*\z"
"""What `contacts.repair` may find around an address, but for blanks and punctuation, which go here anyway."""

NAMED: Final = r"^[^<>@]*<\s*([^<>@\s]+@[^<>@\s]+)\s*>\s*\z"
SPACE: Final = r"[\s\p{Z}]"

SPACED_FIXES: Final = (
    (rf"^{SPACE}+|{SPACE}+\z", ""),
    ("[＠﹫]", "@"),
    (rf"(?i){SPACE}*[(\[{{]{SPACE}*(?:at|@){SPACE}*[)\]}}]{SPACE}*", "@"),
    (rf"(?i)^([^@]*?){SPACE}+at{SPACE}+([^@]*)\z", r"\1@\2"),
    (rf"(?i)(?:{SPACE}+dot{SPACE}+|{SPACE}*[(\[{{]{SPACE}*(?:dot|\.){SPACE}*[)\]}}]{SPACE}*)", "."),
    (f"{SPACE}+", ""),
)
"""What is mended first, in order (RE2), in addresses with a blank, a bracket or a letter beyond ASCII."""

EDGES: Final = ((r"^[.,;:<(\[]+|[^\pL\pN_]+\z", ""),)

BRACKETS: Final = tuple(b"([{")
SEPARATORS: Final = "[,;:]"
LATER_FIXES: Final = ((r"\.{2,}", "."), (r"\.?@[.@-]*", "@"))

LOST_AT: Final = r"(?i)^([^@]+?)[.,#;\"'2]?({domains})\z"
"""A well-known domain with no at-sign before it, but perhaps what stands beside it on the keyboard (2, ", #)."""


def mended(addresses: pa.LargeStringArray) -> pa.LargeStringArray:
    """Return a valid address that each invalid one was probably meant for; missing where none comes to mind.

    Nothing is proposed for an address with a line break or another control
    character in it.
    """
    legible = mask(pc.less_equal(pc.utf8_length(addresses), LONGEST)) & ~matches(addresses, CONTROLS.pattern)
    told = pa.concat_arrays(in_chunks(_candidates, addresses.filter(pa.array(legible)), FEW)).dictionary_encode()
    distinct = _with_known_domains(told.dictionary)
    good = pc.is_null(syntax(distinct)[0])
    found = pc.if_else(good, distinct, pa.scalar(None, pa.large_string())).take(told.indices)
    return pc.replace_with_mask(pa.nulls(len(addresses), pa.large_string()), pa.array(legible), found)


def with_domain(addresses: pa.LargeStringArray, domains: pa.LargeStringArray) -> pa.LargeStringArray:
    """Return the addresses with other domains; missing where there is none."""
    local = pc.replace_substring_regex(pc.utf8_trim_whitespace(addresses), r"@[^@]*\z", "")
    return joined(local, domains, by="@")


Change = Callable[[pa.LargeStringArray], pa.LargeStringArray]


def _candidates(addresses: pa.LargeStringArray) -> pa.LargeStringArray:
    bare = _bare(addresses)
    spaced = rows_with(bare, lambda data: (data <= ord(" ")) | (data >= 127) | np.isin(data, BRACKETS))
    texts = _fixed(_changed(bare, spaced, lambda rows: _fixed(rows, SPACED_FIXES)), EDGES)
    texts = _fixed(_with_dots(texts), LATER_FIXES)
    texts = _changed(texts, matches(texts, "@.*@"), _once)
    return _changed(texts, ~matches(texts, "@"), lambda rows: _substituted(rows, _lost_at(), r"\1@\2"))


def _fixed(texts: pa.LargeStringArray, fixes: Sequence[tuple[str, str]]) -> pa.LargeStringArray:
    for pattern, replacement in fixes:
        texts = _replaced(texts, pattern, replacement)
    return texts


def _bare(addresses: pa.LargeStringArray) -> pa.LargeStringArray:
    """Return the addresses without what stands around them, which is a name most often."""
    bare = _replaced(addresses, NAMED, r"\1")
    return _changed(bare, matches(bare, SURROUNDED), lambda rows: arrow(repaired(series(rows))[0]))


def _with_dots(addresses: pa.LargeStringArray) -> pa.LargeStringArray:
    """Return the addresses with dots for the commas and colons behind the last at-sign."""
    return _changed(addresses, matches(addresses, rf"{SEPARATORS}[^@]*\z"), _dotted)


def _dotted(addresses: pa.LargeStringArray) -> pa.LargeStringArray:
    head = pc.replace_substring_regex(addresses, r"[^@]*\z", "")
    tail = pc.replace_substring_regex(addresses, "(?s)^.*@", "")
    return joined(head, pc.replace_substring_regex(tail, SEPARATORS, "."))


def _once(addresses: pa.LargeStringArray) -> pa.LargeStringArray:
    """Return the addresses without their domain where it stands twice: `ana@example.org@example.org`."""
    head, last = (pc.replace_substring_regex(addresses, cut, "") for cut in (r"@[^@]*\z", "^.*@"))
    return pc.if_else(pc.equal(halves(head)[1], last), head, addresses)


def _replaced(texts: pa.LargeStringArray, pattern: str, replacement: str) -> pa.LargeStringArray:
    return _changed(texts, matches(texts, pattern), lambda rows: _substituted(rows, pattern, replacement))


def _substituted(texts: pa.LargeStringArray, pattern: str, replacement: str) -> pa.LargeStringArray:
    return pc.replace_substring_regex(texts, pattern, replacement)


def _changed(texts: pa.LargeStringArray, rows: npt.NDArray[np.bool_], change: Change) -> pa.LargeStringArray:
    """Return the texts with some rows changed, which are nearly always few."""
    if not rows.any():
        return texts
    where = pa.array(rows)
    return pc.replace_with_mask(texts, where, change(texts.filter(where)))


def _with_known_domains(addresses: pa.LargeStringArray) -> pa.LargeStringArray:
    """Return the addresses at the domain that each one's own was probably meant for."""
    local, raw = halves(addresses)
    codes, names = numbered(raw)
    told = meant(names.to_pylist())
    targets = pa.array([told.get(name) for name in names.to_pylist()], pa.large_string()).take(pa.array(codes))
    rows = mask(pc.is_valid(targets))
    return _changed(addresses, rows, lambda _: joined(local, targets, by="@").filter(pa.array(rows)))


@lru_cache(maxsize=1)
def _lost_at() -> str:
    return LOST_AT.format(domains="|".join(map(re.escape, inverted("targets"))))
