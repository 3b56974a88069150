"""Segments hold for a moment, leave the caller's frame alone, and never take silence for an answer."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkkit.distinctions import contrast
from bulkkit.errors import InputError
from bulkkit.segmentation import ENGAGEMENT, TENURE, bands, moment, segment
from bulkkit.segmentation.responses import responses
from bulkkit.segmentation.rfm import FREQUENCY, RECENCY, RFM

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
    with pytest.raises(InputError, match="engagement, recency, frequency, rfm, tenure, provider, source"):
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
    """The table of bands has each category of all segmentations, with its meaning."""
    table = bands()
    assert table["band"].tolist() == [*ENGAGEMENT, *TENURE, *RECENCY, *FREQUENCY, *RFM]
    assert table["meaning"].str.len().gt(10).all()


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_histories_of_other_libraries(library: str) -> None:
    """A history from polars or PyArrow gives the same bands as from pandas."""
    pytest.importorskip(library)
    history = _history(SENT, _event("opened", "ana@example.org", 5, False), _event("opened", "bo@example.org", 5, None))
    frame = nw.from_native(history)
    other = frame.to_polars() if library == "polars" else frame.to_arrow()
    contacts = pd.DataFrame({"email": ["ana@example.org", "bo@example.org", "cy@example.org"]})
    pd.testing.assert_frame_equal(segment(contacts, other, as_of=NOW), segment(contacts, history, as_of=NOW))


def _reacting(email: str, *days: float, kind: str = "opened", machine: bool | None = False) -> list[dict[str, Any]]:
    """Return a message each so many days ago, and a reaction to it a day later."""
    sent = [_event("sent", email, day) for day in days]
    reacted = [_event(kind, email, day - 1, machine) | {"campaign": f"c{day}"} for day in days]
    return sent + reacted


def test_recency_frequency_and_rfm_tell_people_apart() -> None:
    """How lately, how often and how deeply a person reacted, by people's reactions alone."""
    told = {
        "devoted@b.example": _reacting("devoted@b.example", 20, 40, 80, 200, kind="clicked"),
        "engaged@b.example": _reacting("engaged@b.example", 60, 100),
        "curious@b.example": _reacting("curious@b.example", 50),
        "cooling@b.example": _reacting("cooling@b.example", 150, 300),
        "silent@b.example": _reacting("silent@b.example", 30, machine=True),
        "perhaps@b.example": _reacting("perhaps@b.example", 30, machine=None),
    }
    contacts = pd.DataFrame({"email": [*told, "new@b.example"]})
    history = _history(*(row for rows in told.values() for row in rows))
    found = segment(contacts, history, ["rfm", "recency", "frequency"], NOW)
    names = [email.partition("@")[0] for email in found["email"]]
    assert found["rfm"].tolist() == [name.replace("perhaps", "unknown") for name in names]
    assert found["recency"].tolist() == [
        "30 days",
        "31-90 days",
        "31-90 days",
        "91-180 days",
        "over a year",
        "unknown",
        "new",
    ]
    assert found["frequency"].tolist() == ["often", "sometimes", "once", "sometimes", "never", "unknown", "new"]


def test_silence_of_the_untracked_tells_nothing() -> None:
    """Who refused tracking and was not seen is unknown in every segmentation of reactions."""
    contacts = pd.DataFrame({"email": ["a@b.example", "c@b.example"], "tracking_consent": [False, True]})
    history = _history(_event("sent", "a@b.example", 9), _event("sent", "c@b.example", 9))
    found = segment(contacts, history, ["rfm", "recency", "frequency"], NOW)
    assert found[["rfm", "recency", "frequency"]].to_numpy().tolist() == [
        ["unknown"] * 3, ["silent", "over a year", "never"],
    ]  # fmt: skip
    assert set(segment(contacts, by=["rfm", "source"])["rfm"]) == {"unknown"}


