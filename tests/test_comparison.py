"""Where a campaign's people were chosen by what was seen of them, the adjusted difference finds the truth."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pytest

from bulkkit.comparison import LEAST_OVERLAP, Comparison, compare
from bulkkit.conclusions import Limits, selection
from bulkkit.errors import InputError
from bulkkit.statistics import Interval, Standardised, newcombe
from bulkkit.vocabulary import Rate

START = pd.Timestamp("2026-06-01 09:00", tz="UTC")
PEOPLE = 1500
ADDRESSES = np.array([f"p{i}@x.example" for i in range(PEOPLE)])


def _events(kind: str, campaign: str, who: Any, days: float, machine: bool | None = None) -> pd.DataFrame:
    frame = pd.DataFrame(
        {"kind": kind, "campaign": campaign, "email": ADDRESSES[who], "at": START + pd.Timedelta(days=days)}
    )
    return frame.assign(machine=pd.array([machine] * len(frame), dtype="boolean"))


def test_unknown_people_are_said_to_be_unknown() -> None:
    """Where half of the people compared are alike only in that nothing is known of them, the verdict says so."""
    rng = np.random.default_rng(6)
    side = np.where(rng.random(PEOPLE) < 0.5, "one", "two")
    events = pd.concat(
        [
            *(_events("sent", name, side == name, 0) for name in ("one", "two")),
            *(
                _events("clicked", name, (side == name) & (rng.random(PEOPLE) < 0.1), 1, False)
                for name in ("one", "two")
            ),
        ]
    )
    town = pd.Series(np.where(np.arange(PEOPLE) % 2, "A", None)).where(np.arange(PEOPLE) % 4 != 3, "B")
    contacts = pd.DataFrame({"email": ADDRESSES, "town": town, "shop": "north"})
    found = compare(events, contacts=contacts, treated="one", control="two", adjust=["town", "shop"])
    assert found.unknown == {"town": pytest.approx(0.5, abs=0.01), "shop": 0}
    assert "; not known is town of 50 % of them, so selection may remain" in found.verdict


def _simulate(rng: np.random.Generator, shared: float) -> tuple[pd.DataFrame, float]:
    """Return events of a year and the true effect on everybody who got either campaign.

    People who were seen to react are chosen for "picks" eight times as often, and click eight times as often
    whatever they get; a part of them gets "blast" as well, and then tends to do the same with both.
    """
    care, last, history = rng.beta(1, 3, PEOPLE), np.full(PEOPLE, np.inf), []
    for days in (-300, -200, -40):
        got = np.flatnonzero(rng.random(PEOPLE) < 0.8)
        opened = got[rng.random(got.size) < care[got]]
        history += [
            _events("sent", f"on {days}", got, days),
            _events("opened", f"on {days}", opened, days + 0.1, False),
        ]
        last[opened] = -days
    band = np.select([last <= 90, last <= 365], [0, 1], 2)
    picked = rng.random(PEOPLE) < np.array([0.75, 0.35, 0.10])[band]
    mailed = rng.random(PEOPLE) < np.where(picked, shared, 0.9)
    p = np.array([0.24, 0.10, 0.03])[band]
    q = p + np.array([0.06, 0.03, 0.01])[band]
    mood, twin = rng.random(PEOPLE), rng.random(PEOPLE) < 0.5
    clicks = [np.where(twin, mood, rng.random(PEOPLE)) < chance for chance in (q, p)]
    for name, got, clicked in (("picks", picked, clicks[0]), ("blast", mailed, clicks[1])):
        history += [_events("sent", name, got, 0), _events("clicked", name, got & clicked, 1, False)]
    return pd.concat(history, ignore_index=True), float((q - p)[picked | mailed].mean())


def test_adjusting_finds_the_truth_that_the_raw_difference_misses() -> None:
    """Over 20 histories the adjusted interval holds the true effect and the raw one hardly ever does."""
    rng = np.random.default_rng(2026)
    raw, adjusted, weighted = 0, 0, 0
    for _ in range(20):
        events, truth = _simulate(rng, 0.5)
        found = compare(events, treated="picks", control="blast", adjust="engagement")
        raw += found.raw.lower <= truth <= found.raw.upper
        adjusted += found.adjusted.lower <= truth <= found.adjusted.upper
        weighted += found.weighted.lower <= truth <= found.weighted.upper
    assert raw <= 2
    assert min(adjusted, weighted) >= 17


def test_the_parts_fit_together() -> None:
    """Weights add up to 1, the strata add up to the campaigns, and the difference is their weighted mean."""
    events, _ = _simulate(np.random.default_rng(1), 0.5)
    found = compare(events, treated="picks", control="blast")
    strata = found.strata
    assert list(strata.columns[:3]) == ["provider", "tenure", "engagement"]
    assert strata["weight"].sum() == pytest.approx(1)
    assert (
        strata["treated_n"].sum()
        == found.raw.treated_n
        == (events.query("kind == 'sent' and campaign == 'picks'")["email"].size)
    )
    assert (strata["weight"] * strata["difference"]).sum() == pytest.approx(found.adjusted.difference)
    assert found.raw.difference == pytest.approx(found.raw.treated_value - found.raw.control_value)
    assert found.selection == pytest.approx(found.raw.difference - found.adjusted.difference)
    assert found.overlap == pytest.approx(1)
    assert 0 < found.effective_n <= found.adjusted.treated_n + found.adjusted.control_n
    assert found.verdict.startswith("Of the ")


def test_the_raw_difference_is_newcombes() -> None:
    """Nobody on both sides: the raw interval is Newcombe's, and without anything to adjust for nothing is selection."""
    events, _ = _simulate(np.random.default_rng(2), 0.0)
    found = compare(events, treated="picks", control="blast", adjust=())
    raw, row = found.raw, found.strata.iloc[0]
    expected = newcombe(row["treated_events"], row["treated_n"], row["control_events"], row["control_n"])
    assert (raw.difference, raw.lower, raw.upper) == pytest.approx((expected.estimate, expected.lower, expected.upper))
    assert found.selection == pytest.approx(0)


