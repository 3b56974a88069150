"""A comparison collects how many people there are of each kind, and that tells as much as every single one of them."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkkit import outcomes
from bulkkit.comparison import compare, kinds, sample
from bulkkit.outcomes import gathered
from bulkkit.segmentation import segment

START = pd.Timestamp("2026-06-01 09:00", tz="UTC")
PEOPLE = 600
ADDRESSES = np.array([f"p{i}@x.example" for i in range(PEOPLE)])
SIDES: dict[str, Any] = {"treated": "picks", "control": ["blast", "again"]}


def _history(rng: np.random.Generator) -> pd.DataFrame:
    """Return three campaigns of which people got some, and two years of others that they reacted to in all ways."""
    parts = []
    for name, days in (("old", -500), ("older", -700), ("spring", -91), ("late", -30), ("picks", 0), ("blast", 3)):
        got = np.flatnonzero(rng.random(PEOPLE) < 0.6)
        seen = got[rng.random(got.size) < 0.4]
        parts += [_events("sent", name, got, np.full(got.size, days)), _reacted(rng, name, seen, days)]
    parts.append(_events("sent", "again", np.arange(0, PEOPLE, 2), np.full(PEOPLE // 2, 100)))
    return pd.concat(parts, ignore_index=True).astype({"machine": "boolean"})


def _reacted(rng: np.random.Generator, name: str, who: Any, days: float) -> pd.DataFrame:
    machine = rng.choice([True, False, None], who.size, p=[0.2, 0.6, 0.2] if days < 0 else [0.2, 0.8, 0])
    kinds_of = rng.choice(["opened", "clicked"], who.size)
    return _events("opened", name, who, days + rng.exponential(5, who.size)).assign(kind=kinds_of, machine=machine)


def _events(kind: str, name: str, who: Any, days: Any) -> pd.DataFrame:
    at = (START + pd.to_timedelta(days, unit="D")).floor("s")
    return pd.DataFrame({"kind": kind, "campaign": name, "email": ADDRESSES[who], "at": at, "machine": None})


def _contacts(rng: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "email": ADDRESSES[:-50], "town": rng.choice(["A", "B", None], PEOPLE - 50),
            "created_at": START - pd.to_timedelta(rng.integers(-30, 1500, PEOPLE - 50), unit="D"),
            "tracking_consent": rng.choice(["yes", "no", None], PEOPLE - 50, p=[0.7, 0.1, 0.2]),
        }
    )  # fmt: skip


@given(seed=st.integers(0, 2**32 - 1), groups=st.integers(1, 4))
def test_a_kind_stands_for_its_people(seed: int, groups: int) -> None:
    """Rows of so many people alike give the estimates that as many single people give."""
    rng = np.random.default_rng(seed)
    messages = [(kind, treated) for kind in range(30) for treated in (True, False) if treated or kind % 3]
    kind, treated = map(np.array, zip(*messages, strict=True))
    group = np.tile(np.arange(groups), len(kind))[: len(kind)]
    people = rng.integers(1, 9, 30)[kind].astype(float)
    few = sample.Sample(rng.integers(0, 2, len(kind)).astype(float), kind, treated, group, people)
    places = np.repeat(np.arange(len(kind)), people.astype(int))
    one_by_one = np.concatenate([np.arange(count) for count in people.astype(int)])
    person = pd.factorize(kind[places] * 10 + one_by_one)[0]
    columns = (few.outcome[places], person, treated[places], group[places], np.ones(len(places)))
    many = sample.Sample(*columns)
    for name in ("heads", "standardised"):
        np.testing.assert_allclose(_numbers(getattr(few, name)()), _numbers(getattr(many, name)()), atol=1e-12)
    levels = pd.DataFrame({"level": [str(number % 2) for number in range(groups)]})
    np.testing.assert_allclose(_numbers(few.weighted(levels)), _numbers(many.weighted(levels)), atol=1e-9)


def _numbers(found: Any) -> Any:
    if isinstance(found, np.ndarray):
        return found
    return [*astuple(found.difference), *astuple(found.treated), found.effective_n, found.effective_events]


@pytest.mark.parametrize("library", ["polars", "duckdb"])
def test_nothing_but_the_aggregate_is_collected(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that comes back has a row more where everybody has nine twins, but for the numbers in it."""
    pytest.importorskip(library)
    rng, collected = np.random.default_rng(3), []

    def seen(frame: Any) -> pd.DataFrame:
        collected.append(len(found := gathered(frame)))
        return found

    for room in (kinds, outcomes.joining, outcomes.knowledge):
        monkeypatch.setattr(room, "gathered", seen)
    frames, sizes = (_history(rng), _contacts(rng)), []
    for twins in ([""], [f"twin{number}." for number in range(10)]):
        told = [pd.concat([frame.assign(email=one + frame["email"]) for one in twins]) for frame in frames]
        events, contacts = (nw.from_native(frame).lazy(library).to_native() for frame in told)
        found = compare(events, contacts=contacts, **SIDES, adjust=["engagement", "tenure", "town"])
        sizes.append([found.raw.treated_n / len(twins), *collected])
        collected.clear()
    assert sizes[0] == sizes[1]
    assert max(sizes[0]) < PEOPLE


