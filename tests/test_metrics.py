"""Rates count people once, say what they do not know, and come out alike from every frame library."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkkit.addresses import mailbox_key
from bulkkit.conclusions import complaints, data
from bulkkit.errors import InputError
from bulkkit.metrics import RATE_COLUMNS, rates
from bulkkit.metrics.contrasts import against_rest
from bulkkit.metrics.repetition import design_effect
from bulkkit.outcomes import mailboxes
from bulkkit.statistics import wilson
from bulkkit.vocabulary import EventKind, Rate

PEOPLE = [
    "ana@example.org",
    "Ana@Example.org ",
    "bo@bücher.example",
    "c.d+x@gmail.com",
    "cd@googlemail.com",
    "e@f.example",
]
event = st.fixed_dictionaries(
    {
        "kind": st.sampled_from([*map(str, EventKind), "odd"]),
        "campaign": st.sampled_from(["spring", "office-move", None]),
        "email": st.sampled_from([*PEOPLE, None]),
        "bounce_type": st.sampled_from(["hard", "soft", "suppressed", "undetermined", None]),
        "machine": st.sampled_from([True, False, None]),
        "source": st.sampled_from(["history", "ledger", "tracker", "listmonk", None]),
    }
)
histories = st.lists(event, min_size=1, max_size=60).map(lambda rows: _frame(rows))


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    text = dict.fromkeys(("kind", "campaign", "email", "bounce_type", "source"), "str")
    return pd.DataFrame(rows).astype({**text, "machine": "boolean"})


def _events(*rows: tuple[str, str] | tuple[str, str, dict[str, Any]], campaign: str = "spring") -> pd.DataFrame:
    """Return events of one campaign from (kind, address) and (kind, address, more columns)."""
    blank = {"bounce_type": None, "machine": None, "source": "history"}
    return _frame(
        [
            {**blank, "kind": row[0], "campaign": campaign, "email": row[1], **(row[2] if row[2:] else {})}
            for row in rows
        ]
    )


def _row(table: pd.DataFrame, rate: str, counts: str = "all") -> pd.Series[Any]:
    found = table[(table["rate"] == rate) & (table["counts"] == counts)]
    assert len(found) == 1
    return found.iloc[0]


def _counted(table: pd.DataFrame, rate: str, counts: str = "all") -> tuple[Any, Any]:
    row = _row(table, rate, counts)
    return tuple(None if pd.isna(row[name]) else int(row[name]) for name in ("numerator", "denominator"))  # type: ignore[return-value]


@given(histories)
@settings(max_examples=15, deadline=None)
def test_no_rate_is_beyond_its_bounds(events: pd.DataFrame) -> None:
    """0 <= numerator <= denominator, 0 <= lower <= value <= upper <= 1, and the floor is never above the ceiling."""
    table = rates(events)
    known = table.dropna(subset=["numerator", "denominator"])
    assert (known["numerator"] >= 0).all()
    assert (known["numerator"] <= known["denominator"]).all()
    sure = table.dropna(subset=["value"])
    assert ((sure["lower"] >= 0) & (sure["lower"] <= sure["value"])).all()
    assert ((sure["value"] <= sure["upper"]) & (sure["upper"] <= 1)).all()
    floor, ceiling = (
        table[table["counts"] == counts].set_index(["campaign", "rate"])["numerator"] for counts in ("human", "all")
    )
    assert not (floor > ceiling.reindex(floor.index)).fillna(False).any()
    parts = table.set_index(["campaign", "rate"])["numerator"].groupby(level=[0, 1]).first().unstack()
    assert parts.empty or (parts["hard_bounced"] + parts["soft_bounced"] <= parts["bounced"]).all()


@given(histories, st.randoms(use_true_random=False))
@settings(max_examples=8, deadline=None)
def test_importing_twice_or_in_another_order_changes_nothing(events: pd.DataFrame, random: Any) -> None:
    """The same events twice, shuffled, give the same rates as once."""
    twice = pd.concat([events, events]).sample(frac=1, random_state=random.randrange(1000))
    pd.testing.assert_frame_equal(rates(twice), rates(events))


@given(
    st.lists(
        st.sampled_from(
            [
                *PEOPLE,
                " X.Y+z@Gmail.COM",
                "ä@ö.example",
                "a b@c.example.",
                "no at sign",
                "@",
                "a@b@c",
                "İ@x.example",
                "\u212a@x.example",
            ]
        ),
        min_size=1,
    )
)
@settings(max_examples=40, deadline=None)
def test_mailboxes_are_mailbox_keys(addresses: list[str]) -> None:
    """What frames are joined on is `mailbox_key`, column-wise."""
    frame = mailboxes(nw.from_native(pd.DataFrame({"email": addresses})).lazy()).collect("pandas").to_native()
    assert frame["_mailbox"].tolist() == [mailbox_key(address) for address in addresses]


def test_a_campaign_counted_by_hand() -> None:
    """Each rate of a small campaign has the numerator and the denominator that one counts by hand."""
    events = _events(
        *[("sent", f"p{i}@example.org") for i in range(8)], ("delivered", "p8@example.org"),
        ("bounced", "p0@example.org", {"bounce_type": "hard"}), ("bounced", "p1@example.org", {"bounce_type": "soft"}),
        ("opened", "p2@example.org", {"machine": True}), ("opened", "P2@example.org", {"machine": False}),
        ("opened", "p3@example.org", {"machine": True}), ("opened", "p0@example.org", {"machine": False}),
        ("opened", "stranger@example.org", {"machine": False}),
        ("clicked", "p2@example.org", {"machine": False}), ("clicked", "p4@example.org", {"machine": False}),
        ("unsubscribed", "p5@example.org"), ("complained", "p6@example.org"), ("complained", "p6@example.org"),
    )  # fmt: skip
    table = rates(events)
    assert list(table.columns) == ["campaign", *RATE_COLUMNS]
    assert table["rate"].drop_duplicates().tolist() == list(map(str, Rate))
    counted = {(row.rate, row.counts): (row.numerator, row.denominator) for row in table.itertuples()}
    assert counted == {
        ("opened", "human"): (1, 7), ("opened", "all"): (2, 7),
        ("clicked", "human"): (2, 7), ("clicked", "all"): (2, 7),
        ("click_to_open", "human"): (1, 1), ("click_to_open", "all"): (1, 2),
        ("bounced", "all"): (2, 9), ("hard_bounced", "all"): (1, 9), ("soft_bounced", "all"): (1, 9),
        ("unsubscribed", "all"): (1, 7), ("complained", "all"): (1, 7),
    }  # fmt: skip


def test_complaints_are_of_networks_that_report_them() -> None:
    """Gmail tells nobody who complained: its people, and those whose mail it runs, are in no complaint rate."""
    people = ["a@gmail.com", "b.c@googlemail.com", "c@shop.example", "d@firm.example", "e@gmail.com.example"]
    events = _events(*[("sent", one) for one in people], ("complained", "c@shop.example"), ("unsubscribed", people[0]))
    assert _counted(rates(events), "complained") == (1, 3)
    assert _counted(rates(events), "unsubscribed") == (1, 5)
    sends = pd.DataFrame({"campaign": "spring", "email": people, "state": "accepted", "network": "Google"})
    assert _counted(rates(events, sends.iloc[3:4]), "complained") == (1, 2)
    told = pd.concat([events, _events(("complained", "a@gmail.com"))])
    assert _counted(rates(told), "complained") == (2, 4)


def test_where_no_network_reports_complaints_nothing_is_known() -> None:
    """A provider that reports none has no complaint rate of 0, and the verdict says why."""
    events = _events(("sent", "a@gmail.com"), ("sent", "c@b.example"), ("complained", "c@b.example"))
    contacts = pd.DataFrame({"email": ["a@gmail.com", "c@b.example"], "provider": ["Gmail", "other"]})
    table = rates(events, contacts=contacts, by="provider").set_index(["provider", "rate"])
    row = table.loc[("Gmail", "complained")]
    assert (row["denominator"], pd.isna(row["value"])) == (0, True)
    assert row["verdict"] == "unknown: nothing was delivered to a network that reports complaints"


def test_a_late_bounce_takes_the_delivery_back() -> None:
    """Who was delivered, opened and then bounced by DSN counts as bounced and stands in no rate of deliveries."""
    delivered = _events(("sent", "a@b.example"), ("delivered", "a@b.example"), ("sent", "c@b.example"))
    reacted = _events(("opened", "a@b.example", {"machine": False}))
    late = _events(("bounced", "a@b.example", {"bounce_type": "hard", "source": "dsn"}))
    table = rates(pd.concat([delivered, reacted, late]))
    assert _counted(table, "hard_bounced") == (1, 2)
    assert _counted(table, "opened", "human") == (0, 1)


def test_what_was_never_handed_over_did_not_bounce() -> None:
    """A bounce of a suppressed address and a rejection are neither sent nor bounced."""
    table = rates(
        _events(
            ("bounced", "a@b.example", {"bounce_type": "suppressed"}),
            ("rejected", "c@b.example"),
            ("sent", "d@b.example"),
        )
    )
    assert _counted(table, "bounced") == (0, 1)
    assert _counted(table, "unsubscribed") == (0, 1)


def test_untracked_people_stand_in_no_rate_of_opens() -> None:
    """With the ledger's sends, opens and clicks are out of delivered and tracked; unsubscribes out of delivered."""
    events = _events(
        ("sent", "a@b.example"),
        ("sent", "c@b.example"),
        ("sent", "d@b.example"),
        ("opened", "d@b.example", {"machine": False}),
    )
    sends = pd.DataFrame({"campaign": "spring", "email": ["A@b.example", "c@b.example", "d@b.example"]})
    table = rates(events, sends.assign(state="accepted", tracked=[True, True, False]))
    assert _counted(table, "opened") == (0, 2)
    assert _counted(table, "unsubscribed") == (0, 3)


