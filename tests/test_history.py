"""History decides first: who left is not written to, where mail arrived it can be delivered, the unknown stays."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import narwhals as nw
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from past_mail import ANA, HARD, event, frame_of
from shipped_sample import shipped

import bulkkit as bk
from bulkkit.errors import LedgerError
from bulkkit.ledger import Ledger
from bulkkit.vocabulary import VERDICT_DTYPES, EventKind

AS_OF = "2026-10-01"


def judged(*events: dict[str, Any], email: str = ANA, as_of: str = AS_OF, **columns: Any) -> pd.Series:
    """Return the verdict on one address with these events behind it."""
    return bk.verify(pd.DataFrame({"email": [email], **columns}), as_of=as_of, events=frame_of(*events)).iloc[0]


def verdict(row: pd.Series) -> tuple[str, str, str]:
    """Return status, reason and action."""
    return row["status"], row["reason"], row["action"]


SUPPRESSED = ("risky", "suppressed", "review")
DELIVERED = ("deliverable", "delivered_before", "send")
OPEN = ("unknown", "not_probed", "send")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (event("bounced", "2026-03-02", **HARD), "Bounced for good (550 5.1.1) on 2026-03-02 (campaign spring)."),
        (event("complained", "2026-03-02"), "Complained on 2026-03-02 (campaign spring)."),
        (event("unsubscribed", "2026-03-02", campaign=None), "Unsubscribed on 2026-03-02."),
        (event("unsubscribed", None), "Unsubscribed, nobody knows when (campaign spring)."),
    ],
)
def test_who_left_is_suppressed(told: dict[str, Any], words: str) -> None:
    """A dead mailbox, a complaint and an unsubscribe suppress, and the diagnostic says which and when."""
    row = judged(event("delivered", "2026-03-01"), told)
    assert verdict(row) == SUPPRESSED
    assert row["diagnostic"] == words


@pytest.mark.parametrize(("kind", "word"), [("delivered", "Delivered"), ("opened", "Opened"), ("clicked", "Clicked")])
def test_where_mail_arrived_it_can_be_delivered(kind: str, word: str) -> None:
    """A delivery makes an address deliverable, and so does whatever only happens to delivered mail."""
    row = judged(event(kind, "2026-09-01", machine=False))
    assert verdict(row) == DELIVERED
    assert row["diagnostic"] == f"{word} on 2026-09-01 (campaign spring)."


def test_what_was_only_sent_is_no_delivery() -> None:
    """Handed over, and nothing heard since: nothing is known."""
    assert verdict(judged(event("sent", "2026-09-01"))) == OPEN


@pytest.mark.parametrize(
    ("bounce", "reason"),
    [
        ({"bounce_type": "hard"}, "suppressed"),
        ({"bounce_type": "hard", "enhanced_code": "5.1.1"}, "suppressed"),
        ({"bounce_type": "hard", "bounce_class": "InactiveMailbox"}, "suppressed"),
        ({"bounce_type": "hard", "enhanced_code": "5.7.1"}, "not_probed"),
        ({"bounce_type": "hard", "bounce_class": "Uncategorized", "smtp_code": 550}, "not_probed"),
        ({"bounce_type": "soft", "bounce_class": "QuotaIssues", "enhanced_code": "4.2.2"}, "not_probed"),
        ({"bounce_type": None}, "not_probed"),
    ],
)
def test_only_a_dead_mailbox_is_suppressed(bounce: dict[str, Any], reason: str) -> None:
    """A refusal of the sender, a full mailbox and a bounce of no kind are no fact about the mailbox."""
    assert judged(event("bounced", "2026-09-01", **bounce))["reason"] == reason


def test_the_later_of_bounce_and_delivery_counts() -> None:
    """A mailbox that takes mail again is alive; one that bounced since is dead."""
    bounced, arrived = event("bounced", "2026-03-01", **HARD), event("delivered", "2026-04-01", campaign="summer")
    assert verdict(judged(bounced, arrived)) == DELIVERED
    assert verdict(judged(bounced | {"at": pd.Timestamp("2026-05-01", tz="UTC")}, arrived)) == SUPPRESSED


def test_a_message_that_bounced_did_not_arrive() -> None:
    """A server that took the message and sent it back later delivered nothing, in whatever order that was reported."""
    assert verdict(judged(event("bounced", "2026-03-01", **HARD), event("delivered", "2026-03-02"))) == SUPPRESSED
    soft = {"bounce_type": "soft"}
    assert verdict(judged(event("bounced", "2026-03-01", **soft), event("delivered", "2026-03-02"))) == OPEN


def test_no_delivery_brings_back_who_left() -> None:
    """An unsubscribe and a complaint hold, whatever was delivered after them."""
    later = event("delivered", "2026-09-01", campaign="autumn")
    for kind in ("unsubscribed", "complained"):
        assert verdict(judged(event(kind, "2026-03-01"), later)) == SUPPRESSED


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(EventKind)), st.integers(0, 700)), max_size=8), st.integers(0, 700))
def test_only_what_was_before_counts(told: list[tuple[EventKind, int]], day: int) -> None:
    """Events at or after `as_of` change nothing, and the order of the rows does not either."""
    start = pd.Timestamp("2025-01-01", tz="UTC")
    rows = [
        event(str(kind), str((start + pd.Timedelta(days=at)).date()), campaign=f"c{at}", bounce_type="hard")
        for kind, at in told
    ]
    as_of = str((start + pd.Timedelta(days=day)).date())
    earlier = [row for row, (_, at) in zip(rows, told, strict=True) if at < day]
    whole, part = judged(*rows, as_of=as_of), judged(*earlier, as_of=as_of)
    assert verdict(whole) == verdict(part) == verdict(judged(*rows[::-1], as_of=as_of))
    assert whole["diagnostic"] == part["diagnostic"] or pd.isna(part["diagnostic"])


@pytest.mark.parametrize(
    ("email", "without", "delivered", "left"),
    [
        ("ana@@acme.example", "failed_syntax_check", "failed_syntax_check", "failed_syntax_check"),
        ("ana@mailinator.com", "disposable", "disposable", "suppressed"),
        ("ana@gmial.com", "possible_typo", "possible_typo", "suppressed"),
        ("info@acme.example", "role_based", "delivered_before", "suppressed"),
        ("ana@duck.com", "privacy_relay", "delivered_before", "suppressed"),
        ("ana@acme.example", "not_probed", "delivered_before", "suppressed"),
    ],
)
def test_what_overrides_what(email: str, without: str, delivered: str, left: str) -> None:
    """Undeliverable stays; who left comes next; a server's yes settles neither a misspelling nor a throwaway name."""
    assert judged(email=email)["reason"] == without
    assert judged(event("delivered", "2026-09-01", email), email=email)["reason"] == delivered
    assert judged(event("unsubscribed", "2026-09-01", email), email=email)["reason"] == left


