"""Rates by what messages are and by what reactions say: days, hours, devices, links, and every event counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bulkkit as bk
from bulkkit.errors import InputError

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148"
IPAD = "Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) Mobile/15E148"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
ANDROID = "Mozilla/5.0 (Linux; Android 14) Safari/537.36"
PROXY = "Mozilla/5.0 (Windows NT 5.1) (via ggpht.com GoogleImageProxy)"
SENT = "2026-06-01 09:00"


def _history() -> pd.DataFrame:
    """Return two days of a campaign: four people, of whom one reads everywhere and one bounces."""
    rows = [
        *(("sent", who, at, None, None, None, None) for who, at in
          (("ana", SENT), ("bo", SENT), ("cy", "2026-06-02 09:00"), ("di", "2026-06-02 09:00"))),
        ("opened", "ana", "2026-06-01 09:30", None, IPHONE, False, None),
        ("opened", "ana", "2026-06-01 12:30", None, WINDOWS, False, None),
        ("opened", "bo", "2026-06-01 08:59", None, IPAD, True, None),
        ("clicked", "ana", "2026-06-01 12:31", "https://x.example/1", WINDOWS, False, None),
        ("clicked", "ana", "2026-06-01 12:32", "https://x.example/2", WINDOWS, False, None),
        ("clicked", "ana", "2026-06-01 14:33", "https://x.example/2", WINDOWS, False, None),
        ("bounced", "di", "2026-06-02 09:01", None, None, None, "hard"),
    ]  # fmt: skip
    columns = ["kind", "email", "at", "url", "user_agent", "machine", "bounce_type"]
    frame = pd.DataFrame(rows, columns=columns).assign(campaign="move", source="sendgrid")
    frame["email"] += "@x.example"
    frame["event_id"] = [f"e{place}" for place in range(len(frame))]
    frame["at"] = pd.to_datetime(frame["at"], utc=True)
    text = dict.fromkeys(("kind", "email", "url", "user_agent", "bounce_type", "campaign", "source", "event_id"), "str")
    return frame.astype({**text, "machine": "boolean"})


def _counted(table: pd.DataFrame, rate: str, by: str, counts: str = "all") -> dict[Any, tuple[int, int]]:
    chosen = table[(table["rate"] == rate) & (table["counts"] == counts)]
    return {row[by]: (int(row["numerator"]), int(row["denominator"])) for row in chosen.to_dict("records")}


def test_a_day_is_the_day_of_sending() -> None:
    """Each day holds the messages that went out on it, and what became of them whenever that was."""
    table = bk.rates(_history(), by="day")
    assert _counted(table, "opened", "day") == {"2026-06-01": (2, 2), "2026-06-02": (0, 1)}
    assert _counted(table, "bounced", "day") == {"2026-06-01": (0, 2), "2026-06-02": (1, 2)}


def test_without_moments_there_is_no_day() -> None:
    """Neither day nor hour can be told without moments, and the message says what is missing."""
    for by in ("day", "hour"):
        with pytest.raises(InputError, match="column at"):
            bk.rates(_history().drop(columns="at"), by=by)
    sends = pd.DataFrame({"campaign": "move", "email": ["ana@x.example"], "claimed_at": pd.Timestamp(SENT, tz="UTC")})
    unfinished = sends.assign(finished_at=sends["claimed_at"].where(sends["claimed_at"].isna()))
    table = bk.rates(_history().drop(columns="at"), unfinished, by="day")
    assert "2026-06-01" in set(table["day"])


def test_links_divide_clicks_and_leave_the_denominator_whole() -> None:
    """Who followed two links counts for each, out of all who could have; links have no opens and no bounces."""
    table = bk.rates(_history(), by=["campaign", "link"])
    assert set(table["rate"]) == {"clicked", "click_to_open"}
    assert _counted(table, "clicked", "link") == {f"https://x.example/{n}": (1, 3) for n in (1, 2)}
    assert _counted(table, "click_to_open", "link", "human") == {f"https://x.example/{n}": (1, 1) for n in (1, 2)}


def test_devices_are_told_by_user_agents() -> None:
    """An iPhone is a phone, an iPad a tablet, Windows a desktop, and a proxy of Google's says nothing."""
    table = bk.rates(_history(), by="device")
    assert _counted(table, "opened", "device") == {"phone": (1, 3), "tablet": (1, 3), "desktop": (1, 3)}
    assert _counted(table, "clicked", "device") == {"phone": (0, 3), "tablet": (0, 3), "desktop": (1, 3)}
    proxied = _history().replace({"user_agent": {IPHONE: PROXY, IPAD: ANDROID}})
    assert _counted(bk.rates(proxied, by="device"), "opened", "device").keys() == {"unknown", "tablet", "desktop"}


