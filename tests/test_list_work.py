"""What one does with a list's health: look at parts and at the past, clean, and let the long silent go."""

from __future__ import annotations

from functools import cache

import narwhals as nw
import pandas as pd
import pytest
from shipped_sample import NOW, shipped

import bulkkit as bk
from bulkkit import sample
from bulkkit.addresses import mailbox_keys
from bulkkit.errors import InputError
from bulkkit.scoring.cleaning import STEPS
from bulkkit.scoring.decay import decay
from bulkkit.scoring.sunset import Rule

CAMPAIGNS = ("new-website", "summer-programme", "back-to-school")


@cache
def contacts() -> pd.DataFrame:
    """The sample's list as it is read, with the mailbox key of each row."""
    listed = bk.read_contacts(sample.path() / "contacts.csv")
    return listed.assign(key=mailbox_keys(listed["email"]))


@cache
def history() -> pd.DataFrame:
    """What happened to a third of its people."""
    events = shipped()["events"]
    return events[events["email"].isin(set(contacts()["key"].iloc[::3]))]


@cache
def checked() -> pd.DataFrame:
    """A third of the list."""
    return bk.verify(contacts().iloc[::3].drop(columns="key"), as_of=NOW)


@cache
def health() -> bk.Health:
    """Its health, with its history."""
    return bk.health(checked(), history(), as_of=NOW)


@pytest.mark.parametrize("by", ["segment", "consent_source", "provider", "tenure"])
def test_parts_are_healthy_as_they_are_alone(by: str) -> None:
    """Each part's row is what `of` says of its rows, and the parts together hold everybody once."""
    found = health().by(by)
    whole = bk.segment(checked(), by=[by], as_of=NOW)[by].astype("str").fillna("unknown")
    row = found.iloc[-1]
    alone = health().of(whole == row[by])
    assert row["score"] == pytest.approx(alone.score)
    assert row["expected_bounces"] == pytest.approx(alone.expected_bounces.rate)
    # A person in two rows may be in two parts.
    assert health().expected_bounces.n <= found["contacts"].sum() <= len(checked())
    assert (found["lower"] <= found["expected_bounces"]).all()


def test_a_column_of_names_is_no_part() -> None:
    """A column with thousands of values is refused: nobody reads that."""
    with pytest.raises(InputError, match="parts; choose a column"):
        health().by("email")


def test_complaints_of_a_part_are_its_peoples() -> None:
    """Whoever unsubscribed is behind the pressure of their own part and of no other."""
    events = history()
    gone = set(events.loc[events["kind"] == "unsubscribed", "email"].str.lower())
    mask = checked()["email"].str.lower().isin(gone)
    told = {which: health().of(mask == which).components.set_index("component")["value"] for which in (True, False)}
    assert told[True]["unsubscribes"] > 0.05
    assert told[False]["unsubscribes"] < 0.0005


def test_history_is_health_at_each_moment() -> None:
    """The last row is the health at hand, the others what `at` says; nobody is on the list before joining."""
    found = health().history(periods=3)
    assert found["score"].iloc[-1] == pytest.approx(health().score)
    assert found["score"].iloc[0] == pytest.approx(health().at(found["at"].iloc[0]).score)
    assert found["contacts"].is_monotonic_increasing
    assert found["at"].is_monotonic_increasing
    with pytest.raises(InputError, match="no span of time"):
        health().history(every="soon")


def test_growth_counts_everybody_once() -> None:
    """Who joined are the list's people, who was lost is lost once, and what remains is reachable."""
    found = health().growth()
    assert found["joined"].sum() == health().basis.listed.people["created_at"].notna().sum()
    lost = found[["bounced", "unsubscribed", "complained"]].to_numpy().sum()
    assert 0 < lost <= health().basis.past.left["mailbox"].nunique()
    assert found["reachable"].iloc[-1] == found["joined"].sum() - lost
    without = bk.health(checked(), as_of=NOW).growth()
    assert without["bounced"].isna().all()
    with pytest.raises(InputError, match="Nothing is dated"):
        bk.health(checked().drop(columns="created_at"), as_of=NOW).growth()


def test_cleaning_goes_step_by_step_to_the_cleaned_list() -> None:
    """Rows add up over the steps, the score ends at that of the cleaned list, and bounces fall."""
    found = health().cleaning()
    assert found["step"].tolist() == ["as it is", *STEPS]
    assert found["remaining"].tolist() == (len(checked()) - found["left_out"].cumsum()).tolist()
    cleaned = health().cleaned()
    assert found["score"].iloc[-1] == pytest.approx(cleaned.score)
    assert len(cleaned.basis.listed.checked) == found["remaining"].iloc[-1]
    assert cleaned.score > health().score
    assert found["expected_bounces"].iloc[2] < found["expected_bounces"].iloc[1]
    assert health().cleaned("duplicate").score >= health().score
    with pytest.raises(InputError, match="no cleaning step 'soap'"):
        health().cleaned("soap")
    nobody = bk.health(checked()[checked()["status"] == "undeliverable"], as_of=NOW)
    assert nobody.cleaning()["remaining"].iloc[-1] == 0
    with pytest.raises(InputError, match="Nobody would remain"):
        nobody.cleaned()