@pytest.mark.parametrize("adjust", [(), "provider", ("provider", "tenure")])
def test_nothing_to_adjust_by_removes_no_selection(adjust: Any) -> None:
    """Where nothing is asked for or known, the verdict says that the adjusted figure is the raw one."""
    events, _ = _simulate(np.random.default_rng(2), 0.5)
    found = compare(events, treated="picks", control="blast", adjust=adjust)
    assert not found.is_adjusted
    assert astuple(found.adjusted) == pytest.approx(astuple(found.raw))
    assert found.verdict.startswith("picks drew more clicks than blast by ")
    assert found.verdict.endswith(
        "; nothing is known to adjust by, so the adjusted figure is the raw one and no selection was removed."
    )
    assert compare(events, treated="picks", control="blast", adjust="engagement").is_adjusted


def test_what_everybody_shares_is_nothing_to_adjust_by() -> None:
    """Where all are with one provider, or new for want of a history, there is one group and nothing is removed."""
    events, _ = _simulate(np.random.default_rng(2), 0.0)
    contacts = pd.DataFrame({"email": ADDRESSES, "provider": "Northmail"})
    assert not compare(events, contacts=contacts, treated="picks", control="blast", adjust="provider").is_adjusted
    alone = events[events["campaign"].isin(["picks", "blast"])]
    assert "no selection was removed" in compare(alone, treated="picks", control="blast").verdict


def test_what_other_campaigns_report_tells_what_sources_can_tell() -> None:
    """Complaints about another campaign make 0 complaints a known figure here too."""
    events, _ = _simulate(np.random.default_rng(2), 0.0)
    assert np.isnan(compare(events, treated="picks", control="blast", rate="complained").raw.difference)
    told = pd.concat([events, _events("complained", "on -40", [0], -39)])
    assert compare(told, treated="picks", control="blast", rate="complained").raw.difference == 0


def test_swapping_the_sides_swaps_the_signs() -> None:
    """Control against treated is the same comparison mirrored."""
    events, _ = _simulate(np.random.default_rng(3), 0.5)
    one = compare(events, treated="picks", control="blast")
    two = compare(events, treated="blast", control="picks")
    assert (one.adjusted.difference, one.adjusted.lower, one.adjusted.upper) == pytest.approx(
        (-two.adjusted.difference, -two.adjusted.upper, -two.adjusted.lower)
    )
    assert one.verdict == two.verdict


