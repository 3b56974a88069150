"""Which domain was probably meant: a known one, one slip away. It proposes and never rewrites."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import pandas as pd

from bulkkit.verification.neighbours import ESTABLISHED, neighbours
from bulkkit.verification.slips import LONG, is_careful, is_likely, near, nearest
from bulkkit.verification.tables import inverted
from bulkkit.verification.targets import all_names, alone, joined, known, misspellings, misspelt_names, names

LONGEST: Final = 100
"""Characters of a domain beyond which it is like no other."""


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
    told = meant(counts.index.tolist())
    rows = {domain: int(counts[domain]) for domain in {*told, *told.values()} if domain in counts.index}
    found = {domain: target for domain, target in told.items() if not _is_own(domain, target, rows)}
    return {**neighbours(counts), **found}


def meant(domains: list[str]) -> dict[str, str]:
    """Return the `suggestion` for those domains that have one."""
    told = ((domain, suggestion(domain)) for domain in _doubtful(domains))
    return {domain: target for domain, target in told if target}


@lru_cache(maxsize=10_000)
def suggestion(domain: str) -> str | None:
    """Return the well-known domain, or the mended ending, that a domain was probably meant for."""
    if domain in misspellings():
        return misspellings()[domain]
    if domain in known() or len(domain) > LONGEST:
        return None
    head, dot, last = domain.rpartition(".")
    mended = head + dot + inverted("endings").get(last, last)
    if mended in known():
        return mended if mended != domain else None
    return _target(mended) or (mended if mended != domain else None)


def _doubtful(domains: list[str]) -> list[str]:
    """Return the domains that may have a suggestion: most are near to nothing, which is seen for all at once."""
    first = {domain: domain.partition(".")[0] for domain in domains if len(domain) <= LONGEST}
    close = {*near(list(set(first.values())), all_names()), *misspelt_names(), *joined(), "www"}
    endings, together = inverted("endings").keys(), joined().keys()
    return [
        domain
        for domain, name in first.items()
        if name in close or domain.rpartition(".")[2] in endings or domain.replace(".", "") in together
    ]


def _target(domain: str) -> str | None:
    """Return the target that a domain is one slip away from."""
    name, _, ending = domain.partition(".")
    if name == "gmail":
        return "gmail.com"
    if name == "www" and ending in known():
        return ending
    if not ending and name in alone():
        return alone()[name]
    if domain.replace(".", "") in joined():
        return joined()[domain.replace(".", "")]
    return _run_on(name, ending) or _near(misspelt_names().get(name, name), ending)


def _run_on(name: str, ending: str) -> str | None:
    """Return the target whose ending stands twice, the first time without its dot: `outlookcom.com`."""
    target = joined().get(name)
    return target if target and len(name) >= LONG and target.endswith(f".{ending}") else None


def _near(name: str, ending: str) -> str | None:
    """Return the target that has nearly this name, and this ending or the one that it was cut from."""
    whole = inverted("cuts").get(ending, ending) if ending else "com"
    if whole != ending and ending != "co" and name in names("careful").get(whole, ()):
        return f"{name}.{whole}"
    for rest in dict.fromkeys((ending, whole)):
        found = nearest(name, names("targets").get(rest, ()), is_likely)
        if found:
            return f"{found}.{rest}"
    found = nearest(name, names("careful").get(ending, ()), is_careful)
    return f"{found}.{ending}" if found else None


def _is_own(domain: str, target: str, rows: dict[str, int]) -> bool:
    """Tell whether a domain that looks misspelt is common enough in the list to be meant."""
    certain = domain in misspellings() or domain.rpartition(".")[2] in inverted("endings")
    return not certain and rows[domain] >= max(ESTABLISHED, rows.get(target, 0))
