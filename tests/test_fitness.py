"""Whether a blast is the right tool: where a send stands, and what speaks against it, in words and with a source."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rehearsal import SENDER, START, campaign, people, relay

from bulkkit.dispatch import Plan, plan
from bulkkit.ledger import Ledger
from bulkkit.message.message import Message
from bulkkit.message.sender import Sender

DAY = timedelta(days=1)
PEOPLE = 500
"""To so many each campaign of the past went."""


def drafted(path: Path, audience: pd.DataFrame, **options: Any) -> Plan:
    """Return a plan of a rehearsal; `kind`, `purpose` and `message` are the campaign's."""
    changes = {name: options.pop(name) for name in ("kind", "purpose", "message", "sender") if name in options}
    return plan(campaign(audience, name="now", **changes), [relay(1, scale=1)], ledger=path, **options)


def said(planned: Plan, rule: str) -> str:
    """Return what was found by a rule, or nothing; each finding says what to do and whose rule it is."""
    found = planned.findings[planned.findings["rule"] == rule]
    assert (found[["finding", "fix", "source"]] != "").all(axis=None)
    return " ".join(found["finding"])


def past(path: Path, clicks: list[int], *, kind: str = "blast", **others: int) -> Ledger:
    """Store campaigns of the past, a fortnight apart, the last one a month ago, with so many clickers each."""
    ledger = Ledger(path)
    for number, clicked in enumerate(clicks):
        name, at = f"{kind}-{number}", START - DAY * (30 + 14 * (len(clicks) - number))
        row = {"campaign": name, "kind": kind, "purpose": "marketing", "created_at": at, "recipients": PEOPLE}
        ledger.add_campaigns(pd.DataFrame([row]))
        done = {
            "delivered": PEOPLE,
            "clicked": clicked,
            **{what: count * number for what, count in others.items()},
        }
        events = [
            {"event_id": f"{name}{what}{n}", "source": "esp", "kind": what, "at": at, "campaign": name,
             "email": f"old{n}@alpha.example"}
            for what, count in done.items() for n in range(count)
        ]  # fmt: skip
        ledger.add_events(pd.DataFrame(events))
    return ledger


MESSAGE = Message("We move", text="{{ unsubscribe_url }}")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"message": MESSAGE}, "the same words for everybody: a pure blast"),
        ({}, "the same words but for first_name: a blast with personal details"),
        ({"limit": 30}, r"40 people who may be written to \(75%\).*: between a blast and a targeted send"),
        ({"limit": 10}, r"\(25%\).*nearer to a targeted send"),
        ({"kind": "segmented"}, ": a targeted send."),
        ({"kind": "segmented", "message": MESSAGE}, "a targeted send with one text for the segment"),
        ({"holdout": 0.3}, "a blast with personal details"),
    ],
    ids=["pure", "personal", "between", "few", "segmented", "one text", "holdout"],
)
def test_a_plan_says_where_it_stands(path: Path, options: dict[str, Any], words: str) -> None:
    """From a pure blast to a targeted send, by the share of the list that gets it and what is filled in."""
    assert pd.Series([said(drafted(path, people(40), **options), "reach")]).str.contains(words).all()


def test_who_may_not_be_written_to_does_not_count(path: Path) -> None:
    """The share is of those who may be written to; whom the law forbids is no part of it."""
    audience = people(40, consent_basis=["bought"] * 20 + ["opt_in"] * 20)
    assert "20 of the 20 people" in said(drafted(path, audience), "reach")


