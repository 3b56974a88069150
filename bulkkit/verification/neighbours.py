"""Rare domains of a list that are a slip away from a frequent one of the same list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from bulkkit.verification.slips import SHORT, is_mechanical
from bulkkit.verification.targets import known

ESTABLISHED: Final = 50
"""Rows from which on a domain may be known for the list itself."""

RARE: Final = 2
"""Rows up to which a domain may be a slip for one that is at least `ESTABLISHED` times as frequent in the list."""


def neighbours(counts: pd.Series[Any]) -> dict[str, str]:
    """Return the rare domains that are one slip away from a frequent one, with the most frequent such one."""
    frequent = _rows(counts[counts >= ESTABLISHED].sort_values(kind="stable"))
    slips = {slip: domain for domain in frequent for slip in _slips(domain)}
    rare = _rows(counts[counts <= RARE])
    return {
        domain: slips[domain]
        for domain in slips.keys() & rare.keys() - known()
        if frequent[slips[domain]] >= ESTABLISHED * rare[domain] and _is_slip(domain, slips[domain])
    }


def _rows(counts: pd.Series[Any]) -> dict[str, int]:
    return dict(zip(counts.index.tolist(), counts.tolist(), strict=True))


def _is_slip(domain: str, frequent: str) -> bool:
    return is_mechanical(domain.partition(".")[0], frequent.partition(".")[0], 1)


def _slips(domain: str) -> Iterator[str]:
    """Yield the domain with one letter of its name dropped, doubled or swapped: to be looked up."""
    name, dot, ending = domain.partition(".")
    for at in range(len(name)) if len(name) > SHORT else ():
        before, letter, rest = name[:at], name[at], name[at + 1 :] + dot + ending
        yield before + rest
        yield before + letter + letter + rest
        yield before + rest[:1] + letter + rest[1:]
