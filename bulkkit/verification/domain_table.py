"""What is known of each domain of a list: asked once for each, whatever the number of its addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from bulkkit.verification.domains.answers import DomainAnswer
from bulkkit.verification.domains.facts import fact_columns, providers_of
from bulkkit.verification.lists import Lists, lineage, said_of
from bulkkit.verification.providers import providers
from bulkkit.verification.text_columns import scattered, strings
from bulkkit.verification.typos import suggestions

COLUMNS: Final = ("meant", "provider", "disposable_by", "relay_by", "free_by")


def domain_table(
    rows: pd.Series[Any], lists: Lists | None = None, answers: Mapping[str, DomainAnswer] | None = None
) -> pd.DataFrame:
    """Return what is known of each domain.

    Parameters
    ----------
    rows : pandas.Series
        How many rows of the whole list each domain has, by domain (in lower case
        and A-labels); see `domain_counts`.
    lists : Lists, optional
        What is disposable, free or a privacy relay. Default `Lists.default()`.
    answers : mapping, optional
        What DNS says of the domains (`domains.answers_of`); without it they are
        judged by their names alone.

    Returns
    -------
    pandas.DataFrame
        On the same index, all of dtype `str` but `rows` and `has_mx`, and missing
        where nothing is known: `rows`; `meant`, the domain that was probably
        meant; `provider`, by the mail servers where DNS was asked, else by the
        name; `disposable_by`, `relay_by` and `free_by`, the list that has the
        domain; `fact`, the reason that DNS gives; `has_mx`; `said`, in words;
        `depth`, `dns` or `syntax`.
    """
    lists = lists or Lists.default()
    names = rows.index.tolist()
    levels = lineage(names)
    relays = said_of(levels, lists.relays)
    protected = relays.keys() | said_of(levels, providers()).keys()
    throwaway = {name: by for name, by in said_of(levels, lists.disposable).items() if name not in protected}
    answers = answers or {}
    known = (suggestions(rows), {**providers(), **providers_of(answers)}, throwaway, relays, lists.free)
    places = {name: place for place, name in enumerate(names)}
    columns = {name: _column(answers, places) for name, answers in zip(COLUMNS, known, strict=True)}
    facts = fact_columns(names, answers).set_index(rows.index)
    return pd.DataFrame({"rows": rows.to_numpy(), **columns}, index=rows.index).join(facts)


def _column(answers: Mapping[str, str], places: Mapping[str, int]) -> Any:
    told = list(places.keys() & answers.keys())
    rows = np.array([places[name] for name in told], dtype=np.int64)
    return strings(scattered(len(places), [(rows, pa.array([answers[name] for name in told], pa.large_string()))]))
