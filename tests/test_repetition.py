"""Several messages to a person are one person's: in wholes, parts such as links, totals, and where nobody did it."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pytest

from bulkkit.conclusions import data
from bulkkit.metrics import rates
from bulkkit.metrics.repetition import design_effect
from bulkkit.statistics import wilson
from bulkkit.vocabulary import Rate

LINKS = ["https://x.example/a", "https://x.example/b", None]
SENT = pd.Timestamp("2026-06-01", tz="UTC")


def _habits(campaigns: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return events of campaigns with which each of 240 people does the same every time, and the people."""
    rng = np.random.default_rng(5)
    people = pd.DataFrame({"email": [f"p{i}@x.example" for i in range(240)], "half": ["a", "b", None] * 80})
    sent = people[["email"]].assign(kind="sent", at=SENT, source="x", machine=None, url=None)
    clicked = sent[(rng.random(240) < 0.3) & (people["half"] != "b")]
    links = [clicked.iloc[place::2].assign(url=url) for place, url in enumerate(LINKS[:2])]
    one = pd.concat([sent, *(part.assign(kind="clicked", machine=False, at=SENT) for part in links)])
    return pd.concat([one.assign(campaign=f"c{i}") for i in range(campaigns)], ignore_index=True), people


@pytest.mark.parametrize("by", [["link"], ["half", "link"], ["hour"], ["half"]])
@pytest.mark.parametrize("unique", [True, False])
def test_what_people_always_do_is_known_as_well_as_once(by: list[str], unique: bool) -> None:
    """Eight campaigns alike say no more than one of them: of a link, an hour, a part of the list, of totals as well."""
    found = []
    for campaigns in (1, 8):
        events, people = _habits(campaigns)
        table = rates(events, contacts=people, by=by, unique=unique)
        found.append(table[table["numerator"].notna()].reset_index(drop=True))
    assert (found[1]["denominator"] == 8 * found[0]["denominator"]).all()
    again = ~found[0]["rate"].isin(["hard_bounced", "unsubscribed", "complained"])
    pd.testing.assert_frame_equal(*(table.loc[again, ["value", "lower", "upper"]] for table in found))
    if unique:
        assert (found[1]["verdict"].str.startswith("enough") == found[0]["verdict"].str.startswith("enough")).all()