def test_one_blast_after_the_other_tires(path: Path) -> None:
    """Who had a blast this month is counted, who had two is left out, and a segmented send says nothing of it."""
    ledger = Ledger(path)
    for number, count in enumerate((30, 10)):
        row = {"campaign": f"blast-{number}", "kind": "blast", "created_at": START - DAY * 5}
        ledger.add_campaigns(pd.DataFrame([row]))
        rows = [
            {"event_id": f"{number}-{n}", "source": "esp", "kind": "delivered", "at": START - DAY * 5,
             "campaign": f"blast-{number}", "email": f"p{n:04}@alpha.example"}
            for n in range(count)
        ]  # fmt: skip
        ledger.add_events(pd.DataFrame(rows))
    found = said(drafted(path, people(40)), "fatigue")
    assert "10 people had 2 blasts in the last 30 days and are left out" in found
    assert "For 20 of 30 recipients this is not the first blast in 30 days" in found
    assert said(drafted(path, people(40), kind="segmented"), "fatigue") == ""


@pytest.mark.parametrize(
    ("clicks", "others", "words"),
    [
        ([60, 60, 60, 30, 30, 30], {}, "Fewer people click of late: 6.00% over the last 3 campaigns, 12.00% over"),
        ([30, 30, 30, 60, 60, 60], {}, ""),
        ([60, 60, 60, 58, 61, 57], {}, ""),
        ([60, 60, 30, 30, 30], {}, ""),
        ([60] * 6, {"unsubscribed": 8}, "More people unsubscribe of late"),
        ([60] * 6, {"complained": 8}, "More people complain of late"),
    ],
    ids=["fewer", "more", "chance", "too few campaigns", "unsubscribes", "complaints"],
)
def test_falling_engagement_is_said_where_it_can_be_shown(
    path: Path, clicks: list[int], others: dict[str, int], words: str
) -> None:
    """The last campaigns are held against those before them, and only what chance cannot explain is said."""
    past(path, clicks, **others)
    found = said(drafted(path, people(40)), "falling_engagement")
    assert found.startswith(words)
    assert bool(found) == bool(words)


def test_campaigns_of_another_kind_and_the_newest_do_not_count(path: Path) -> None:
    """Segmented campaigns are clicked more anyway, and who was written to yesterday has had no time to react."""
    ledger = past(path, [60] * 6)
    past(path, [1] * 3, kind="segmented")
    row = {"campaign": "yesterday", "kind": "blast", "created_at": START - DAY}
    ledger.add_campaigns(pd.DataFrame([row]))
    assert said(drafted(path, people(40)), "falling_engagement") == ""
    assert ledger.reactions("blast", START - 3 * DAY, 2)["campaign"].tolist() == ["blast-4", "blast-5"]


def test_a_message_for_some_is_asked_about(path: Path) -> None:
    """Where the words name a group of fewer than half, or marketing goes to all, the plan asks whom it concerns."""
    audience = people(40, segment=["members"] * 10 + ["guests"] * 30, city="Rome")
    message = Message("For members", text="In Rome. {{ unsubscribe_url }}")
    found = said(drafted(path, audience, message=message), "whole_list")
    assert "speaks of 'members', which 10 of 40 recipients have in 'segment'" in found
    assert "Rome" not in found
    assert said(drafted(path, audience, message=message, kind="segmented"), "whole_list") == ""
    assert "an offer rarely concerns everybody" in said(drafted(path, audience, purpose="marketing"), "whole_list")


def test_where_the_sender_lives_concerns_nobody(path: Path) -> None:
    """A town in the sender's own address is no group that the message speaks of."""
    audience = people(40, city=["Springfield"] * 10 + ["Rome"] * 30)
    message = Message("We move within Springfield", text="{{ unsubscribe_url }}")
    assert SENDER.postal_address.endswith("Springfield")
    assert said(drafted(path, audience, message=message), "whole_list") == ""
    other = Sender(SENDER.address, postal_address="1 High St, Paris")
    assert "'Springfield'" in said(drafted(path, audience, message=message, sender=other), "whole_list")


def test_no_list_and_no_past_say_nothing(path: Path) -> None:
    """Where nobody is left, and where nothing was sent before, there is nothing to hold against a send."""
    nobody = drafted(path, people(3, consent_basis="bought"))
    assert all(said(nobody, rule) == "" for rule in ("reach", "fatigue", "falling_engagement", "whole_list"))
    assert said(drafted(path, people(3)), "fatigue") == ""
