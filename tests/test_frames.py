"""Frames: exactly the vocabulary's columns and dtypes, whatever came in, and the caller's frame as it was."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkkit.errors import InputError
from bulkkit.frames import conform, from_rows, require
from bulkkit.vocabulary import EVENT_DTYPES, SEND_DTYPES, TIMESTAMP

DTYPES = {"name": "str", "count": "Int64", "yes": "boolean", "at": TIMESTAMP}
VALUES = {
    "name": st.none() | st.text(st.characters(codec="utf-8"), max_size=5),
    "count": st.none() | st.integers(-(2**31), 2**31),
    "yes": st.none() | st.booleans(),
    "at": st.none() | st.sampled_from(["2026-10-01", "2026-10-01T09:30:00.25+02:00", "2026-10-01 09:30:00Z"]),
}
ROWS = st.lists(st.fixed_dictionaries({}, optional=VALUES), max_size=6)


@given(ROWS, st.booleans())
def test_what_is_there_stays_and_what_is_not_is_missing(rows: list[dict[str, Any]], labelled: bool) -> None:
    """Every value comes out as it went in, or missing; dtypes and order are the vocabulary's."""
    frame = pd.DataFrame(rows, index=["same"] * len(rows) if labelled else None, dtype="object")
    before = frame.copy()
    conformed = conform(frame, DTYPES)
    pd.testing.assert_frame_equal(frame, before)
    assert {name: str(dtype) for name, dtype in conformed.dtypes.items()} == DTYPES
    assert conformed.index.equals(frame.index)
    for row, (_, out) in zip(rows, conformed.iterrows(), strict=True):
        for name in DTYPES:
            value = row.get(name)
            expected = pd.to_datetime(value, utc=True) if name == "at" else value
            assert pd.isna(out[name]) if value is None else out[name] == expected


@given(ROWS)
def test_conformed_twice_is_conformed_once(rows: list[dict[str, Any]]) -> None:
    """A frame that has its vocabulary's form keeps it."""
    once = conform(pd.DataFrame(rows, dtype="object"), DTYPES)
    pd.testing.assert_frame_equal(conform(once, DTYPES), once)


def test_further_columns_stay_behind() -> None:
    """Columns of the caller's own come after the known ones, as they are."""
    frame = pd.DataFrame({"mine": [1.5], "count": [2], "yours": ["x"]})
    assert list(conform(frame, DTYPES).columns) == [*DTYPES, "mine", "yours"]
    assert conform(frame, DTYPES)["mine"].dtype == "float64"


@pytest.mark.parametrize("dtypes", [DTYPES, SEND_DTYPES, EVENT_DTYPES])
def test_nothing_has_its_columns_all_the_same(dtypes: dict[str, str]) -> None:
    """A frame of no rows has every column with its dtype."""
    for empty in (conform(pd.DataFrame(), dtypes), from_rows([], dtypes)):
        assert {name: str(dtype) for name, dtype in empty.dtypes.items()} == dtypes


def test_rows_are_tuples_or_mappings() -> None:
    """Rows in the vocabulary's order and rows by name make the same frame."""
    by_order = from_rows([("a", 1, True, None), ("b", None, None, "2026-10-01")], DTYPES)
    by_name = from_rows([{"name": "a", "count": 1, "yes": True}, {"at": "2026-10-01", "name": "b"}], DTYPES)
    pd.testing.assert_frame_equal(by_order, by_name)


def test_a_missing_column_is_named() -> None:
    """The error says what lacks which column, and which it has."""
    with pytest.raises(InputError, match=r"The list has no column 'email', 'age'; its columns are mail, name"):
        require(pd.DataFrame(columns=["mail", "name"]), ["email", "name", "age"], "The list")
    require(pd.DataFrame(columns=["email"]), ["email"], "The list")