def _by_hand(events: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Return the bounds of the clicks on each link in each part of the list, person by person."""
    half = people.set_index("email")["half"].fillna("unknown")
    events = events.assign(half=events["email"].map(half))
    sent = events[events["kind"] == "sent"].groupby(["half", "email"]).size()
    clicks = events[events["kind"] == "clicked"].drop_duplicates(["campaign", "email", "url"])
    rows = []
    for part, link in ((part, link) for part in ("a", "b", "unknown") for link in LINKS[:2]):
        did = clicks[clicks["url"] == link].groupby(["half", "email"]).size().reindex(sent.index, fill_value=0)[part]
        got = sent[part]
        products = {"nn": did * did, "nd": did * got, "dd": got * got}
        counts = {"n": did.sum(), "d": got.sum()} | {name: sums.sum() for name, sums in products.items()}
        effect = design_effect(pd.DataFrame({f"x_{name}": [float(value)] for name, value in counts.items()}), "x")[0]
        bounds = wilson(did.sum() / effect, got.sum() / effect)
        rows.append((part, link, bounds.lower, bounds.upper))
    return pd.DataFrame(rows, columns=["half", "link", "lower", "upper"]).astype({"half": "str", "link": "str"})


@pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.drop")  # DuckDB's, where it hands over moments
@pytest.mark.parametrize("library", ["pandas", "polars", "duckdb"])
def test_parts_are_what_one_counts_by_hand(library: str) -> None:
    """Links in parts of the list, one of them unnamed, over campaigns to ever other people: as person by person."""
    rng = np.random.default_rng(8)
    events, people = _habits(4)
    events = events[(rng.random(len(events)) < 0.7) | (events["kind"] == "sent")]
    gone = {f"c{i}": set(people["email"].sample(90, random_state=i)) for i in range(4)}
    kept = [email not in gone[name] for email, name in zip(events["email"], events["campaign"], strict=True)]
    events = events[kept].astype(dict.fromkeys(("url", "kind", "campaign", "email"), "str"))
    events["machine"] = events["machine"].astype("boolean")
    handed = [_as(frame, library) for frame in (events, people)]
    table = rates(handed[0], contacts=handed[1], by=["half", "link"])
    chosen = table[table["rate"].eq("clicked") & table["counts"].eq("human")].sort_values(["half", "link"])
    found = chosen[["half", "link", "lower", "upper"]].reset_index(drop=True).astype({"half": "str", "link": "str"})
    pd.testing.assert_frame_equal(found, _by_hand(events, people))


def _as(frame: pd.DataFrame, library: str) -> Any:
    if library == "duckdb":
        import duckdb

        return duckdb.from_df(frame)
    return nw.from_native(frame).to_polars() if library == "polars" else frame


def _effect(did: Any, got: Any, once: bool = False) -> float:
    sums = {"n": did, "d": got, "nn": did * did, "nd": did * got, "dd": got * got}
    return float(
        design_effect(pd.DataFrame({f"x_{name}": [float(v.sum())] for name, v in sums.items()}), "x", once=once)[0]
    )


@pytest.mark.parametrize("everybody", [False, True])
def test_where_nobody_or_everybody_did_it_people_are_counted(everybody: bool) -> None:
    """None of 900 messages to 300 people is none of 300: their messages may be as alike as can be."""
    got = np.full(300, 3)
    assert _effect(got * everybody, got) == pytest.approx(3)
    assert _effect(np.eye(300, dtype=int)[0] * everybody, np.ones(300, int)) == pytest.approx(1)


def test_what_happens_once_to_a_person_is_counted_by_messages() -> None:
    """None of 900 messages to 300 people complained about is none of 900; a person who did it twice is seen to."""
    got = np.full(300, 3)
    assert _effect(got * 0, got, once=True) == 1
    assert _effect(np.where(np.arange(300) < 9, 2, 0), got, once=True) == pytest.approx(2, abs=0.1)
    sent = pd.DataFrame({"kind": "sent", "email": [f"p{i}@x.example" for i in range(300)], "half": "a"})
    left = sent.iloc[:1].assign(kind="unsubscribed", campaign="c2", email="q@x.example")
    three = pd.concat([*(sent.assign(campaign=f"c{i}") for i in range(3)), left.assign(kind="sent"), left])
    people = pd.DataFrame({"email": [*sent["email"], "q@x.example"], "half": ["a"] * 300 + ["b"]})
    for unique in (True, False):
        table = rates(three.assign(source="history"), contacts=people, by="half", unique=unique)
        row = table[table["half"].eq("a") & table["rate"].eq("unsubscribed")].iloc[0]
        assert row["upper"] == pytest.approx(wilson(0.0, 900.0).upper, rel=0.01)


def test_each_message_seen_to_differ_takes_doubt_away() -> None:
    """The more messages there are beside those that count, without another one, the nearer to strangers' they are."""
    got = np.full(300, 5)
    effects = [_effect((np.arange(300) < many).astype(int), got) for many in range(0, 40, 3)]
    assert effects == sorted(effects, reverse=True)
    assert 1 < effects[-1] < 1.05


@pytest.mark.parametrize(("alike", "events"), [(0.05, 3), (0.2, 3), (0.2, 5), (0.5, 3), (0.5, 5)])
def test_few_events_of_people_with_habits_are_covered(alike: float, events: int) -> None:
    """Where a few events are to be expected and people repeat themselves, the interval covers 94 % and more."""
    rng, got, covered = np.random.default_rng(11), np.full(300, 5), 0
    rate, worth = events / 1500, 1 / alike - 1
    for _ in range(1500):
        did = rng.binomial(got, rng.beta(rate * worth, (1 - rate) * worth, 300))
        effect = _effect(did, got)
        found = wilson(did.sum() / effect, got.sum() / effect)
        covered += found.lower <= rate <= found.upper
    assert covered / 1500 >= 0.94


def test_a_verdict_counts_what_messages_are_worth() -> None:
    """Twenty events that are worth eight are not enough data, and no complaint of a few people shows nothing."""
    assert data(Rate.CLICKED, 20, 1000) == "enough data"
    assert data(Rate.CLICKED, 20, 1000, 2.5) == "not enough data: about 250 more deliveries would be enough"
    assert data(Rate.COMPLAINED, 0, 4000) == "below Gmail's 0.10 %"
    assert data(Rate.COMPLAINED, 0, 4000, 4) == (
        "not enough data: about 8,000 more deliveries without a complaint would show a rate below 0.10 %"
    )
    assert data(Rate.COMPLAINED, 1, 900, 8).startswith("not enough data to tell from Gmail's 0.10 %")
