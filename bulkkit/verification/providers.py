"""Whose mail servers a domain has, as far as its name says so."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import pandas as pd

from bulkkit.verification.tables import inverted


def provider_of(domains: pd.Series[Any]) -> pd.Series[Any]:
    """Return the provider that each domain is known to belong to.

    Parameters
    ----------
    domains : pandas.Series
        Domains in lower case and A-labels (`addresses.domain_of`).

    Returns
    -------
    pandas.Series
        `str`, on the same index: `Google`, `Microsoft`, `Yahoo` …; missing
        where the name alone does not tell (a company's domain may be hosted
        anywhere).
    """
    return domains.map(providers()).astype("str")


@lru_cache(maxsize=1)
def providers() -> Mapping[str, str]:
    """Return each known domain with its provider, the sample's reserved names among them."""
    sample = {name: kind.partition(" ")[2] for name, kind in inverted("sample").items()}
    return {**inverted("providers"), **{name: provider for name, provider in sample.items() if provider}}