def test_flags_stay_beside_what_history_decides() -> None:
    """A role address that takes mail is deliverable, and still a role."""
    row = judged(event("delivered", "2026-09-01", "info@acme.example"), email="info@acme.example")
    assert (row["reason"], bool(row["role"])) == ("delivered_before", True)


BO = event("opened", "2026-09-02", "bo@acme.example", machine=False)
"""Somebody's open of the campaign: it tells of opens."""


def test_who_never_reacts_is_inactive() -> None:
    """Mail that could tell, and no reaction: risky, with the last mail's day."""
    row = judged(event("sent", "2026-09-01"), event("delivered", "2026-09-01"), BO)
    assert verdict(row) == ("risky", "inactive", "review")
    assert row["diagnostic"] == "Got mail, the last of it on 2026-09-01; nobody there opened or clicked in 365 days."


@pytest.mark.parametrize("consent", [False, None, "no", ""])
def test_who_is_not_tracked_is_never_inactive(consent: object) -> None:
    """Silence of a person who did not agree to tracking is unknown; the delivery counts."""
    row = judged(event("delivered", "2026-09-01"), BO, tracking_consent=[consent])
    assert verdict(row) == DELIVERED


def test_silence_in_a_campaign_that_nobody_opened_tells_nothing() -> None:
    """Where no open or click was ever seen, nobody is inactive."""
    assert verdict(judged(event("delivered", "2026-09-01"), BO | {"campaign": "autumn"})) == DELIVERED


@pytest.mark.parametrize("make", [pl.from_pandas, lambda frame: pl.from_pandas(frame).lazy(), nw.from_native])
def test_events_of_any_library(make: Any) -> None:
    """Events need not be pandas', and the verdicts are the same."""
    contacts = pd.DataFrame({"email": [ANA, "bo@acme.example", "cy@acme.example"]})
    events = frame_of(event("unsubscribed", "2026-03-01"), BO)
    expected = bk.verify(contacts, as_of=AS_OF, events=events)
    pd.testing.assert_frame_equal(bk.verify(contacts, as_of=AS_OF, events=make(events)), expected)


