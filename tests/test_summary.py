"""The summary of a verified list: its counts add up, its advice names them, and it holds no address."""

from __future__ import annotations

import re

import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shipped_sample import shipped

import bulkkit as bk
from bulkkit.errors import InputError
from bulkkit.verification import Summary, summary
from bulkkit.verification.advice import STEPS
from bulkkit.verification.overview import summary_of, tally
from bulkkit.vocabulary import Reason, Status

HOSTILE = "<script>alert(1)</script>"

VERDICTS = st.tuples(
    st.sampled_from([str(status) for status in Status]),
    st.sampled_from([str(reason) for reason in Reason]),
    st.sampled_from(["send", "review", "retry", "suppress"]),
)


def checked_of(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    """Return a frame of verdicts."""
    return pd.DataFrame(rows, columns=["status", "reason", "action"], dtype="str")


@settings(max_examples=50, deadline=None)
@given(st.lists(VERDICTS, max_size=30), st.integers(0, 30))
def test_the_counts_add_up(rows: list[tuple[str, str, str]], cut: int) -> None:
    """Every row counts once, shares are of all rows, and the parts' tallies make the whole's summary."""
    found = summary(checked_of(rows))
    assert found.rows == len(rows)
    assert list(found.counts.columns) == ["status", "reason", "action", "rows", "share"]
    assert found.counts["share"].sum() == pytest.approx(1 if rows else 0)
    parts = summary_of([tally(checked_of(rows[:cut])), tally(checked_of(rows[cut:]))])
    pd.testing.assert_frame_equal(parts.counts, found.counts)
    assert parts.next_steps == found.next_steps


@settings(max_examples=50, deadline=None)
@given(st.lists(VERDICTS, min_size=1, max_size=30))
def test_each_reason_with_advice_has_its_sentence(rows: list[tuple[str, str, str]]) -> None:
    """What needs something done is named once, with its count; everything is a whole sentence."""
    found = summary(checked_of(rows))
    for reason in {reason for _, reason, _ in rows} & {str(reason) for reason in STEPS}:
        number = sum(reason == other for _, other, _ in rows)
        words = "1 address" if number == 1 else f"{number} addresses"
        assert any(words in step for step in found.next_steps)
    assert all(re.search(r"[.?]$", step) and "{" not in step for step in found.next_steps)


def test_the_samples_summary() -> None:
    """A notebook shows the table and the steps; the text says the same, and neither holds an address."""
    checked = bk.verify(bk.read_contacts(shipped()["contacts"].drop(columns="key")), as_of="2026-10-01")
    found = summary(checked)
    assert isinstance(found, Summary)
    counted = found.counts.set_index("reason")["rows"]
    assert counted.to_dict() == checked["reason"].value_counts().to_dict()
    text, html = repr(found), found._repr_html_()
    assert text.startswith("5,010 addresses: 4,734 to send to, 236 to look at, 40 to leave out.")
    assert "- Leave out 40 addresses that cannot be addresses; did_you_mean has a proposal for 36 of them." in text
    assert all(step in html for step in found.next_steps)
    assert "@" not in text + html


def test_it_stands_in_the_room_of_verification() -> None:
    """Who verified has the room at hand."""
    assert bk.verify
    assert bk.verification.summary is summary


def test_hostile_words_are_escaped() -> None:
    """A frame of somebody's own making runs nothing in the notebook or in the chart."""
    checked = checked_of([(HOSTILE, HOSTILE, HOSTILE)])
    assert "<script" not in summary(checked)._repr_html_()
    assert "<script" not in str(bk.charts.verdicts(checked).to_plotly_json())


def test_an_empty_list_says_so() -> None:
    """No rows, no division by nothing."""
    empty = bk.verify(pd.DataFrame({"email": []}))
    assert repr(summary(empty)) == "There is no address on this list."
    assert summary(empty)._repr_html_()
    assert "no addresses" in bk.charts.verdicts(empty).layout.annotations[0].text


@pytest.mark.parametrize("work", [summary, bk.charts.verdicts])
def test_an_unverified_list_is_refused(work: object) -> None:
    """What was not verified has no verdicts to count."""
    with pytest.raises(InputError, match="no column 'status'"):
        work(pd.DataFrame({"email": ["ana@example.org"]}))  # type: ignore[operator]


def test_the_chart_draws_what_was_counted() -> None:
    """One bar a status and reason, the best status on top; the title says the finding."""
    rows = [("unknown", "not_probed", "send")] * 6 + [("risky", "disposable", "review")] * 3
    rows += [("undeliverable", "failed_syntax_check", "suppress"), ("deliverable", "delivered_before", "send")]
    chart = bk.charts.verdicts(checked_of(rows).assign(rows=99))
    assert isinstance(chart, go.Figure)
    assert list(chart.data[0].x) == [1, 6, 3, 1]
    said = "Nothing speaks against 7 of 11 addresses; 3 in doubt and 1 impossible to deliver to"
    assert chart.layout.title.text.replace("<br>", " ") == said
    assert chart.layout.yaxis.ticktext[0].startswith("delivered before")
    alone = bk.charts.verdicts(checked_of(rows[:6]))
    assert alone.layout.title.text.replace("\u00a0", " ") == "Nothing speaks against any of 6 addresses"