def test_what_came_after_the_send_does_not_count_as_engagement() -> None:
    """Reactions to the campaigns themselves, and whatever followed, leave the strata as they were."""
    events, _ = _simulate(np.random.default_rng(4), 0.5)
    later = _events("opened", "much later", np.arange(PEOPLE), 30, False)
    one = compare(events, treated="picks", control="blast")
    two = compare(pd.concat([events, later, later]), treated="picks", control="blast")
    pd.testing.assert_frame_equal(one.strata, two.strata)


def test_people_on_both_sides_make_the_interval_narrower() -> None:
    """The same people doing nearly the same with both campaigns say more than as many strangers."""
    who = np.arange(600)
    clicked = who % 5 == 0
    sides = [_events("sent", name, who, 0) for name in ("one", "two")]
    same = [_events("clicked", name, who[clicked][: 118 + i], 1, False) for i, name in enumerate(("one", "two"))]
    paired = compare(pd.concat([*sides, *same]), treated="one", control="two")
    strangers = pd.concat(
        [
            sides[0],
            same[0],
            sides[1].assign(email="q" + sides[1]["email"]),
            same[1].assign(email="q" + same[1]["email"]),
        ]
    )
    apart = compare(strangers, treated="one", control="two")
    assert paired.raw.difference == pytest.approx(apart.raw.difference)
    assert paired.raw.upper - paired.raw.lower < 0.3 * (apart.raw.upper - apart.raw.lower)


def test_messages_to_the_same_person_are_no_independent_evidence() -> None:
    """Twelve campaigns to the same people, who always do the same, leave the interval nearly as wide as one."""
    who, others = np.arange(300), np.arange(300, 900)
    control = [_events("sent", "control", others, 0), _events("clicked", "control", others[::20], 1, False)]
    many = [
        _events(kind, f"t{n}", who if kind == "sent" else who[::6], n + (kind != "sent"), False)
        for n in range(12)
        for kind in ("sent", "clicked")
    ]
    twelve = compare(pd.concat([*control, *many]), treated=[f"t{n}" for n in range(12)], control="control", adjust=())
    one = compare(pd.concat([*control, *many]), treated="t0", control="control", adjust=())
    assert twelve.treated == tuple(f"t{n}" for n in range(12))
    assert twelve.raw.difference == pytest.approx(one.raw.difference)
    assert twelve.raw.upper - twelve.raw.lower == pytest.approx(one.raw.upper - one.raw.lower, rel=0.02)


def test_no_overlap_is_refused() -> None:
    """Where few people have their like on the other side, there is no adjusted estimate and the verdict says why."""
    events = pd.concat(
        [
            *(_events("sent", name, who, 0) for name, who in (("one", np.arange(400)), ("two", np.arange(400, 900)))),
            _events("clicked", "one", np.arange(0, 400, 7), 1, False),
        ]
    )
    contacts = pd.DataFrame({"email": ADDRESSES, "provider": np.where(np.arange(PEOPLE) < 500, "Northmail", "Postbox")})
    found = compare(events, contacts=contacts, treated="one", control="two", adjust="provider")
    assert found.overlap == pytest.approx(500 / 900)
    found = compare(
        events, contacts=contacts.assign(provider=ADDRESSES), treated="one", control="two", adjust="provider"
    )
    assert found.overlap == 0 < LEAST_OVERLAP
    assert np.isnan([found.adjusted.difference, found.adjusted.lower, found.adjusted.upper, found.selection]).all()
    assert found.raw.treated_n == 400
    assert found.verdict.startswith("no overlap: only 0 %")
    assert found.strata["weight"].sum() == 0


def test_each_person_weighs_once() -> None:
    """Groups weigh by their people: ten who got both are ten, and ten and ten who got one each are twenty."""
    both, one, two = np.arange(10), np.arange(10, 20), np.arange(20, 30)
    events = pd.concat([_events("sent", "one", np.r_[both, one], 0), _events("sent", "two", np.r_[both, two], 0)])
    contacts = pd.DataFrame({"email": ADDRESSES, "town": np.where(np.arange(PEOPLE) < 10, "A", "B")})
    repeated = pd.concat([contacts, contacts.assign(town="C", email=contacts["email"].str.upper())])
    found = compare(events, contacts=repeated, treated="one", control="two", rate="bounced", adjust="town")
    assert found.strata["town"].tolist() == ["A", "B"]
    assert found.strata["weight"].tolist() == pytest.approx([1 / 3, 2 / 3])