def test_no_history_is_no_change() -> None:
    """Without an event before the moment every column is as without history."""
    contacts = shipped()["contacts"][["email", "tracking_consent"]].head(300)
    plain = bk.verify(contacts, as_of="2025-01-01")
    pd.testing.assert_frame_equal(bk.verify(contacts, as_of="2025-01-01", events=shipped()["events"]), plain)
    pd.testing.assert_frame_equal(bk.verify(contacts, as_of="2025-01-01", events=frame_of()), plain)


def test_the_callers_frame_stays(path: Any) -> None:
    """Index, order and dtypes are as without history, also where two rows have one label."""
    contacts = pd.DataFrame({"n": [1, 2, 3], "email": [ANA, None, ANA.upper()]}, index=["x", "x", "y"])
    checked = bk.verify(contacts, as_of=AS_OF, events=frame_of(event("unsubscribed", "2026-03-01")))
    assert checked["reason"].tolist() == ["suppressed", "failed_syntax_check", "suppressed"]
    pd.testing.assert_frame_equal(checked[["n", "email"]], contacts)
    assert checked.iloc[:, 2:].dtypes.astype(str).to_dict() == VERDICT_DTYPES


def test_a_ledger_decides(path: Any) -> None:
    """Its suppressions and its events count, whether it is handed over open or by its path."""
    book = bk.Ledger(path)
    people = ["cut@acme.example", "old@acme.example", "ok@acme.example", "later@acme.example"]
    book.suppress(pd.DataFrame({"email": people[:1]}), reason="manual")
    book.suppress(pd.DataFrame({"email": [people[1], people[3]], "at": ["2026-01-02", "2026-11-01"]}))
    told = event("delivered", "2026-09-01", people[2]) | {"event_id": "1", "source": "sendgrid"}
    book.add_events(frame_of(told))
    contacts = pd.DataFrame({"email": people})
    moment = datetime.now(UTC) + pd.Timedelta(minutes=1)
    checked = bk.verify(contacts, as_of=moment, ledger=book)
    assert checked["reason"].tolist()[:3] == ["suppressed", "suppressed", "delivered_before"]
    assert checked["diagnostic"].iloc[0].startswith("Suppressed by hand on ")
    assert checked["diagnostic"].iloc[1] == "Unsubscribed on 2026-01-02."
    pd.testing.assert_frame_equal(bk.verify(contacts, as_of=moment, ledger=str(path)), checked)
    before = bk.verify(contacts, as_of=AS_OF, ledger=path)
    assert before["reason"].tolist() == ["not_probed", "suppressed", "delivered_before", "not_probed"]


def test_one_address_has_a_history_too(tmp_path: Path) -> None:
    """What `verify` concludes of a row from events and a ledger, `verify_address` concludes of an address."""
    with closing(Ledger(tmp_path / "past.db")) as ledger:
        ledger.suppress(pd.DataFrame({"email": [ANA]}), reason="unsubscribed")
    arrived = frame_of(event("delivered", "2026-09-01"))
    assert bk.verify_address(ANA, as_of=AS_OF, events=arrived).reason == "delivered_before"
    assert bk.verify_address(ANA, events=arrived, ledger=tmp_path / "past.db").reason == "suppressed"


def test_a_ledger_that_is_not_there_is_named(tmp_path: Any) -> None:
    """No ledger is made where there is none."""
    with pytest.raises(LedgerError, match="There is no ledger at"):
        bk.verify(pd.DataFrame({"email": [ANA]}), ledger=tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()


def test_the_samples_history() -> None:
    """On the sample: everybody who opted out by an event is suppressed, and no inactive person reacted in the year."""
    contacts, events = shipped()["contacts"], shipped()["events"]
    listed = bk.read_contacts(contacts.drop(columns="key"))
    checked = bk.verify(listed, as_of=AS_OF, events=events)
    gone = set(events.loc[events["kind"].isin(["unsubscribed", "complained"]), "email"])
    fine = checked["status"] != "undeliverable"
    assert (checked.loc[checked["email"].isin(gone) & fine, "reason"] == "suppressed").all()
    reacted = set(events.loc[events["kind"].isin(["opened", "clicked"]) & events["machine"].eq(False), "email"])
    assert not checked.loc[checked["reason"] == "inactive", "email"].isin(reacted).any()
    assert (checked.loc[checked["reason"] == "inactive", "tracking_consent"]).all()
    assert checked["reason"].eq("delivered_before").sum() > 2_000
