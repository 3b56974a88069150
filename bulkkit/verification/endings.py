"""Misspelt endings of domains: what is no ending at all, and a slip away from one."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from rapidfuzz.distance import OSA

from bulkkit.verification.tables import inverted

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

COMMON: Final = ("com", "net", "org", "info", "edu", "gov")
"""Endings that one slip is believed to mean, the most frequent first."""

SHORTEST: Final = 3
"""Letters of an ending that may be a slip: nearly all shorter ones are countries."""


def mended_ending(domain: str) -> str:
    """Return a domain with the ending that was meant; as it is, where its ending is one or nothing comes to mind."""
    head, dot, last = domain.rpartition(".")
    if not dot:
        return domain
    above, between, second = head.rpartition(".")
    both = inverted("endings").get(f"{second}.{last}")
    return f"{above}{between}{both}" if both and above else head + dot + meant_ending(last)


@lru_cache(maxsize=10_000)
def meant_ending(last: str) -> str:
    """Return the top-level domain that was meant, which is nearly always the one that stands there."""
    if last in inverted("endings"):
        return inverted("endings")[last]
    told = _common(last) or _doubled(last)
    return told if told and not is_ending(last) else last


@lru_cache(maxsize=10_000)
def is_ending(ending: str) -> bool:
    """Tell whether domains are given out below this ending (`com`, `co.uk`), after the Public Suffix List."""
    return bool(_suffixes().is_public(ending))


def _common(last: str) -> str | None:
    if len(last) < SHORTEST or not last.isalpha() or last in COMMON:
        return None
    return next((ending for ending in COMMON if OSA.distance(last, ending, score_cutoff=1) <= 1), None)


def _doubled(last: str) -> str | None:
    """Return the country whose last letter stands twice: `ukk`."""
    return last[:2] if len(last) == SHORTEST and last[1] == last[2] and is_ending(last[:2]) else None


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(accept_unknown=False, only_icann=True)