def test_a_sunset_is_of_the_silent_alone() -> None:
    """Nobody is proposed who reacted in the time, is not tracked, or cannot be written to; without events nobody is."""
    found = health().sunset()
    assert 0 < len(found.rows) < len(checked())
    assert not found.rows["tracking_consent"].isin([False]).any()
    assert (found.rows["status"] != "undeliverable").all()
    bands = bk.segment(found.rows, history(), by=["recency"], as_of=NOW)["recency"]
    assert set(bands) <= {"181-365 days", "over a year"}
    assert found.without.expected_bounces.n == health().expected_bounces.n - len(found.rows)
    assert "silent to the last 6 messages" in repr(found)
    assert bk.health(checked(), as_of=NOW).sunset().rows.empty
    assert len(health().sunset(messages=3, days=90).rows) > len(found.rows)


def test_a_sunset_says_beforehand_what_it_loses() -> None:
    """Proposed as of the day before a campaign, its intervals hold what the proposed did in that campaign."""
    events = history()
    began = events.loc[events["campaign"] == "summer-update", "at"].min().normalize()
    before = bk.health(checked(), events, as_of=began).sunset(messages=4, days=120)
    own = events[(events["campaign"] == "summer-update") & ~events["machine"].fillna(False)]
    clicked = own.loc[own["kind"] == "clicked", "email"].unique()
    sent = own.loc[own["kind"] == "delivered", "email"].unique()
    silent = before.rows["email"].str.strip().str.lower()
    reached = silent.isin(sent).sum()
    effect = before.effect.set_index("measure")
    assert reached > 300
    share, bounds = silent.isin(clicked).sum() / reached, effect.loc["clicked"]
    spread = 2 * (bounds["value"] / reached) ** 0.5
    assert bounds["lower"] - spread <= share <= bounds["upper"] + spread


def test_rules_wait_for_silence_that_tells() -> None:
    """A reaction that nobody judged is no silence, nor is a history that is too short."""
    at = pd.Timestamp(NOW, tz="UTC") if pd.Timestamp(NOW).tz is None else pd.Timestamp(NOW)
    days = [pd.Timedelta(days=number) for number in (300, 300, 300, 100)]
    people = pd.DataFrame({"first": [at - span for span in days], "unanswered": [9, 9, 2, 9]})
    times = {"human": [pd.NaT] * 4, "unjudged": [pd.NaT, at - pd.Timedelta(days=3), pd.NaT, pd.NaT]}
    seen = people.assign(**{name: pd.to_datetime(values, utc=True) for name, values in times.items()})
    quiet = nw.from_native(seen).select(quiet=Rule().holds(at)).to_native()["quiet"]
    assert quiet.tolist() == [True, False, False, False]


def test_decay_is_losses_by_the_year() -> None:
    """Of people watched half a year of whom a tenth is lost in the middle, about a fifth is lost in a year."""
    at = pd.Timestamp("2026-10-01", tz="UTC")
    first = pd.Series([at - pd.Timedelta(days=182)] * 1000)
    gone = pd.Series([at - pd.Timedelta(days=91)] * 100 + [pd.NaT] * 900, dtype=first.dtype)
    found = decay(first, gone, pd.Series([False] * 1000), at)
    assert found.lower < found.value < found.upper
    assert found.value == pytest.approx(0.19, abs=0.01)
    short = decay(first + pd.Timedelta(days=150), gone, pd.Series([False] * 1000), at)
    assert short.value != short.value


@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_expected_bounces_cover_what_bounced(campaign: str) -> None:
    """Judged the day before each big campaign, by what was known then, the interval holds what then bounced."""
    events = shipped()["events"]
    own = events[events["campaign"] == campaign]
    began = own["at"].min().normalize()
    sent = set(own.loc[own["kind"] == "sent", "email"])
    earlier, listed = events[events["at"] < began], contacts()
    people = bk.verify(listed[listed["key"].isin(sent)].drop(columns="key"), as_of=began, events=earlier)
    found = bk.health(people, earlier, as_of=began).expected_bounces
    bounced = own.loc[own["kind"] == "bounced", "email"].nunique() / len(sent)
    assert found.rate_lower <= bounced <= found.rate_upper