def test_bands_are_those_of_segment() -> None:
    """Each campaign's people have the engagement and the tenure that `segment` finds just before its first message."""
    rng = np.random.default_rng(4)
    events, contacts = _history(rng), _contacts(rng)
    listed = events[events["email"].isin(contacts["email"])]
    sides = SIDES | {"control": "blast"}
    found = compare(listed, contacts=contacts, **sides, adjust=["engagement", "tenure"], rate="bounced")
    for side in ("treated", "control"):
        sent = listed[(listed["campaign"] == sides[side]) & (listed["kind"] == "sent")]
        people = contacts[contacts["email"].isin(sent["email"])]
        bands = segment(people, listed, ["engagement", "tenure"], sent["at"].min())
        expected = bands.groupby(["engagement", "tenure"], observed=True).size()
        ours = found.strata.set_index(["engagement", "tenure"])[f"{side}_n"]
        assert ours[ours > 0].to_dict() == expected.to_dict()


@pytest.mark.parametrize("change", ["library", "text", "days", "twice"])
def test_contacts_may_be_of_any_make(change: str) -> None:
    """Another library's contacts, dates as text and as days, and contacts that are there twice tell the same."""
    pl = pytest.importorskip("polars")
    rng = np.random.default_rng(5)
    events, contacts = _history(rng), _contacts(rng).assign(created_at=lambda rows: rows["created_at"].dt.floor("D"))
    texts = contacts["created_at"].dt.strftime("%Y-%m-%d")
    changed: Any = {
        "library": lambda: pl.from_pandas(contacts),
        "text": lambda: contacts.assign(created_at=texts),
        "days": lambda: pl.from_pandas(contacts).with_columns(pl.col("created_at").dt.date()),
        "twice": lambda: pd.concat([contacts, contacts.head(99).assign(email=contacts["email"].str.upper())]),
    }[change]()
    one, two = (compare(events, contacts=known, **SIDES, adjust=["tenure", "town"]) for known in (contacts, changed))
    pd.testing.assert_frame_equal(two.strata, one.strata)
    assert astuple(two.adjusted) == pytest.approx(astuple(one.adjusted), abs=1e-12)


def test_moments_may_be_text() -> None:
    """Events and sends whose moments are text are read, and tell the same."""
    events = _history(np.random.default_rng(6))
    text = events.assign(at=events["at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    one, two = (compare(told, **SIDES, adjust="engagement") for told in (events, text))
    assert len(one.strata) > 2
    pd.testing.assert_frame_equal(two.strata, one.strata)
    assert one.raw == two.raw