def test_sends_alone_are_a_denominator() -> None:
    """States of the ledger count as the events that they stand for; what is in doubt or waiting counts nowhere."""
    states = ["accepted", "refused", "refused", "expired", "in_doubt", "queued", "dotted"]
    sends = pd.DataFrame({"campaign": "spring", "email": [f"p{i}@b.example" for i in range(7)], "state": states})
    sends = sends.assign(
        enhanced_code=["2.0.0", "5.1.1", None, "4.4.7", None, None, None],
        smtp_code=[250, 550, None, 451, None, None, None],
    )
    sends["reason"] = ["", "", "suppressed", "", "", "", ""]
    table = rates(
        _events(("opened", "p0@b.example", {"machine": False}), ("opened", "p4@b.example", {"machine": False})), sends
    )
    assert _counted(table, "opened") == (1, 1)
    assert _counted(table, "bounced") == (2, 3)
    assert (_counted(table, "hard_bounced"), _counted(table, "soft_bounced")) == ((1, 3), (1, 3))


def test_unknown_recipients_are_not_zero() -> None:
    """Where no source says to whom it went, the denominator is missing, and a rate among openers is still known."""
    table = rates(
        _events(("opened", "a@b.example", {"machine": False}), ("bounced", "c@b.example", {"bounce_type": "hard"}))
    )
    for rate in ("opened", "bounced", "complained"):
        row = _row(table, rate)
        assert pd.isna(row["denominator"])
        assert pd.isna(row["value"])
        assert row["verdict"].startswith("unknown: no source says to whom")
    assert _counted(table, "opened") == (1, None)
    assert _counted(table, "click_to_open") == (0, 1)