def test_one_sided_groups_are_left_out_and_counted() -> None:
    """A group that only one campaign reached has no weight, and lowers the overlap by its people."""
    events = pd.concat(
        [
            _events("sent", "one", np.arange(300), 0),
            _events("sent", "two", np.arange(300, 900), 0),
            _events("clicked", "two", [300], 1, False),
        ]
    )
    contacts = pd.DataFrame(
        {
            "email": ADDRESSES,
            "town": np.where(np.arange(PEOPLE) % 3 == 0, "A", np.where(np.arange(PEOPLE) < 300, "B", "C")),
        }
    )
    contacts.loc[contacts.index % 3 == 1, "town"] = None
    found = compare(events, contacts=contacts, treated="one", control="two", adjust=["town"])
    assert found.strata["town"].tolist() == ["A", "B", "C", "unknown"]
    assert found.strata["weight"].tolist() == pytest.approx([0.5, 0, 0, 0.5])
    assert found.overlap == pytest.approx(2 / 3)
    assert found.adjusted.treated_n == 200


@pytest.mark.parametrize(
    ("change", "kinds", "verdict"),
    [
        ({"kind": {"sent": "queued"}}, "clicked", "Unknown: no source says to whom blast and picks went; pass sends=."),
        (
            {"machine": None},
            "clicked",
            'Unknown: no source of blast and picks tells which clicks are human; try counts="all".',
        ),
        ({"source": "ledger"}, "complained", "Unknown: no source of blast and picks reports complaints."),
        (
            {"kind": {"clicked": "bounced"}, "source": "tracker"},
            "click_to_open",
            "No data: nobody of picks could have been counted.",
        ),
    ],
)
def test_what_is_not_known_is_not_compared(change: dict[str, Any], kinds: str, verdict: str) -> None:
    """Unknown recipients, unjudged clicks, silent sources and empty sides give no estimate and say so."""
    events, _ = _simulate(np.random.default_rng(5), 0.0)
    events = events[events["campaign"].isin(["picks", "blast"])]
    for column, value in change.items():
        events = events.assign(**{column: events[column].replace(value) if isinstance(value, dict) else value})
    found = compare(events, treated="picks", control="blast", rate=kinds)
    assert found.verdict.startswith(verdict)
    assert np.isnan([found.raw.difference, found.adjusted.difference, found.overlap]).all()
    assert found.strata.empty


def test_sends_tell_recipients_and_starts() -> None:
    """With the ledger's sends, denominators are people who were tracked, and engagement is from before the claim."""
    events = pd.concat(
        [_events("sent", "before", np.arange(200), -50), _events("opened", "before", np.arange(80), -49, False)]
    )
    clicks = pd.concat(
        [_events("clicked", "one", np.arange(0, 200, 9), 1, False), _events("clicked", "two", [0], 1, False)]
    )
    sends = pd.concat(
        [pd.DataFrame({"campaign": name, "email": ADDRESSES[:200], "state": "accepted"}) for name in ("one", "two")]
    )
    sends = sends.assign(claimed_at=START, tracked=np.arange(400) % 4 > 0)
    found = compare(pd.concat([events, clicks]), sends, treated="one", control="two", adjust="engagement")
    assert found.raw.treated_n == found.raw.control_n == 150
    assert found.strata["engagement"].tolist() == ["active", "inactive"]