def test_hours_count_each_reaction_where_it_first_happened() -> None:
    """The hours of a rate add up to the rate; what came before its own sending is in the first hour."""
    table = bk.rates(_history(), by="hour")
    assert {hour: n for hour, (n, _) in _counted(table, "opened", "hour").items()} == {0: 2, 3: 0}
    assert {hour: n for hour, (n, _) in _counted(table, "clicked", "hour").items()} == {0: 0, 3: 1}
    assert {hour: n for hour, (n, _) in _counted(table, "bounced", "hour").items()} == {0: 1, 3: 0}


def test_an_hour_of_complaints_is_held_against_no_limit() -> None:
    """Gmail's limits are of all complaints: no hour without one is called below them."""
    quiet = pd.DataFrame(
        {"kind": "delivered", "email": [f"p{i}@x.example" for i in range(4000)], "at": pd.Timestamp(SENT, tz="UTC")}
    )
    late = quiet.iloc[:40].assign(kind="complained", at=pd.Timestamp(SENT, tz="UTC") + pd.Timedelta("30h"))
    early = quiet.iloc[40:41].assign(kind="complained")
    events = pd.concat([quiet, late, early]).assign(campaign="spring", source="x")
    assert "Gmail" in bk.rates(events).set_index("rate").loc["complained", "verdict"]
    hours = bk.rates(events, by="hour").query("rate == 'complained'")
    assert hours["hour"].tolist() == [0, 30]
    assert not hours["verdict"].str.contains("Gmail").any()


def test_bounces_are_divided_by_what_they_say() -> None:
    """A bounce type divides bounces out of everything sent, unless the sends have a column of that name."""
    table = bk.rates(_history(), by="bounce_type")
    assert set(table["rate"]) == {"bounced", "hard_bounced", "soft_bounced"}
    assert _counted(table, "bounced", "bounce_type") == {"hard": (1, 4)}


def test_every_event_counts_once() -> None:
    """With unique=False three opens of two people are three, an event that came twice is one, and values pass 1."""
    events = _history()
    twice = pd.concat([events, events], ignore_index=True)
    for told in (events, twice):
        table = bk.rates(told, unique=False)
        assert _counted(table, "opened", "campaign") == {"move": (3, 3)}
        assert _counted(table, "click_to_open", "campaign", "human") == {"move": (3, 1)}
    by_link = bk.rates(events, by="link", unique=False)
    assert _counted(by_link, "clicked", "link") == {"https://x.example/1": (1, 3), "https://x.example/2": (2, 3)}
    by_hour = bk.rates(events, by="hour", unique=False)
    assert {hour: n for hour, (n, _) in _counted(by_hour, "clicked", "hour").items()} == {0: 0, 3: 2, 5: 1}
    assert table["verdict"].str.startswith("not enough data: at least ").any()


def test_a_column_of_the_contacts_comes_before_a_word() -> None:
    """Whoever keeps a column named device in the contacts groups people by it."""
    contacts = pd.DataFrame({"email": ["ana@x.example", "bo@x.example"], "device": ["new", "old"]})
    table = bk.rates(_history(), contacts=contacts, by="device")
    assert _counted(table, "opened", "device")["new"] == (1, 1)


@pytest.mark.parametrize(
    ("by", "message"),
    [("link", "needs a column url"), (["link", "bounce_type"], "no reaction has link and bounce_type at once")],
)
def test_what_no_reaction_says_is_refused(by: Any, message: str) -> None:
    """A trait without its column, or two traits that no reaction has at once, are errors."""
    events = _history()
    with pytest.raises(InputError, match=message):
        bk.rates(events.drop(columns="url") if by == "link" else events, by=by)


@given(st.lists(st.integers(0, 10), min_size=1, max_size=14))
@settings(max_examples=5, deadline=None)
def test_hours_add_up_to_the_whole(rows: list[int]) -> None:
    """Whatever happened, the unique numerators of the hours sum to that of the campaign, in each way of counting."""
    events = pd.concat([_history().iloc[:4], _history().iloc[rows]], ignore_index=True)
    whole = bk.rates(events).set_index(["rate", "counts"])["numerator"]
    parts = bk.rates(events, by="hour").groupby(["rate", "counts"])["numerator"].sum(min_count=1)
    pd.testing.assert_series_equal(parts.dropna(), whole.reindex(parts.dropna().index), check_names=False)


def test_a_file_is_counted_without_being_read_into_memory(tmp_path: Path) -> None:
    """Parquet through DuckDB and through polars, lazily, gives what the frame gives, and only sums are collected."""
    duckdb, polars = pytest.importorskip("duckdb"), pytest.importorskip("polars")
    events, path = _history(), tmp_path / "events.parquet"
    events.to_parquet(path)
    for lazy in (duckdb.read_parquet(str(path)), polars.scan_parquet(path)):
        for by in ("campaign", "link"):
            pd.testing.assert_frame_equal(bk.rates(lazy, by=by), bk.rates(events, by=by))
