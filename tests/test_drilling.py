"""Behind each figure stand as many people as it counts, and they are the right ones."""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest
from shipped_sample import NOW, shipped

import bulkkit as bk
from bulkkit.drilling import BEHIND, Messages, described, happened
from bulkkit.errors import InputError

DAY = pd.Timestamp("2026-09-01T08:00Z")


@cache
def sample() -> Messages:
    """The sample's messages."""
    return Messages.of(shipped()["events"], contacts=_contacts())


@cache
def _contacts() -> pd.DataFrame:
    return bk.verify(shipped()["contacts"].drop(columns="key"), as_of=NOW)


def tiny() -> pd.DataFrame:
    """Four people of a campaign: one opened and clicked, one a machine opened for, one bounced, one complained."""
    rows = [("sent", name, 0, None) for name in "abcd"] + [("sent", "a", 0, None)]
    rows += [("opened", "a", 1, False), ("clicked", "a", 2, False), ("opened", "b", 1, True), ("bounced", "c", 1, None)]
    rows += [("complained", "d", 3, None), ("opened", "c", 9, False)]
    frame = pd.DataFrame(rows, columns=["kind", "name", "hours", "machine"])
    at = DAY + pd.to_timedelta(frame["hours"], unit="h")
    email = frame["name"].str.upper() + "@x.example"
    more = {
        "machine": frame["machine"].astype("boolean"),
        "campaign": "news",
        "source": "history",
        "bounce_type": "hard",
    }
    return frame[["kind"]].assign(email=email, at=at, **more)


@pytest.mark.parametrize("by", ["campaign", "segment", "provider"])
def test_rates_of_all_messages_are_the_rates(by: str) -> None:
    """Worked out once and grouped later, the rates are those of `bulkkit.rates`."""
    expected = bk.rates(shipped()["events"], contacts=_contacts(), by=by)
    pd.testing.assert_frame_equal(sample().rates(by), expected)


def test_rates_of_some_campaigns_are_their_rows() -> None:
    """Choosing campaigns leaves out the others' rows and changes none."""
    whole = sample().rates()
    some = sample().rates(campaigns=["spring", "gift-guide"])
    expected = whole[whole["campaign"].isin(["spring", "gift-guide"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(some, expected)


@pytest.mark.parametrize("by", ["campaign", "segment"])
def test_as_many_people_as_the_figure_counts(by: str) -> None:
    """Behind each known rate of each group stand as many messages as its numerator."""
    for row in sample().rates(by).to_dict("records"):
        if pd.notna(row["numerator"]):
            found = sample().people(row["rate"], row["counts"], by, row[by])
            assert len(found.drop_duplicates()) == len(found) == row["numerator"]


def test_sent_and_delivered_are_the_denominators() -> None:
    """Sent is what bounces are out of, delivered what unsubscribes are out of."""
    rates = sample().rates(campaigns=["spring"]).set_index(["rate", "counts"])
    assert len(sample().people("sent", "all", group="spring")) == rates.loc[("bounced", "all"), "denominator"]
    assert len(sample().people("delivered", "all", group="spring")) == rates.loc[("unsubscribed", "all"), "denominator"]


def test_the_people_are_the_right_ones() -> None:
    """Who opened, clicked, bounced and complained is known by name; who bounced and yet opened counts as bounced."""
    messages = Messages.of(tiny())
    who = {
        (what, counts): sorted(name[0] for name in messages.people(what, counts)["_mailbox"])
        for what in BEHIND
        for counts in ("human", "all")
        if what != "unsubscribed"
    }
    assert who["sent", "all"] == list("abcd")
    assert who["delivered", "all"] == ["a", "b", "d"]
    assert (who["opened", "human"], who["opened", "all"]) == (["a"], ["a", "b"])
    assert who["clicked", "human"] == who["click_to_open", "all"] == ["a"]
    assert who["bounced", "all"] == who["hard_bounced", "human"] == ["c"]
    assert (who["soft_bounced", "all"], who["complained", "all"]) == ([], ["d"])


def test_delivered_is_what_neither_bounced_nor_was_rejected() -> None:
    """Without a source that tells of unsubscribes, delivered is what was sent and did not bounce."""
    rejected = tiny().iloc[[3]].assign(kind="rejected")
    told = Messages.of(pd.concat([tiny(), rejected]))
    untold = Messages.of(tiny().assign(source="dsn").query("kind in ['sent', 'bounced']"))
    assert sorted(told.people("delivered", "all")["_mailbox"].str[0]) == ["a", "b"]
    assert sorted(untold.people("delivered", "all")["_mailbox"].str[0]) == ["a", "b", "d"]


def test_contacts_are_joined_by_mailbox() -> None:
    """A person's own columns stand beside the event's, whatever the spelling; who is on no list stays."""
    contacts = pd.DataFrame({"email": [" a@x.example", "other@x.example"], "at": ["desk", "door"], "campaign": [1, 2]})
    messages = Messages.of(tiny(), contacts=contacts)
    rows = described(messages, messages.people("opened", "all"), "opened", "all").set_index("email")
    assert list(rows.index) == [" a@x.example", "B@x.example"]
    assert rows.loc[" a@x.example", ["campaign", "at", "at_contact", "campaign_contact"]].to_list() == [
        "news", DAY + pd.Timedelta("1h"), "desk", 1,
    ]  # fmt: skip
    assert rows.loc["B@x.example", ["at_contact", "campaign_contact"]].isna().all()


def test_without_contacts_the_sends_are_shown() -> None:
    """Beside the bounce's own words stands what the ledger says of the send."""
    sends = pd.DataFrame({"campaign": "news", "email": ["c@x.example"], "state": ["refused"], "network": ["x.example"]})
    messages = Messages.of(tiny(), sends)
    rows = described(messages, messages.people("bounced", "all"), "bounced")
    assert rows[["campaign", "bounce_type", "network", "state"]].to_numpy().tolist() == [
        ["news", "hard", "x.example", "refused"]
    ]


def test_a_span_of_time_holds_its_events() -> None:
    """A bar of a timeline is a span; its end belongs to the next one, and people are told from machines."""
    messages = Messages.of(tiny())
    hour = DAY + pd.Timedelta("1h")
    opened = [happened(messages, "opened", hour, hour + pd.Timedelta("1h"), human) for human in (None, True, False)]
    assert [sorted(rows["email"].str[0]) for rows in opened] == [["A", "B"], ["A"], ["B"]]
    assert happened(messages, "opened", DAY, hour).empty


def test_what_nobody_tells_is_refused() -> None:
    """A figure that no source reports has no people, and that is said; so is a figure that does not exist."""
    messages = Messages.of(tiny().assign(source="ledger"))
    with pytest.raises(InputError, match="reports unsubscribes"):
        messages.people("unsubscribed", "all")
    with pytest.raises(InputError, match="'read' is no figure"):
        messages.people("read", "all")