@pytest.mark.parametrize(
    ("raw", "adjusted", "events", "said"),
    [
        (0.061, (0.009, 0.002, 0.016), 99, "Of the 6.1 points by which spring drew more clicks than autumn, 5.2 are "
         "selection: between people alike it drew 0.9 points more (95 % interval 0.2 to 1.6)."),
        (-0.061, (-0.009, -0.016, 0.002), 99, "Of the 6.1 points by which autumn drew more clicks than spring, 5.2 are "
         "selection: between people alike 0.9 are left, which may be chance (95 % interval −0.2 to 1.6)."),
        (0.02, (-0.03, -0.05, -0.01), 99, "The 2.0 points by which spring drew more clicks than autumn are all "
         "selection: between people alike it drew 3.0 points fewer (95 % interval −5.0 to −1.0)."),
        (0.02, (0.03, 0.01, 0.05), 99, "spring drew more clicks than autumn by 2.0 points, and selection hid 1.0 more: "
         "between people alike it drew 3.0 points more (95 % interval 1.0 to 5.0)."),
        (0.06, (-0.0001, -0.02, 0.02), 99, "The 6.0 points by which spring drew more clicks than autumn are all "
         "selection: between people alike 0.0 are left, which may be chance (95 % interval −2.0 to 2.0)."),
        (0.002, (0.001, -0.001, 0.003), 4, "Of the 0.20 points by which spring drew more clicks than autumn, 0.10 are "
         "selection: between people alike 0.10 are left, which may be chance (95 % interval −0.10 to 0.30); there is "
         "not enough data to lean on this."),
    ],
)  # fmt: skip
def test_one_verdict_for_each_turn_of_events(
    raw: float, adjusted: tuple[float, float, float], events: float, said: str
) -> None:
    """The sentence says what was selection, what remains, which way it goes, and when it may be chance."""
    rate = Interval(0.1, 0.05, 0.15)
    found = Standardised(Interval(*adjusted), rate, rate, 1000, events)
    assert selection("spring", "autumn", Rate.CLICKED, raw, found) == said


def test_a_verdict_says_what_it_leaves_open() -> None:
    """Who is left out, of whom a column is unknown, in what people alike still differ; small things are not said."""
    limits = Limits(0.7, {"tenure": 0.25, "provider": 0.01}, {"history": -0.26, "recency": 0.12, "age": 0.04})
    assert str(limits) == (
        "; only 70 % have their like on the other side, and the rest is left out"
        "; not known is tenure of 25 % of them, so selection may remain"
        "; they still differ in history by 0.26 and recency by 0.12 standard deviations inside the groups, which only "
        "a slope bridges"
    )
    assert str(Limits(0.97, {"tenure": 0.02}, {"history": 0.03})) == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"treated": "pick"}, "no campaign pick here; there is blast, on -200, on -300, on -40, picks"),
        ({"control": "picks"}, "none may be on both sides"),
        ({"treated": []}, "at least one campaign each"),
        ({"rate": "liked"}, "use one of opened, clicked"),
        ({"counts": "some"}, "human or all"),
        ({"adjust": ["shoe size"]}, "adjust names shoe size"),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments: dict[str, Any], message: str) -> None:
    """Unknown campaigns, rates, countings and columns are errors that name what there is."""
    events, _ = _simulate(np.random.default_rng(7), 0.0)
    with pytest.raises(InputError, match=message):
        compare(events, **{"treated": "picks", "control": "blast"} | arguments)


@pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.drop")  # DuckDB's, where it hands over moments
@pytest.mark.parametrize("library", ["polars", "pyarrow", "duckdb"])
def test_every_frame_library_gives_the_same_comparison(library: str) -> None:
    """pandas, polars, PyArrow and DuckDB agree on estimates and strata."""
    pytest.importorskip(library)
    events, _ = _simulate(np.random.default_rng(8), 0.5)
    contacts = pd.DataFrame({"email": ADDRESSES, "created_at": START - pd.to_timedelta(np.arange(PEOPLE), unit="D")})
    other = [_converted(frame, library) for frame in (events, contacts)]
    one: Comparison = compare(events, contacts=contacts, treated="picks", control="blast")
    two = compare(other[0], contacts=other[1], treated="picks", control="blast")
    for here, there in ((one.raw, two.raw), (one.adjusted, two.adjusted)):
        assert astuple(here) == pytest.approx(astuple(there), abs=1e-12)
    pd.testing.assert_frame_equal(one.strata, two.strata)


def _converted(frame: pd.DataFrame, library: str) -> Any:
    if library == "duckdb":
        import duckdb

        return duckdb.from_df(frame)
    return nw.from_native(frame).to_polars() if library == "polars" else nw.from_native(frame).to_arrow()
