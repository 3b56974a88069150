"""Verification of a part of a list: a pure function of the part and a table of the domains of the whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from bulkkit.errors import InputError
from bulkkit.frames import require
from bulkkit.verification.anatomy import Anatomy, anatomy
from bulkkit.verification.domain_table import domain_table
from bulkkit.verification.evidence import evidence
from bulkkit.verification.layout import laid_out
from bulkkit.verification.lists import Lists
from bulkkit.verification.text_columns import CHUNK, at_once, strings
from bulkkit.vocabulary import VERDICT_DTYPES


def domain_counts(partition: pd.DataFrame) -> pd.Series[Any]:
    """Return how many rows of a partition each domain has, by domain; the sums over all partitions are the list's."""
    return anatomy(own_columns(partition)["email"]).rows


def judge(
    partition: pd.DataFrame, domains: pd.DataFrame, as_of: date | str | None = None, lists: Lists | None = None
) -> pd.DataFrame:
    """Judge a part of a list as `verify` judges the whole of it.

    Parameters
    ----------
    partition : pandas.DataFrame
        A frame with a column `email`: some rows of a list.
    domains : pandas.DataFrame
        What `domain_table` says of the domains of the whole list. A domain that
        is not in it is judged by its name alone.
    as_of, lists
        As for `verify`; `lists` as they were given to `domain_table`.

    Returns
    -------
    pandas.DataFrame
        What `verify` returns, for these rows.

    Raises
    ------
    InputError
        As for `verify`.

    Examples
    --------
    Over the partitions of a Dask frame, which are counted once and judged once:

    >>> counts = frame.map_partitions(domain_counts).compute()    # doctest: +SKIP
    >>> domains = domain_table(counts.groupby(level=0).sum())     # doctest: +SKIP
    >>> frame.map_partitions(judge, domains, as_of="2026-10-01")  # doctest: +SKIP
    """
    own = own_columns(partition)
    parts = anatomy(own["email"])
    unknown = parts.domains.difference(domains.index)
    if len(unknown):
        strangers = domain_table(pd.Series(0, index=unknown), lists)
        domains = pd.concat([domains, strangers]).astype(strangers.dtypes.to_dict())
    return own.assign(**verdicts(parts, lambda: domains.reindex(parts.domains), as_of, lists))


def verdicts(
    parts: Anatomy, domains: Callable[[], pd.DataFrame], as_of: date | str | None, lists: Lists | None
) -> dict[str, Any]:
    """Return the columns of the verdict; `domains` makes the table of `parts.domains`, in their order.

    Domains are asked about while addresses are read: neither waits for the other.
    """
    asked: list[Callable[[], Any]] = [domains, lambda: evidence(parts)]
    table, found = at_once(lambda question: question(), asked, busy=len(parts.codes) > CHUNK)
    columns = laid_out(parts, table, found, lists or Lists.default())
    columns |= _not_asked(as_of, len(parts.codes))
    return {name: columns[name] for name in VERDICT_DTYPES}


def own_columns(contacts: pd.DataFrame) -> pd.DataFrame:
    """Return the caller's own columns, or say why they cannot be judged."""
    if not isinstance(contacts, pd.DataFrame):
        raise InputError(f"verify takes a pandas frame, not {type(contacts).__name__}. Pass read_contacts(…).")
    if contacts.columns.nlevels > 1:
        raise InputError("the contacts frame has columns of several levels. Give them one: frame.columns = [...].")
    require(contacts, ["email"], "the contacts frame")
    twice = contacts.columns[contacts.columns.duplicated()]
    if len(twice):
        raise InputError(f"the contacts frame has two columns {str(twice[0])!r}. Rename or drop one of them.")
    clashing = [name for name in VERDICT_DTYPES if name in contacts.columns]
    if {"checked_at", "depth"}.issubset(clashing):
        return contacts.drop(columns=clashing)
    if clashing:
        raise InputError(
            f"the contacts frame has its own column {clashing[0]!r}, where the verdict would go. Rename it: "
            f"contacts.rename(columns={{{clashing[0]!r}: 'own_{clashing[0]}'}})."
        )
    return contacts


def _not_asked(as_of: date | str | None, rows: int) -> dict[str, Any]:
    """Return the columns that say the same of each row: when, and what only a mail server knows."""
    nowhere = np.ones(rows, dtype=bool)
    return {
        "checked_at": pd.DatetimeIndex(np.full(rows, _moment(as_of).asm8)).tz_localize("UTC").array,
        "smtp_code": pd.arrays.IntegerArray(np.zeros(rows, dtype=np.int64), nowhere),
        "enhanced_code": strings(pa.nulls(rows, pa.large_string())),
    }


def _moment(as_of: date | str | None) -> pd.Timestamp:
    moment = pd.Timestamp.now("UTC") if as_of is None else pd.Timestamp(as_of)
    return (moment.tz_localize("UTC") if moment.tz is None else moment.tz_convert("UTC")).as_unit("us")
