"""What syntax, lists and likely misspellings say of each address, before anything is concluded."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bulkkit.addresses import domain_of
from bulkkit.verification.lists import Lists
from bulkkit.verification.mending import mended, with_domain
from bulkkit.verification.providers import provider_of
from bulkkit.verification.syntax import LONGEST_READ, syntax_errors
from bulkkit.verification.typos import suggestions


def evidence(addresses: pd.Series[Any], rows: npt.NDArray[np.int64], lists: Lists) -> pd.DataFrame:
    """Return what is known of each address: its diagnostic, flags, provider and the address probably meant.

    Parameters
    ----------
    addresses : pandas.Series
        Addresses of dtype `str`, each once, on an index that counts from 0.
    rows : numpy.ndarray
        How many rows of the list have each of them.
    lists : Lists
        What is disposable, a role, free or a privacy relay.

    Returns
    -------
    pandas.DataFrame
        `diagnostic` (missing where the syntax is right), `typo`,
        `did_you_mean`, `provider`, `disposable`, `privacy_relay`, `free`,
        `role`, `listed_by`, on the same index.
    """
    domains = domain_of(addresses.where(addresses.str.len().le(LONGEST_READ))).astype("str")
    found = _of_domains(domains, rows, lists)
    errors = syntax_errors(addresses, domains)
    roles = _roles(addresses, lists)
    typo = errors.isna() & found["meant"].notna()
    meant = (
        with_domain(addresses[typo], found["meant"][typo]),
        mended(addresses[errors.notna() & addresses.notna()]),
    )
    return found.assign(
        diagnostic=errors,
        typo=typo,
        did_you_mean=pd.concat(meant).reindex(addresses.index),
        role=roles.notna().astype("boolean").mask(domains.isna()),
        listed_by=_listed_by(found["disposable_by"], found["relay_by"], roles),
    )


def _of_domains(domains: pd.Series[Any], rows: npt.NDArray[np.int64], lists: Lists) -> pd.DataFrame:
    """Ask everything about a domain once, and lay the answers out by address."""
    codes, distinct = pd.factorize(domains)
    weights = np.where(codes >= 0, rows, 0)
    counts = pd.Series(np.bincount(codes + 1, weights=weights, minlength=len(distinct) + 1)[1:], index=distinct)
    answers = _answers(counts, lists)
    nothing = pd.DataFrame(index=pd.RangeIndex(1), columns=answers.columns).astype(answers.dtypes)
    return pd.concat([answers, nothing]).take(codes).set_axis(domains.index)


def _answers(counts: pd.Series[Any], lists: Lists) -> pd.DataFrame:
    names = counts.index
    meant = suggestions(counts)
    throwaway = [lists.throwaway(name) for name in names]
    relays = [lists.relay(name) for name in names]
    return pd.DataFrame(
        {
            "meant": pd.array([meant.get(name) for name in names], dtype="str"),
            "provider": provider_of(pd.Series(names, dtype="str")).array,
            "disposable_by": pd.array(throwaway, dtype="str"),
            "relay_by": pd.array(relays, dtype="str"),
            "disposable": pd.array([name is not None for name in throwaway], dtype="boolean"),
            "privacy_relay": pd.array([name is not None for name in relays], dtype="boolean"),
            "free": pd.array([name in lists.free for name in names], dtype="boolean"),
        }
    )


def _roles(addresses: pd.Series[Any], lists: Lists) -> pd.Series[Any]:
    """Return the list that has the local part, without its +tag, as a role; missing where none has."""
    local = addresses.str.lower().str.replace(r"(\+[^@]*)?@[^@]*$", "", regex=True).str.strip()
    hits = local[local.isin(list(lists.roles))]
    return hits.map(lists.roles).astype("str").reindex(addresses.index)


def _listed_by(*columns: pd.Series[Any]) -> pd.Series[Any]:
    """Return the names of the lists in one column, divided by semicolons."""
    named, *others = columns
    for other in others:
        both = named.notna() & other.notna() & named.ne(other)
        named = named.fillna(other).mask(both, named + "; " + other)
    return named
