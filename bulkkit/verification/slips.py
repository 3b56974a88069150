"""Slips of the finger: whether one word is another with a letter dropped, doubled, swapped or hit beside its key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
from rapidfuzz.distance import OSA, Postfix, Prefix
from rapidfuzz.process import cdist, extract

SHORT: Final = 5
"""Letters that a name must have: each shorter one is one slip away from many others (aol, all, aon)."""

TINY: Final = 3
"""Letters up to which even two of them swapped make another name."""

LONG: Final = 9
"""Letters from which on two slips are believed, if the first letter is right."""

BLOCK: Final = 100_000
"""Names that are compared in one go."""

KEYS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
"""The rows of keys, top to bottom by column; QWERTZ and AZERTY have the same neighbours but for a few."""

ALIKE: Final = ("aeiou", "il1j", "o0", "vu", "mn", "ck", "sz", "yi", "bd", "pq", "rt")
"""Letters that are taken for one another by eye or by ear."""


def nearest(name: str, targets: Sequence[str], slip: Callable[[str, str, float], bool]) -> str | None:
    """Return the first of the closest targets that `name` is a slip for, itself included."""
    hits = extract(name, targets, scorer=OSA.distance, score_cutoff=2, limit=None)
    hits.sort(key=lambda hit: (hit[1], hit[2]))
    return next((target for target, distance, _ in hits if distance == 0 or slip(name, target, distance)), None)


def near(names: Sequence[str], targets: Sequence[str]) -> list[str]:
    """Return the names that `nearest` may find something for: those one slip away from a target, or two from a long."""
    return list({name for slips, reached in _by_slips(targets).items() for name in _within(slips, names, reached)})


def _within(slips: int, names: Sequence[str], targets: Sequence[str]) -> Iterator[str]:
    """Yield the names that are so many slips, or fewer, away from a target."""
    lengths = [len(target) for target in targets]
    shortest, longest = min(lengths, default=0) - slips, max(lengths, default=0) + slips
    likely = [name for name in names if shortest <= len(name) <= longest]
    for start in range(0, len(likely), BLOCK):
        block = likely[start : start + BLOCK]
        distances = cdist(block, targets, scorer=OSA.distance, score_cutoff=slips, dtype=np.uint8)
        yield from (block[row] for row in np.flatnonzero(np.any(distances <= slips, axis=1)).tolist())


def _by_slips(targets: Sequence[str]) -> dict[int, list[str]]:
    """Return the targets by how many slips are believed of them."""
    return {2: [name for name in targets if len(name) >= LONG], 1: [name for name in targets if len(name) < LONG]}


def is_likely(name: str, target: str, distance: float) -> bool:
    """Tell whether `name` is `target` with slips that fingers make, and not a word of its own."""
    if len(target) < SHORT:
        return False
    if distance > 1:
        return len(target) >= LONG and name[:1] == target[:1] and not _has_digit(name)
    typed, meant, before, at_end = _difference(name, target)
    if _is_a_name(typed, meant, at_end):
        return False
    if len(typed) == len(meant) == 1:
        return _are_close(typed, meant)
    return bool(before or meant)


def is_mechanical(name: str, target: str, distance: float) -> bool:
    """Tell whether `name` is `target` with one letter dropped, doubled or swapped, and nothing else."""
    return len(target) > SHORT and distance <= 1 and _is_same_but_for_one(name, target)


def is_careful(name: str, target: str, distance: float) -> bool:
    """Tell the same where the target is short, or a word: a letter dropped does not count where it may be another."""
    if distance > 1 or not _is_same_but_for_one(name, target):
        return False
    shorter = len(target) - len(name)
    return len(target) > SHORT if shorter > 0 else len(target) > TINY or shorter < 0


def _is_same_but_for_one(name: str, target: str) -> bool:
    typed, meant, before, at_end = _difference(name, target)
    if _is_a_name(typed, meant, at_end) or len(typed) == len(meant) == 1:
        return False
    return bool(meant) or before.endswith(typed)


def _difference(name: str, target: str) -> tuple[str, str, str, bool]:
    """Return what was typed and what was meant where the words part, what stands before, whether nothing follows."""
    start = Prefix.similarity(name, target)
    typed, meant = name[start:], target[start:]
    end = Postfix.similarity(typed, meant)
    return typed[: len(typed) - end], meant[: len(meant) - end], name[:start], end == 0


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
