"""The whole way in one process: what the audience acted out is what the rates say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
import pytest

import bulkkit as bk
from bulkkit import sample
from bulkkit.addresses import mailbox_keys


class Story(NamedTuple):
    """A finished send, what the audience did, and what the ledger has of it."""

    plan: bk.Plan
    acts: pd.DataFrame
    sends: pd.DataFrame
    events: pd.DataFrame
    rates: pd.DataFrame


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Send to 600 people of the sample, let them react, and rate it."""
    ledger = bk.Ledger(tmp_path_factory.mktemp("story") / "story.db")
    ledger.suppress(pd.read_csv(sample.path() / "opted_out.csv"))
    checked = bk.verify(bk.read_contacts(sample.path() / "contacts.csv"), as_of=sample.AS_OF)
    with bk.Sandbox(20_000, ledger=ledger.path, as_of=sample.AS_OF) as sandbox:
        campaign = bk.Campaign(
            name="office-move",
            sender=bk.Sender("Example News <news@example.org>", postal_address="1 High St, Springfield"),
            message=bk.Message(
                "We move", markdown="[Where](https://www.example.org/a) and [when](https://www.example.org/b)"
            ),
            audience=checked,
        )
        plan = bk.plan(campaign, [sandbox.relay], sandbox.links, ledger=ledger, limit=600)
        plan.send().wait()
        acts = sandbox.react()
    sends, events = ledger.sends(), ledger.events()
    yield Story(plan, acts, sends, events, bk.rates(events, sends))
    ledger.close()


@pytest.mark.parametrize("rate", ["opened", "clicked", "unsubscribed", "complained"])
def test_rates_equal_what_was_acted_out(story: Story, rate: str) -> None:
    """Each rate counts exactly the people who did it, among those whose message arrived."""
    bounced = story.acts.loc[story.acts["act"] == "bounced", "email"]
    people = story.acts.loc[(story.acts["act"] == rate) & ~story.acts["email"].isin(bounced), "email"]
    row = story.rates[(story.rates["rate"] == rate) & (story.rates["counts"] == "all")].iloc[0]
    assert row["numerator"] == mailbox_keys(people).nunique() > 0


def test_late_bounces_are_not_delivered(story: Story) -> None:
    """A message that came back after it was accepted counts as bounced, once."""
    late = story.acts.loc[story.acts["act"] == "bounced", "email"]
    refused = story.sends["state"].isin(["refused", "expired"]).sum()
    row = story.rates[story.rates["rate"] == "bounced"].iloc[0]
    assert row["numerator"] == refused + late.nunique()


def test_people_measured_agreed(story: Story) -> None:
    """Nobody who did not agree to tracking opens or clicks anything that we know of."""
    agreed = story.sends.loc[story.sends["tracked"], "email"]
    measured = story.events[story.events["kind"].isin(["opened", "clicked"])]
    assert set(mailbox_keys(measured["email"])) <= set(mailbox_keys(agreed))
    assert 0 < len(agreed) < len(story.sends)


def test_waterfall_is_the_list(story: Story) -> None:
    """Each row of the list is in exactly one step of the waterfall."""
    rows = story.plan.waterfall.set_index("step")["rows"]
    assert rows.drop("read").sum() == rows["read"]
    assert all(len(story.plan.rows(step)) == count for step, count in rows.drop("read").items())


def test_unsubscribed_are_suppressed(story: Story) -> None:
    """Whoever unsubscribed, complained or turned out dead is left out of the next plan."""
    gone = story.acts[story.acts["act"].isin(["unsubscribed", "complained", "bounced"])]
    again = bk.plan(story.plan.campaign, story.plan.route.relays, ledger=story.plan.ledger)
    assert not set(mailbox_keys(gone["email"])) & set(mailbox_keys(again.rows("recipients")["email"]))
