"""Rows come out as a file that a spreadsheet shows and does not run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bulkkit as bk
from bulkkit.exporting import FORMULA, inert, save_csv, unused

HOSTILE = ["+1\r=1+1", '=HYPERLINK("http://a.example","b")', "+1", "-1", "@SUM(A1)", "\tx", "\rx", "＝1+1"]


@given(st.lists(st.text(max_size=12), min_size=1, max_size=8), st.text(min_size=1, max_size=8))
def test_no_text_begins_like_a_formula(texts: list[str], name: str) -> None:
    """Whatever cells and headings hold, none begins like a formula, and what did has one apostrophe before it."""
    safe = inert(pd.DataFrame({name: texts}, dtype="object"))
    for before, after in zip([name, *texts], [*safe.columns, *safe.iloc[:, 0]], strict=True):
        assert not after.startswith(FORMULA)
        assert after == (f"'{before}" if before.startswith(FORMULA) else before)


def test_hostile_cells_come_back_inert(tmp_path: Path) -> None:
    """Read back, each hostile cell, heading and category begins with an apostrophe."""
    rows = pd.DataFrame({"email": HOSTILE, "=kind": pd.Categorical(HOSTILE)}, index=range(10, 18))
    back = pd.read_csv(save_csv(rows, "rows", tmp_path), encoding="utf-8-sig")
    assert list(back.columns) == ["email", "'=kind"]
    assert all(back[name].str.startswith("'").all() for name in back.columns)
    assert len(back) == len(HOSTILE)


def test_numbers_dates_and_blanks_stay(tmp_path: Path) -> None:
    """Negative numbers, moments, truth values and blanks are what they were; a mixed column keeps its numbers."""
    rows = pd.DataFrame(
        {
            "points": [-1.5, None],
            "at": pd.to_datetime(["2026-10-01T12:00Z", None]),
            "free": pd.array([True, None], dtype="boolean"),
            "mixed": pd.Series([-3, "-x"], dtype="object"),
            "name": ["Zoë", None],
        }
    )
    lines = save_csv(rows, "rows", tmp_path).read_text(encoding="utf-8-sig").splitlines()
    assert lines == ["points,at,free,mixed,name", "-1.5,2026-10-01 12:00:00+00:00,True,-3,Zoë", ",,,'-x,"]


def test_no_file_is_replaced(tmp_path: Path) -> None:
    """The second file of a name is numbered, the first stays as it was, and both are their owner's only."""
    first = save_csv(pd.DataFrame({"a": [1]}), "rows", tmp_path)
    second = save_csv(pd.DataFrame({"a": [2]}), "rows", tmp_path)
    assert (first.name, second.name) == ("rows.csv", "rows-2.csv")
    assert first.read_text(encoding="utf-8-sig") == "a\n1\n"
    assert {path.stat().st_mode & 0o777 for path in (first, second)} == {0o600}


@pytest.mark.parametrize("stem", ["../../etc/passwd", "a/b", "<img src=x>", "..", "", "x" * 500, "a\0b"])
def test_a_name_stays_in_its_folder(stem: str, tmp_path: Path) -> None:
    """Whatever a campaign or segment is called, its file lies in the folder."""
    path = unused(tmp_path, stem, ".csv")
    assert path.parent == tmp_path
    assert path.is_file()


def test_bulkkit_reads_its_own_export(tmp_path: Path) -> None:
    """An exported list is read as the list that it was."""
    people = pd.DataFrame({"email": ["zoë@a.example", "b@b.example"], "first_name": ["Zoë", "Bo"]})
    back = bk.read_contacts(save_csv(people, "people", tmp_path))
    assert back[["email", "first_name"]].to_dict("list") == people.to_dict("list")
    assert save_csv(people.iloc[:0], "none", tmp_path).read_text(encoding="utf-8-sig") == "email,first_name\n"
