"""A year of mail: its events keep their laws, and the truth behind them can be found again."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from shipped_sample import NOW, expected, shipped

from bulkkit import sample
from bulkkit.addresses import mailbox_keys
from bulkkit.vocabulary import CAMPAIGN_DTYPES, EVENT_DTYPES


def people_of(events: pd.DataFrame, kind: str) -> pd.Series:
    """Campaign and person of each event of a kind, as one text."""
    chosen = events[events["kind"] == kind]
    return chosen["campaign"] + " " + chosen["email"]


def test_calendar() -> None:
    """Fourteen campaigns in the year, half of them segmented, one of them spring, and few blasts lately."""
    campaigns = shipped()["campaigns"]
    assert list(campaigns.columns) == list(CAMPAIGN_DTYPES)
    assert campaigns["kind"].value_counts().to_dict() == {"blast": 7, "segmented": 7}
    assert campaigns.set_index("campaign")["kind"]["spring"] == "segmented"
    age = (NOW - campaigns["created_at"]).dt.days
    assert age.between(0, 365).all()
    assert set(campaigns["kind"][age <= 90]) == {"blast", "segmented"}
    assert (campaigns["kind"][age <= 30] == "blast").sum() <= 1
    assert set(campaigns["clock"]) == {"utc"}


def test_events_have_the_columns_of_the_vocabulary() -> None:
    """All columns, in order and of their dtypes, in the order of time, before the sample's day, in under 4 MB."""
    events = shipped()["events"]
    assert {name: str(dtype) for name, dtype in events.dtypes.items()} == EVENT_DTYPES
    assert events["event_id"].is_unique
    assert events["at"].is_monotonic_increasing
    assert events["at"].max() < NOW
    assert events["raw"].isna().all()
    assert (sample.path() / "events.parquet").stat().st_size < 4_000_000


def test_one_message_a_person_and_campaign() -> None:
    """Each recipient was sent one message, and the campaigns table counts them."""
    events = shipped()["events"]
    sent = events[events["kind"] == "sent"]
    assert not sent.duplicated(["campaign", "email"]).any()
    assert sent["message_id"].is_unique
    counted = sent.groupby("campaign").size()
    recipients = shipped()["campaigns"].set_index("campaign")["recipients"]
    assert recipients.to_dict() == counted.to_dict()


@pytest.mark.parametrize(
    ("later", "earlier"),
    [("delivered", "sent"), ("bounced", "sent"), ("opened", "delivered"), ("clicked", "delivered"),
     ("unsubscribed", "delivered"), ("complained", "delivered")],
)  # fmt: skip
def test_nothing_happens_to_a_message_before_its_time(later: str, earlier: str) -> None:
    """Whatever happened to a message happened to one that was sent, or delivered, before."""
    events = shipped()["events"]
    first = events[events["kind"] == earlier].set_index("message_id")["at"]
    after = events[events["kind"] == later]
    assert len(after) > 10
    assert (after["at"] > after["message_id"].map(first)).all()


def test_who_was_written_to() -> None:
    """Only people who agreed, after they joined, and never after they bounced, left or complained."""
    events, contacts = shipped()["events"], shipped()["contacts"].drop_duplicates("key").set_index("key")
    sent = events[events["kind"] == "sent"].assign(key=mailbox_keys(events["email"]))
    starts = sent["campaign"].map(shipped()["campaigns"].set_index("campaign")["created_at"]) + pd.Timedelta(hours=1)
    assert sent["key"].map(contacts["consent_basis"]).isin(["opt_in", "customer"]).all()
    assert (sent["key"].map(contacts["created_at"]) < starts).all()
    gone = shipped()["opted_out"].assign(key=lambda frame: mailbox_keys(frame["email"])).set_index("key")["at"]
    left = sent["key"].map(pd.to_datetime(gone))
    assert not (left < starts).any()