def test_opens_that_nobody_judged_have_no_floor() -> None:
    """Where all opens lack a judgement the human row is missing and says so; one judged open makes it known."""
    unjudged = rates(_events(("sent", "a@b.example"), ("opened", "a@b.example")))
    assert _counted(unjudged, "opened", "human") == (None, 1)
    assert "judged none" in _row(unjudged, "opened", "human")["verdict"]
    assert _counted(unjudged, "clicked", "human") == (0, 1)
    judged = rates(
        _events(("sent", "a@b.example"), ("opened", "a@b.example"), ("opened", "a@b.example", {"machine": True}))
    )
    assert _counted(judged, "opened", "human") == (0, 1)


def test_a_source_that_cannot_tell_is_not_a_zero() -> None:
    """A ledger alone knows of no opens and no complaints; a tracker adds opens, a complaint adds complaints."""
    sent = _events(("sent", "a@b.example", {"source": "ledger"}), ("sent", "c@b.example", {"source": "ledger"}))
    assert _counted(rates(sent), "opened") == (None, None)
    assert "no source of these events reports opens" in _row(rates(sent), "opened")["verdict"]
    tracked = pd.concat([sent, _events(("unsubscribed", "a@b.example", {"source": "tracker"}))])
    assert _counted(rates(tracked), "opened") == (0, 2)
    assert _counted(rates(tracked), "complained") == (None, None)
    told = pd.concat([sent, _events(("complained", "a@b.example", {"source": "arf"}))])
    assert _counted(rates(told), "complained") == (1, 2)


