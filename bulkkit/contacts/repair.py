"""An address as it was typed, pasted or exported becomes the bare address; what was done is told.

Only what cannot change the meaning is repaired. Control characters are never:
an address that holds a line break is an attack or an accident, and is left for
verification to refuse.
"""

from __future__ import annotations

import re
from typing import Any, Final

import pandas as pd

LONGEST: Final = 1_000
"""Characters; a longer cell is no address with something around it (RFC 5321 allows 254), and is left alone."""

CONTROLS: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
"""Whatever some program takes for the end of a line or a string; the tab is a space."""

SUSPECT: Final = r"[^!-~]|[\"'`<>(),;:]|\.$"
"""What no plain address has: only these rows are looked at closely."""

QUOTES: Final = "\"'`“”„‘’«»"

STEPS: Final = (
    ("invisible characters", re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+"), ""),
    ("display name", re.compile(r"^[^<>@]*<\s*([^<>@\s]+@[^<>@\s]+)\s*>$"), r"\1"),
    ("display name", re.compile(r"^([^<>@\s]+@[^<>@\s]+)\s*<\s*\1\s*>$", re.IGNORECASE), r"\1"),
    ("display name", re.compile(r"^([^()<>@\s]+@[^()<>@\s]+)\s*\([^()]*\)$"), r"\1"),
    ("spaces", re.compile(r"^\s+|\s+$"), ""),
    ("spaces", re.compile(r"\s+@\s*|@\s+"), "@"),
    ("quotes", re.compile(rf"^[{QUOTES}]+([^{QUOTES}]*)[{QUOTES}]+$"), r"\1"),
    ("mailto", re.compile(r"^mailto:([^?]*)(?:\?.*)?$", re.IGNORECASE), r"\1"),
    ("punctuation", re.compile(r"^[,;:\s]+|[.,;:\s]+$"), ""),
)
"""What is repaired, in order: the word for it, what it looks like, what takes its place."""

ROUNDS: Final = 3
"""One thing may hide another: quotes around a display name, a full stop behind a bracket."""


def repaired(addresses: pd.Series[Any]) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Return the addresses repaired, and the words for what was repaired, missing where nothing was.

    `addresses` are of dtype `str`; their index has no label twice.
    """
    suspects = addresses.str.contains(SUSPECT, regex=True, na=False) & addresses.str.len().le(LONGEST)
    odd = addresses[suspects].astype(object)
    odd = odd[~odd.str.contains(CONTROLS).astype(bool)]
    bare, words = _stepped(odd)
    changed = addresses.index.isin(bare.index)
    whole = addresses.where(~changed, bare.reindex(addresses.index).astype("str"))
    return whole, words.reindex(addresses.index).astype("str")


def noted(words: pd.Series[Any], rows: pd.Series[Any], word: str) -> pd.Series[Any]:
    """Return the words with one more where `rows` is True and it is not among them yet."""
    new = rows & ~words.str.contains(word, regex=False, na=False)
    return words.where(~new, (words + ", ").fillna("") + word)


def _stepped(odd: pd.Series[Any]) -> tuple[pd.Series[Any], pd.Series[Any]]:
    bare, words = odd, pd.Series(float("nan"), index=odd.index, dtype="str")
    for _ in range(ROUNDS):
        for word, pattern, replacement in STEPS:
            stepped = bare.str.replace(pattern, replacement, regex=True)
            changed = stepped.ne(bare)
            words, bare = noted(words, changed, word) if changed.any() else words, stepped
    return bare.mask(bare.eq("")), words