def test_opted_out_are_those_who_left() -> None:
    """Everyone who unsubscribed, complained or bounced hard is there, and those of earlier years as well."""
    events, opted_out = shipped()["events"], shipped()["opted_out"]
    left = events[events["kind"].isin(["unsubscribed", "complained"]) | (events["bounce_type"] == "hard")]
    assert set(left["email"]) < set(opted_out["email"])
    assert opted_out["email"].is_unique
    assert set(opted_out["reason"]) == {"unsubscribed", "complained", "bounced"}
    bounced = mailbox_keys(opted_out.loc[opted_out["reason"] == "bounced", "email"])
    truth = shipped()["truth"].set_index("email")["mailbox"]
    assert set(truth.reindex(bounced)) == {"unknown_user"}


def test_no_opens_or_clicks_without_tracking_consent() -> None:
    """Whoever did not agree to tracking left no trace but of bounces and of leaving."""
    events, contacts = shipped()["events"], shipped()["contacts"].drop_duplicates("key").set_index("key")
    seen = events[events["kind"].isin(["opened", "clicked"])]
    assert (mailbox_keys(seen["email"]).map(contacts["tracking_consent"]) == "yes").all()
    assert seen["machine"].notna().all()
    assert events.loc[~events["kind"].isin(["opened", "clicked"]), "machine"].isna().all()


def test_machines_leave_their_marks() -> None:
    """Proxies open soon after delivery under a bare name; scanners follow all links within seconds."""
    events, truth = shipped()["events"], shipped()["truth"].set_index("email")
    machine = events[events["machine"].eq(True)].assign(key=lambda frame: mailbox_keys(frame["email"]))
    opens, clicks = machine[machine["kind"] == "opened"], machine[machine["kind"] == "clicked"]
    assert set(opens["user_agent"]) == {"Mozilla/5.0"}
    assert truth["machine_opens"].reindex(opens["key"]).all()
    assert set(clicks["machine_basis"]) == {"all_links_within_seconds"}
    assert truth["scanner"].reindex(clicks["key"]).all()
    burst = clicks.groupby("message_id").agg(links=("url", "nunique"), first=("at", "min"), last=("at", "max"))
    assert set(burst["links"]) == {3}
    assert (burst["last"] - burst["first"]).max() < pd.Timedelta(seconds=10)


def test_bounces_carry_their_codes() -> None:
    """A hard bounce is 550 5.1.1; soft ones say why; a person is either bounced or reached."""
    events = shipped()["events"]
    hard = events[events["bounce_type"] == "hard"]
    assert set(zip(hard["smtp_code"], hard["enhanced_code"], hard["bounce_class"], strict=True)) == {
        (550, "5.1.1", "InvalidRecipient")
    }
    soft = events[events["bounce_type"] == "soft"]
    assert set(soft["bounce_class"]) == {"QuotaIssues", "PolicyRelated", "MessageExpired"}
    assert set(people_of(events, "opened")).isdisjoint(people_of(events, "bounced"))
    both = set(people_of(events, "delivered")) & set(people_of(events, "bounced"))
    assert 0 < len(both) < 40


@cache
def reached(campaign: str) -> pd.DataFrame:
    """People whom a campaign reached, with what they did and what was known of them before it."""
    events = shipped()["events"]
    start = shipped()["campaigns"].set_index("campaign")["created_at"][campaign]
    own = events[events["campaign"] == campaign]
    human = events[events["kind"].isin(["opened", "clicked"]) & events["machine"].eq(False)]
    got = pd.Index(own.loc[own["kind"] == "delivered", "email"]).difference(own.loc[own["kind"] == "bounced", "email"])
    people = pd.DataFrame(index=got)
    for rate in ("opened", "clicked"):
        people[rate] = got.isin(human.loc[(human["campaign"] == campaign) & (human["kind"] == rate), "email"])
    last = human[human["at"] < start].groupby("email")["at"].max()
    days = (start - last.reindex(got)).dt.days
    mailed = got.isin(events.loc[events["at"] < start, "email"])
    people["engagement"] = np.select([~mailed, days < 90, days < 365], ["new", "active", "occasional"], "inactive")
    joined = shipped()["contacts"].drop_duplicates("key").set_index("key")["created_at"]
    age = (start - mailbox_keys(got.to_series()).map(joined)).dt.days
    people["tenure"] = np.select([age < 90, age < 365], ["months", "year"], "years")
    return people