@pytest.mark.parametrize("drop", [False, True])
def test_a_nameless_source_tells_only_what_it_was_heard_to_tell(drop: bool) -> None:
    """Without a source, unsubscribes and complaints are unknown until any campaign has one; then 0 is 0."""

    def nameless(*rows: tuple[str, str], campaign: str = "spring") -> pd.DataFrame:
        events = _events(*rows, campaign=campaign)
        return events.drop(columns="source") if drop else events.assign(source=None)

    silent = nameless(("sent", "a@b.example"), ("opened", "a@b.example"))
    for rate in ("unsubscribed", "complained"):
        assert _counted(rates(silent), rate) == (None, None)
        assert _row(rates(silent), rate)["verdict"].startswith("unknown: no source of these events reports")
        told = pd.concat([silent, nameless(("sent", "c@b.example"), (rate, "c@b.example"), campaign="autumn")])
        spring = rates(told).query("campaign == 'spring'")
        assert _counted(spring, rate) == (0, 1)
    assert _counted(rates(silent), "opened") == (1, 1)


@pytest.mark.parametrize("library", ["polars", "pyarrow", "duckdb"])
@pytest.mark.parametrize("by", ["campaign", ["campaign", "segment"], "source", "tracked", "member"])
def test_every_frame_library_gives_the_same_rates(library: str, by: str | list[str]) -> None:
    """pandas, polars, PyArrow and DuckDB agree on every value, whatever the grouping."""
    pytest.importorskip(library)
    rows = [
        (kind, PEOPLE[i % 6], campaign, i)
        for i, kind in enumerate(list(EventKind) * 9)
        for campaign in ("spring", None)
    ]
    extra = [
        {
            "machine": (True, False, None)[i % 3],
            "bounce_type": ("hard", "soft", None)[i % 3],
            "source": ("ledger", "history")[i % 2],
        }
        for *_, i in rows
    ]
    events = _frame(
        [{"kind": str(k), "email": e, "campaign": c, **more} for (k, e, c, _), more in zip(rows, extra, strict=True)]
    )
    sends = pd.DataFrame(
        {"campaign": "spring", "email": PEOPLE[1:4], "state": "accepted", "tracked": [True, False, None]}
    ).astype({"tracked": "boolean"})
    contacts = pd.DataFrame(
        {"email": PEOPLE, "segment": ["b", "b", None, "a", "a", "c"], "member": [True, True, False, True, True, False]}
    )
    converted = [_convert(frame, library) for frame in (events, sends, contacts)]
    pd.testing.assert_frame_equal(rates(*converted, by=by), rates(events, sends, contacts, by=by))


def _convert(frame: pd.DataFrame, library: str) -> Any:
    if library == "duckdb":
        import duckdb

        return duckdb.from_df(frame)
    return nw.from_native(frame).to_arrow() if library == "pyarrow" else nw.from_native(frame).to_polars()


