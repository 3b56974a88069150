"""Segments hold for a moment, leave the caller's frame alone, and never take silence for an answer."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkkit.errors import InputError
from bulkkit.segmentation import ENGAGEMENT, TENURE, bands, moment, segment

NOW = pd.Timestamp("2026-10-01", tz="UTC")


def _event(kind: str, email: str, days_ago: float, machine: bool | None = None) -> dict[str, Any]:
    at = NOW - pd.Timedelta(days=days_ago)
    return {"kind": kind, "campaign": f"c{days_ago}", "email": email, "at": at, "machine": machine}


def _history(*events: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(events).astype({"machine": "boolean"})


def _engagement(history: pd.DataFrame | None, **columns: Any) -> str:
    contact = pd.DataFrame({"email": ["Ana@Example.org"], **{name: [value] for name, value in columns.items()}})
    return str(segment(contact, history, by="engagement", as_of=NOW)["engagement"].iloc[0])


SENT = _event("sent", "ana@example.org", 400)


@pytest.mark.parametrize(
    ("events", "band"),
    [
        ([SENT, _event("opened", "ana@example.org", 90, False)], "active"),
        ([SENT, _event("clicked", "ANA@example.org ", 91, False)], "occasional"),
        ([SENT, _event("clicked", "ana@example.org", 365, False)], "occasional"),
        ([SENT, _event("clicked", "ana@example.org", 366, False)], "inactive"),
        ([SENT, _event("opened", "ana@example.org", 5, True)], "inactive"),
        ([SENT, _event("opened", "ana@example.org", 5, None)], "unknown"),
        ([SENT, _event("opened", "ana@example.org", 5, None), _event("opened", "ana@example.org", 6, False)], "active"),
        (
            [SENT, _event("opened", "ana@example.org", 5, None), _event("opened", "ana@example.org", 99, False)],
            "unknown",
        ),
        ([SENT], "inactive"),
        ([_event("sent", "bo@example.org", 5)], "new"),
        ([SENT, _event("opened", "ana@example.org", 0, False)], "inactive"),
        ([_event("opened", "bo@example.org", 5, False)], "unknown"),
        ([_event("sent", "ana@example.org", -1)], "new"),
    ],
)
def test_engagement_bands(events: list[dict[str, Any]], band: str) -> None:
    """The last reaction by a person before the moment decides; a machine's does not, and an unjudged one may."""
    assert _engagement(_history(*events)) == band


def test_what_cannot_be_seen_is_unknown() -> None:
    """Without a history, without times, and for the silence of people who did not agree to tracking, it is unknown."""
    assert _engagement(None) == "unknown"
    assert _engagement(_history(SENT), tracking_consent=False) == "unknown"
    assert _engagement(_history(SENT), tracking_consent="no") == "unknown"
    assert _engagement(_history(SENT), tracking_consent=None) == "unknown"
    assert (
        _engagement(_history(SENT, _event("opened", "ana@example.org", 5, False)), tracking_consent=False) == "active"
    )
    assert _engagement(_history(SENT), tracking_consent=True) == "inactive"
    assert _engagement(_history(SENT), tracking_consent="yes") == "inactive"


@pytest.mark.parametrize(
    ("days", "band"),
    [(0, "<3 months"), (89, "<3 months"), (90, "3-12 months"), (364, "3-12 months"),
     (365, "1-3 years"), (1094, "1-3 years"), (1095, ">3 years"),
     (-1, "unknown"), (None, "unknown")],
)  # fmt: skip
def test_tenure_bands(days: int | None, band: str) -> None:
    """Time on the list falls into four bands; a missing or a future day is unknown."""
    created = pd.NaT if days is None else NOW - pd.Timedelta(days=days)
    contact = pd.DataFrame(
        {"email": ["ana@example.org"], "created_at": pd.Series([created], dtype="datetime64[us, UTC]")}
    )
    assert segment(contact, by="tenure", as_of=NOW)["tenure"].tolist() == [band]


def test_created_at_may_be_text_or_not_there() -> None:
    """Dates as text are read, what is no date is unknown, and so is everybody without the column."""
    contacts = pd.DataFrame({"email": ["a@b.example"] * 2, "created_at": ["2026-09-30", "yesterday"]})
    assert segment(contacts, by="tenure", as_of="2026-10-01")["tenure"].tolist() == ["<3 months", "unknown"]
    assert segment(contacts[["email"]], by="tenure", as_of=NOW)["tenure"].tolist() == ["unknown", "unknown"]


@given(st.permutations(range(6)), st.booleans())
@settings(max_examples=20, deadline=None)
def test_the_callers_frame_is_the_callers(order: list[int], repeated: bool) -> None:
    """Columns, index, order and dtypes come back as they went in, whatever the index; only new columns are added."""
    contacts = pd.DataFrame(
        {
            "Mail": range(6),
            "email": pd.Series(["a@b.example", None, "A@b.example", "not an address", "", "c@d.example"], dtype="str"),
            "created_at": pd.to_datetime(["2026-01-01"] * 6, utc=True),
            "points": pd.array([1, None, 3, 4, 5, 6], dtype="Int16"),
            "town": pd.Categorical(list("aabbcc")),
        },
        index=[0] * 6 if repeated else order,
    ).iloc[order]
    before = contacts.copy(deep=True)
    found = segment(contacts, _history(SENT), by=["engagement", "tenure", "town", "provider"], as_of=NOW)
    pd.testing.assert_frame_equal(contacts, before)
    pd.testing.assert_frame_equal(found[contacts.columns], before)
    assert list(found.columns[len(contacts.columns) :]) == ["engagement", "tenure", "provider"]
    assert found.loc[contacts["email"].isna(), "engagement"].eq("unknown").all()


def test_unknown_segmentations_and_dates_are_refused() -> None:
    """A name that is neither a segmentation nor a column, and a date that is none, are errors that name the way out."""
    contacts = pd.DataFrame({"email": ["a@b.example"]})
    with pytest.raises(InputError, match="engagement, tenure, provider"):
        segment(contacts, by=["shoe size"])
    with pytest.raises(InputError, match="2026-10-01"):
        segment(contacts, as_of="soon")
    with pytest.raises(InputError, match="no column 'email'"):
        segment(contacts.rename(columns={"email": "Mail"}))


def test_moments() -> None:
    """A date, a text and a timestamp in any zone mean the same moment; None is now."""
    assert moment("2026-10-01") == moment(NOW.date()) == moment(NOW.tz_convert("Asia/Tokyo")) == NOW
    assert abs(moment() - pd.Timestamp.now("UTC")) < pd.Timedelta(minutes=1)


def test_every_band_is_explained() -> None:
    """The table of bands has each category of both segmentations, with its meaning."""
    table = bands()
    assert table["band"].tolist() == [*ENGAGEMENT, *TENURE]
    assert table["meaning"].str.len().gt(10).all()


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_histories_of_other_libraries(library: str) -> None:
    """A history from polars or PyArrow gives the same bands as from pandas."""
    pytest.importorskip(library)
    import narwhals as nw

    history = _history(SENT, _event("opened", "ana@example.org", 5, False), _event("opened", "bo@example.org", 5, None))
    frame = nw.from_native(history)
    other = frame.to_polars() if library == "polars" else frame.to_arrow()
    contacts = pd.DataFrame({"email": ["ana@example.org", "bo@example.org", "cy@example.org"]})
    pd.testing.assert_frame_equal(segment(contacts, other, as_of=NOW), segment(contacts, history, as_of=NOW))
