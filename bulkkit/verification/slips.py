"""Slips of the finger: whether one word is another with a letter dropped, doubled, swapped or hit beside its key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from rapidfuzz.distance import OSA, Postfix, Prefix
from rapidfuzz.process import extract

SHORT: Final = 5
"""Letters that a name must have: each shorter one is one slip away from many others (aol, all, aon)."""

LONG: Final = 9
"""Letters from which on two slips are believed, if the first letter is right."""

KEYS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
"""The rows of keys, top to bottom by column; QWERTZ and AZERTY have the same neighbours but for a few."""

ALIKE: Final = ("aeiou", "il1j", "o0", "vu", "mn", "ck", "sz", "yi", "bd", "pq", "rt")
"""Letters that are taken for one another by eye or by ear."""


def nearest(name: str, targets: Sequence[str], likely: Callable[[str, str, float], bool] | None = None) -> str | None:
    """Return the first of the closest targets that `name` is a likely slip for, itself included."""
    hits = extract(name, targets, scorer=OSA.distance, score_cutoff=2, limit=None)
    hits.sort(key=lambda hit: (hit[1], hit[2]))
    slip = likely or is_likely
    return next((target for target, distance, _ in hits if distance == 0 or slip(name, target, distance)), None)


def is_likely(name: str, target: str, distance: float) -> bool:
    """Tell whether `name` is `target` with slips that fingers make, and not a word of its own."""
    if len(target) < SHORT:
        return False
    if distance > 1:
        return len(target) >= LONG and name[:1] == target[:1] and not _has_digit(name)
    typed, meant, before = _difference(name, target)
    if _is_a_name(typed, meant, name.endswith(before + typed)):
        return False
    if len(typed) == len(meant) == 1:
        return _are_close(typed, meant)
    return bool(before or meant)


def is_mechanical(name: str, target: str, distance: float) -> bool:
    """Tell whether `name` is `target` with one letter dropped, doubled or swapped, and nothing else."""
    if len(target) <= SHORT or distance > 1:
        return False
    typed, meant, before = _difference(name, target)
    if _is_a_name(typed, meant, name.endswith(before + typed)) or len(typed) == len(meant) == 1:
        return False
    return bool(meant) or before.endswith(typed)


def _difference(name: str, target: str) -> tuple[str, str, str]:
    """Return what was typed and what was meant where the words part, and what stands before in both."""
    start = Prefix.similarity(name, target)
    typed, meant = name[start:], target[start:]
    end = Postfix.similarity(typed, meant)
    return typed[: len(typed) - end], meant[: len(meant) - end], name[:start]


def _is_a_name(typed: str, meant: str, at_end: bool) -> bool:
    """Tell whether words that differ so are both meant: numbered ones, singular and plural."""
    return _has_digit(typed + meant) or (at_end and {typed, meant} == {"", "s"})


def _has_digit(text: str) -> bool:
    return any(letter.isdigit() for letter in text)


def _are_close(typed: str, meant: str) -> bool:
    return any(typed in letters and meant in letters for letters in ALIKE) or typed in _beside(meant)


def _beside(key: str) -> str:
    """Return the keys around one."""
    number = next((number for number, row in enumerate(KEYS) if key in row), None)
    if number is None:
        return ""
    column = KEYS[number].index(key)
    return "".join(row[max(column - 1, 0) : column + 2] for row in KEYS[max(number - 1, 0) : number + 2])