def test_conditions_are_the_users_own_segments() -> None:
    """A mask or a function makes a column of three states; one that does not say yes or no is refused by its name."""
    contacts = pd.DataFrame({"email": ["a@b.example", "c@b.example"], "points": pd.array([150, None], dtype="Int64")})
    own = {"rich": contacts["points"] > 100, "settled": lambda people: people["tenure"] == ">3 years"}
    found = segment(contacts, by=["tenure"], as_of=NOW, conditions=own)
    assert list(found.columns) == ["email", "points", "tenure", "rich", "settled"]
    assert found["rich"].isna().tolist() == [False, True]
    assert found["settled"].tolist() == [False, False]
    with pytest.raises(InputError, match="'rich' gives 2 values"):
        segment(contacts, conditions={"rich": contacts["points"]})


@pytest.mark.parametrize("library", ["polars", "pyarrow", "duckdb"])
def test_reactions_are_the_same_in_every_library(library: str) -> None:
    """What the events tell of each mailbox does not depend on where they lie."""
    module = pytest.importorskip(library)
    rows = [
        *_reacting("a@b.example", 20, 400),
        *_reacting("c@b.example", 9, machine=None),
        _event("sent", "a@b.example", 2),
    ]
    history = _history(*rows)
    frames = {"polars": "to_polars", "pyarrow": "to_arrow"}
    other = module.from_df(history) if library == "duckdb" else getattr(nw.from_native(history), frames[library])()
    mine, theirs = (responses(frame, NOW).sort_index() for frame in (history, other))
    pd.testing.assert_frame_equal(mine, theirs, check_dtype=False, check_index_type=False)
    assert mine.loc["a@b.example", ["year", "month", "answered", "unanswered"]].tolist() == [2, 2, 1, 1]


def test_events_without_moments_are_refused() -> None:
    """Text is no moment: the error says how to make moments of it."""
    with pytest.raises(InputError, match="holds no moments"):
        responses(_history(SENT).assign(at="2026-01-01"), NOW)


@given(st.lists(st.booleans(), min_size=4, max_size=60), st.data())
@settings(max_examples=25, deadline=None)
def test_a_contrast_is_the_difference_of_two_shares(inside: list[bool], data: st.DataObject) -> None:
    """Each row's shares are those one counts by hand, its difference lies in its interval, and shares add up to one."""
    inside[:2] = [True, False]
    town = data.draw(st.lists(st.sampled_from(["a", "b", None]), min_size=len(inside), max_size=len(inside)))
    people = pd.DataFrame({"town": pd.Series(town, dtype="str")})
    found = contrast(people, pd.Series(inside), ["town"])
    named = people["town"].fillna("unknown")
    for row in found.to_dict("records"):
        assert row["part"] == pytest.approx((named[inside] == row["level"]).mean())
        assert row["lower"] - 1e-9 <= row["difference"] <= row["upper"] + 1e-9
    assert found[["part", "rest"]].sum().tolist() == pytest.approx([1, 1])


def test_a_contrast_says_what_is_chance() -> None:
    """A large difference among many is clear, a small one among many alike, and one among few not known."""
    people = pd.DataFrame({"town": ["a"] * 300 + ["b"] * 700 + ["a"] * 600 + ["b"] * 400, "even": ["x", "y"] * 1000})
    found = contrast(people, pd.Series(range(2000)) < 1000, ["town", "even"]).set_index(["column", "level"])
    assert found["verdict"].tolist() == ["fewer here", "more here", "alike", "alike"]
    assert found.loc[("town", "a"), "standardised"] == pytest.approx(-0.3 / ((0.21 + 0.24) / 2) ** 0.5)
    few = contrast(people.iloc[[0, 1, 1001, 1999]], pd.Series([True, True, False, False]), ["town"])
    assert set(few["verdict"]) == {"not enough data"}
    with pytest.raises(InputError, match="leaves some out"):
        contrast(people, pd.Series([True] * 2000), ["town"])
    with pytest.raises(InputError, match="no column 'city'"):
        contrast(people, pd.Series(range(2000)) < 1000, ["city"])
    with pytest.raises(InputError, match="2,000 values"):
        contrast(people.assign(own=range(2000)), pd.Series(range(2000)) < 1000, ["own"])
