"""What was probably meant by an address that is none: a comma for a dot, an at-sign twice, an ending left out."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import pandas as pd

from bulkkit.addresses import domain_of
from bulkkit.contacts.repair import CONTROLS, repaired
from bulkkit.verification.syntax import syntax_errors
from bulkkit.verification.tables import inverted
from bulkkit.verification.typos import suggestion

LONGEST: Final = 320
"""Characters: a local part of 64, an at-sign and a domain of 255 (RFC 5321 4.5.3.1); longer ones are not mended."""

FIXES: Final = (
    (re.compile("[＠﹫]"), "@"),
    (re.compile(r"\s*[(\[{]\s*(?:at|@)\s*[)\]}]\s*", re.IGNORECASE), "@"),
    (re.compile(r"^([^@]*?)\s+at\s+([^@]*)$", re.IGNORECASE), r"\1@\2"),
    (re.compile(r"\s+"), ""),
    (re.compile(r"^[.,;:<(\[]+|[^\w]+$"), ""),
    (re.compile(r"[,;:](?=[^@]*$)"), "."),
    (re.compile(r"\.{2,}"), "."),
    (re.compile(r"\.?@[.@-]*"), "@"),
)
"""What is mended, in order."""

LOST_AT: Final = r"^([^@]+?)[.,#;\"'2]?({domains})$"
"""A well-known domain with no at-sign before it, but perhaps what stands beside it on the keyboard (2, ", #)."""


def mended(addresses: pd.Series[Any]) -> pd.Series[Any]:
    """Return a valid address that each invalid one was probably meant for; missing where none comes to mind.

    `addresses` are of dtype `str`, each once. Nothing is proposed for an
    address with a line break or another control character in it.
    """
    legible = addresses[addresses.str.len().le(LONGEST)].astype(object)
    legible = legible[~legible.str.contains(CONTROLS).astype(bool)]
    if legible.empty:
        return addresses.mask(addresses.notna())
    candidates, _ = repaired(legible.astype("str"))
    for pattern, replacement in FIXES:
        candidates = candidates.astype(object).str.replace(pattern, replacement, regex=True)
    candidates = candidates.str.replace(_lost_at(), r"\1@\2", regex=True)
    candidates = _with_known_domain(candidates.astype("str"))
    distinct = candidates.drop_duplicates()
    bad = set(distinct[syntax_errors(distinct, domain_of(distinct).astype("str")).notna()])
    good = candidates.notna() & ~candidates.isin(bad)
    return candidates.where(good).reindex(addresses.index)


@lru_cache(maxsize=1)
def _lost_at() -> re.Pattern[str]:
    return re.compile(LOST_AT.format(domains="|".join(map(re.escape, inverted("targets")))), re.IGNORECASE)


def _with_known_domain(addresses: pd.Series[Any]) -> pd.Series[Any]:
    domains = domain_of(addresses)
    meant = domains.map({domain: suggestion(domain) for domain in domains.dropna().unique()}).astype("str")
    return addresses.where(meant.isna(), with_domain(addresses, meant))


def with_domain(addresses: pd.Series[Any], domains: pd.Series[Any]) -> pd.Series[Any]:
    """Return the addresses with other domains; missing where there is none."""
    return addresses.str.strip().str.replace(r"@[^@]*$", "@", regex=True) + domains
