"""Verification of a part is a pure function of it and the domains of the whole: the parts are the whole."""

from __future__ import annotations

import pickle

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_addresses import big_list

from bulkkit.addresses import domain_of
from bulkkit.verification import Lists, verify
from bulkkit.verification.domain_table import domain_table
from bulkkit.verification.partition import domain_counts, judge

AS_OF = "2026-10-01"


@pytest.fixture(scope="module")
def contacts() -> pd.DataFrame:
    """A list in which the frequency of a domain tells which of its neighbours is misspelt."""
    listed = big_list(5_000, domains=300, odd=0.2)
    frequent = pd.DataFrame({"email": [f"user{n}@lakeside.org" for n in range(60)] + ["bo@lakesdie.org", None]})
    return pd.concat([frequent, listed], ignore_index=True).sample(frac=1, random_state=3)


def parts_of(frame: pd.DataFrame, rows: int) -> list[pd.DataFrame]:
    """Return the frame in parts of so many rows."""
    return [frame.iloc[start : start + rows] for start in range(0, len(frame), rows)]


@pytest.mark.parametrize("rows", [1_700, 333, 10_000])
def test_parts_judged_are_the_whole_judged(contacts: pd.DataFrame, rows: int) -> None:
    """Counted part by part, then judged part by part: every column as if it had been one list, frequency included."""
    parts = parts_of(contacts, rows)
    counts = pd.concat([domain_counts(part) for part in parts]).groupby(level=0).sum()
    domains = domain_table(counts)
    together = pd.concat([judge(part, domains, as_of=AS_OF) for part in parts])
    whole = verify(contacts, as_of=AS_OF)
    assert whole.loc[whole["email"].eq("bo@lakesdie.org"), "did_you_mean"].tolist() == ["bo@lakeside.org"]
    pd.testing.assert_frame_equal(together, whole)


def test_a_domain_that_the_table_lacks_is_judged_by_its_name(contacts: pd.DataFrame) -> None:
    """A part may have domains that nobody counted: they are no longer frequent, and nothing else changes."""
    strange = pd.DataFrame({"email": ["ana@gmial.com", "ana@mailinator.com", "ana@lakesdie.org", "ana@acme.example"]})
    empty = domain_table(pd.Series([], index=pd.Index([], dtype="str"), dtype="int64"))
    for domains in (empty, domain_table(domain_counts(contacts))):
        judged = judge(strange, domains, as_of=AS_OF)
        assert judged["reason"].tolist()[:2] == ["possible_typo", "disposable"]
        assert judged.dtypes.equals(verify(strange, as_of=AS_OF).dtypes)


def test_own_lists_travel_with_the_parts() -> None:
    """Lists can be sent to a worker, and are named by each part."""
    own = pickle.loads(pickle.dumps(Lists.default().with_(disposable=["throw.example"], roles=["board"], name="ours")))
    frame = pd.DataFrame({"email": ["ana@throw.example", "board@acme.example"]})
    domains = pickle.loads(pickle.dumps(domain_table(domain_counts(frame), own)))
    assert judge(frame, domains, lists=own)["listed_by"].tolist() == ["ours", "ours"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.none() | st.text(max_size=8) | st.text("aB@. é\n\u3002xn-", max_size=12), max_size=8))
def test_the_domains_counted_are_those_of_the_addresses(addresses: list[str | None]) -> None:
    """Each row counts for what stands behind its last @, and for nothing where there is none."""
    column = pd.Series(addresses, dtype="str")
    expected = domain_of(column).value_counts().sort_index()
    counted = domain_counts(pd.DataFrame({"email": column})).sort_index()
    assert counted[counted > 0].to_dict() == expected.to_dict()


def test_a_dask_frame_is_judged_as_a_pandas_frame(contacts: pd.DataFrame) -> None:
    """Mapped over Dask's partitions, by its own scheduler, the result is the same."""
    dask = pytest.importorskip("dask")
    frames = pytest.importorskip("dask.dataframe")
    with dask.config.set({"dataframe.convert-string": False}):
        frame = frames.from_pandas(contacts.reset_index(drop=True), npartitions=3)
    counts = frame.map_partitions(domain_counts, meta=pd.Series(dtype="int64", name="rows")).compute()
    domains = domain_table(counts.groupby(level=0).sum())
    meta = judge(contacts.head(0), domains, as_of=AS_OF)
    together = frame.map_partitions(judge, domains, as_of=AS_OF, meta=meta).compute(scheduler="threads")
    pd.testing.assert_frame_equal(together, verify(contacts.reset_index(drop=True), as_of=AS_OF))