def test_grouping_by_what_the_contacts_know() -> None:
    """Contacts lend their columns by mailbox; people whom they do not know are the group "unknown"."""
    events = _events(
        ("sent", "a@b.example"), ("sent", "C@b.example"), ("sent", "d@b.example"), ("bounced", "d@b.example")
    )
    contacts = pd.DataFrame(
        {"email": ["A@b.example", "c@b.example", "c@b.example"], "provider": pd.Categorical(["X", "X", "Y"])}
    )
    table = rates(events, contacts=contacts, by="provider")
    assert table["provider"].drop_duplicates().tolist() == ["X", "unknown"]
    assert table[table["rate"] == "bounced"]["denominator"].tolist() == [2, 1]


def test_campaigns_with_unknown_recipients_stand_in_no_mixed_row() -> None:
    """Grouped by something else, people of a campaign without recipients are left out beside those of one with."""
    events = pd.concat(
        [
            _events(("sent", "a@b.example"), ("complained", "a@b.example")),
            _events(("complained", "c@b.example"), campaign="list"),
        ]
    )
    contacts = pd.DataFrame({"email": ["a@b.example", "c@b.example"], "provider": "X"})
    assert _counted(rates(events, contacts=contacts, by="provider"), "complained") == (1, 1)


def test_a_column_of_objects_is_read_to_its_end() -> None:
    """Truth values that begin after hundreds of missing ones are seen for what they are."""
    people = [f"p{i}@x.example" for i in range(300)]
    sent = pd.DataFrame({"kind": "sent", "campaign": "spring", "email": people, "machine": None}, dtype=object)
    clicks = sent.iloc[:6].assign(kind="clicked", machine=[False, True] * 3)
    table = rates(pd.concat([sent, clicks], ignore_index=True))
    assert (_counted(table, "clicked", "human"), _counted(table, "clicked")) == ((3, 300), (6, 300))


def test_messages_to_the_same_people_are_worth_as_many_people() -> None:
    """Ten campaigns with which everybody does what they always do are known no better than one of them."""
    rng = np.random.default_rng(5)
    people = pd.DataFrame({"email": [f"p{i}@x.example" for i in range(300)], "half": ["a", "b", "b"] * 100})
    sent = people[["email"]].assign(kind="sent", at=pd.Timestamp("2026-06-01", tz="UTC"), source="x", machine=None)
    one = pd.concat([sent, sent[rng.random(300) < 0.3].assign(kind="clicked", machine=False)])
    ten = pd.concat([one.assign(campaign=f"c{i}") for i in range(10)])
    once, often = (rates(events, contacts=people, by="half") for events in (one.assign(campaign="c0"), ten))
    assert (often["denominator"] == 10 * once["denominator"]).all()
    told = [table.loc[once["numerator"] > 0, ["value", "lower", "upper"]] for table in (often, once)]
    pd.testing.assert_frame_equal(*told)
    clicks = [table[table["rate"].eq("clicked") & table["counts"].eq("human")] for table in (once, often)]
    apart = [against_rest(table)[["difference_lower", "difference_upper", "p_value"]] for table in clicks]
    pd.testing.assert_frame_equal(*apart, rtol=1e-6)


def test_the_interval_over_campaigns_covers_what_people_do() -> None:
    """Over 2,000 histories of people with habits it covers 94 to 96 %, where messages as such cover far less."""
    rng = np.random.default_rng(6)
    covered = np.zeros(2)
    for _ in range(2000):
        habit, received = rng.beta(1, 3, 400), rng.integers(1, 9, 400)
        did = rng.binomial(received, habit)
        sums = {"n": did, "d": received, "nn": did**2, "nd": did * received, "dd": received**2}
        counts = pd.DataFrame({f"x_{name}": [float(values.sum())] for name, values in sums.items()})
        effect = float(design_effect(counts, "x")[0])
        for place, worth in enumerate((effect, 1.0)):
            found = wilson(did.sum() / worth, received.sum() / worth)
            covered[place] += found.lower <= 0.25 <= found.upper
    assert 0.94 <= covered[0] / 2000 <= 0.96
    assert covered[1] / 2000 < 0.9