def stratified(rate: str) -> tuple[tuple[float, float], tuple[float, float]]:
    """Last blast less spring: (difference, standard error), raw, and standardised to both sides' people, each once."""
    blast, segmented = (reached(expected()["comparison"][side]) for side in ("blast", "segmented"))
    raw = blast[rate].mean() - segmented[rate].mean()
    raw_error = np.sqrt(sum(side[rate].var() / len(side) for side in (blast, segmented)))
    bands = ["engagement", "tenure"]
    a, b = (side.groupby(bands)[rate].agg(["mean", "size"]) for side in (blast, segmented))
    cells = a.add_suffix("_a").join(b.add_suffix("_b"), how="inner")
    both = pd.concat([blast, segmented])
    share = both.assign(share=1 / both.index.value_counts()[both.index].to_numpy()).groupby(bands)["share"].sum()
    weight = share.reindex(cells.index) / share.sum()
    assert weight.sum() > 0.99
    difference = (weight * (cells["mean_a"] - cells["mean_b"])).sum() / weight.sum()
    spread = sum(cells[f"mean_{s}"] * (1 - cells[f"mean_{s}"]) / cells[f"size_{s}"] for s in "ab")
    return (raw, raw_error), (difference, np.sqrt((weight**2 * spread).sum()))


@pytest.mark.parametrize("rate", ["opened", "clicked"])
def test_selection_misleads_and_stratification_does_not(rate: str) -> None:
    """Within bands of engagement and tenure the true difference is found; the raw one is far from it."""
    truth = expected()["comparison"]["difference"][rate]["delivered"]
    (raw, raw_error), (difference, error) = stratified(rate)
    assert truth < 0
    assert abs(difference - truth) < 2 * error
    assert abs(raw - truth) > 4 * raw_error


def test_every_stratum_overlaps() -> None:
    """Each band of engagement holds people who got spring and people who did not."""
    spring, all_people = reached("spring"), reached("new-website")
    assert set(spring["engagement"]) == {"active", "occasional", "inactive", "new"}
    assert set(all_people["engagement"]) >= {"active", "inactive", "new"}
    assert spring["engagement"].value_counts().min() >= 20
    assert len(spring) < 0.6 * len(all_people)


@pytest.mark.parametrize("rate", ["opened", "clicked"])
def test_history_follows_its_chances(rate: str) -> None:
    """Each campaign's human rate is within 3.5 standard errors of what truth.json expects for its own people."""
    campaigns = expected()["campaigns"]
    assert list(campaigns) == list(shipped()["campaigns"]["campaign"])
    for name, row in campaigns.items():
        chance, people = row["own"][rate]["delivered"], reached(name)
        assert len(people) == row["delivered"]
        assert abs(people[rate].mean() - chance) < 3.5 * np.sqrt(chance * (1 - chance) / len(people)), name


def test_the_true_effect_is_that_of_the_odds() -> None:
    """A segmented message has more clicks from the same people, and the same rates in all segmented campaigns."""
    campaigns = expected()["campaigns"].values()
    by_kind = {
        kind: {str(row["pooled"]) for row in campaigns if row["kind"] == kind} for kind in ("blast", "segmented")
    }
    assert {kind: len(rates) for kind, rates in by_kind.items()} == {"blast": 1, "segmented": 1}
    comparison = expected()["comparison"]
    assert comparison["difference"]["clicked"]["tracked"] < comparison["difference"]["clicked"]["delivered"] < 0
    assert comparison["raw_difference"]["clicked"]["delivered"] < 3 * comparison["difference"]["clicked"]["delivered"]