def test_frames_that_cannot_be_used_are_refused() -> None:
    """A missing column, an unknown grouping and frames of two libraries are errors that name the way out."""
    events = _events(("sent", "a@b.example"))
    with pytest.raises(InputError, match="no column kind"):
        rates(events.drop(columns="kind"))
    with pytest.raises(InputError, match="by='colour'"):
        rates(events, by="colour")
    with pytest.raises(InputError, match="names no column"):
        rates(events, by=[])
    with pytest.raises(InputError, match="from one library"):
        rates(events, _convert(pd.DataFrame({"campaign": ["spring"], "email": ["a@b.example"]}), "pyarrow"))


def test_the_least_that_events_must_have() -> None:
    """Kind, campaign and address suffice; no events at all give an empty table with its columns."""
    events = _events(("sent", "a@b.example"), ("clicked", "a@b.example"))[["kind", "campaign", "email"]]
    assert _counted(rates(events), "clicked") == (1, 1)
    assert list(rates(events.iloc[:0]).columns) == ["campaign", *RATE_COLUMNS]


def test_verdicts_say_how_much_more_would_do() -> None:
    """Few events are not enough data, and the verdict names how many more; many are enough; nobody is no data."""
    few = rates(_events(*[("sent", f"p{i}@b.example") for i in range(40)], ("unsubscribed", "p1@b.example")))
    assert _row(few, "unsubscribed")["verdict"] == "not enough data: about 360 more deliveries would be enough"
    many = rates(_events(*[(kind, f"p{i}@b.example") for i in range(40) for kind in ("sent", "clicked")[: 1 + i % 2]]))
    assert _row(many, "clicked")["verdict"] == "enough data"
    assert _row(few, "click_to_open")["verdict"] == "no data: nobody was seen to open"


@pytest.mark.parametrize(
    ("rate", "numerator", "denominator", "verdict"),
    [
        (Rate.BOUNCED, 7, 2000, "not enough data: about 860 more messages would be enough"),
        (Rate.UNSUBSCRIBED, 9, 9_000, "not enough data: about 1,000 more deliveries would be enough"),
        (Rate.CLICKED, 9, 10, "not enough data: about 90 more deliveries would be enough"),
        (Rate.CLICKED, 9, 18, "not enough data: about 2 more deliveries would be enough"),
        (Rate.CLICK_TO_OPEN, 10, 19, "not enough data: about 3 more openers would be enough"),
        (Rate.CLICKED, 0, 8, "not enough data: at least 25 more deliveries would be needed"),
        (Rate.CLICKED, 1, 1, "not enough data: at least 19 more deliveries would be needed"),
        (Rate.COMPLAINED, 0, 2994,
         "not enough data: about 1 more delivery without a complaint would show a rate below 0.10 %"),
    ],
)  # fmt: skip
def test_how_much_more_is_never_too_little(rate: Rate, numerator: int, denominator: int, verdict: str) -> None:
    """What is needed is rounded up; where nothing was seen it is a least; one is one."""
    assert data(rate, numerator, denominator) == verdict


@pytest.mark.parametrize(
    ("complained", "delivered", "verdict"),
    [
        (0, 500, "not enough data: about 2,500 more deliveries without a complaint would show a rate below 0.10 %"),
        (0, 3000, "below Gmail's 0.10 %"), (20, 40_000, "below Gmail's 0.10 %"),
        (1, 10, "above Gmail's 0.10 %"),
        (1, 40, "not enough data to tell from Gmail's 0.10 %; not shown to be below its limit of 0.30 %"),
        (40, 40_000, "not enough data to tell from Gmail's 0.10 %; below its limit of 0.30 %"),
        (80, 40_000, "above Gmail's 0.10 %"), (9, 1000, "above Gmail's limit of 0.30 %: stop and find out why"),
    ],
)  # fmt: skip
def test_complaints_beside_gmails_limits(complained: int, delivered: int, verdict: str) -> None:
    """A complaint rate is called below or above 0.10 % and 0.30 % only where that is shown."""
    assert complaints(complained, delivered) == verdict
