"""Events in the ledger: stored once, joined to their send, and acted upon only where they are genuine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import RELAY, outcome, rows, stamp, stored
from rehearsal import START, people

from bulkkit.addresses import mailbox_key
from bulkkit.errors import InputError
from bulkkit.ledger import Ledger
from bulkkit.transitions import Claim, Dotted
from bulkkit.vocabulary import EVENT_DTYPES, BounceClass, BounceType, EventKind, SendState, SuppressionReason

ANA, BEN, EVA = people(3)["email"]
STRANGER = "stranger@elsewhere.example"
MAIL = ("dsn", "arf", "mail")
"""Sources that anybody can write to."""


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    """A ledger with three messages that were accepted."""
    ledger = stored(path)
    numbers = (1, 2, 3)
    ledger.write([Claim(number, RELAY, stamp()) for number in numbers])
    ledger.write([Dotted(number) for number in numbers])
    ledger.write([outcome(number, SendState.ACCEPTED, 5, smtp_code=250, reply="250 Ok") for number in numbers])
    yield ledger
    ledger.close()


def message_id(ledger: Ledger, email: str = ANA) -> str:
    """Return the Message-ID of somebody's message."""
    return ledger.sends().set_index("email").loc[email, "message_id"]


def event(kind: str, **values: Any) -> dict[str, Any]:
    """Return an event of an hour after the start."""
    return {"event_id": "1", "at": START + timedelta(hours=1), "kind": kind, "source": "sendgrid"} | values


def bounce(kind: str = "bounced", **values: Any) -> dict[str, Any]:
    """Return a bounce of a mailbox that is not there, or an event that only looks like one."""
    dead = {"bounce_type": "hard", "bounce_class": "InvalidRecipient", "enhanced_code": "5.1.1"}
    return event(kind, **{**dead, **values})


def suppressed(ledger: Ledger) -> list[str]:
    """Return who is suppressed."""
    return sorted(ledger.suppressions()["email"])


EVENTS = st.lists(
    st.builds(
        event,
        st.sampled_from([str(kind) for kind in EventKind]),
        event_id=st.sampled_from("abcd"),
        source=st.sampled_from(["sendgrid", "mailgun", "dsn"]),
        email=st.sampled_from([ANA, BEN, STRANGER, None]),
        bounce_type=st.sampled_from([str(kind) for kind in BounceType]) | st.none(),
        bounce_class=st.sampled_from([str(kind) for kind in BounceClass]) | st.none(),
        machine=st.booleans() | st.none(),
        smtp_code=st.none() | st.integers(200, 599),
        diagnostic=st.none() | st.text(st.characters(codec="utf-8"), max_size=5),
    ),
    min_size=1,
    max_size=8,
)


@given(EVENTS, st.integers(0, 8))
@settings(max_examples=8, deadline=None)
def test_imported_twice_equals_once(events: list[dict[str, Any]], cut: int) -> None:
    """Importing again, whole or after a part of it, gives the same table and the same suppressions as once."""
    frame = pd.DataFrame(events).astype({"email": "str"})
    with tempfile.TemporaryDirectory() as folder:
        once, twice = (stored(Path(folder) / f"{name}.db") for name in ("once", "twice"))
        new = once.add_events(frame)
        assert new == len(frame.drop_duplicates(["source", "event_id"]))
        assert twice.add_events(frame.iloc[:cut]) + twice.add_events(frame) == new
        assert twice.add_events(frame) == 0
        for name in ("events", "suppressions"):
            one, other = getattr(once, name)(), getattr(twice, name)()
            keys = [column for column in ("source", "event_id", "email") if column in one]
            ordered = [table.sort_values(keys, ignore_index=True) for table in (one, other)]
            pd.testing.assert_frame_equal(*ordered)
        once.close()
        twice.close()


@given(EVENTS)
@settings(max_examples=12, deadline=None)
def test_what_goes_in_comes_out(events: list[dict[str, Any]]) -> None:
    """Each event comes out as it went in, with the vocabulary's dtypes, missing where it was missing."""
    found = {(one["source"], one["event_id"]): one for one in reversed(events)}.values()
    # Hours apart: an open within seconds of its delivery would come out as a machine's.
    unique = [one | {"at": one["at"] + timedelta(hours=hours)} for hours, one in enumerate(found)]
    with tempfile.TemporaryDirectory() as folder:
        ledger = stored(Path(folder) / "bulkkit.db")
        assert all(ledger.record(one) for one in unique)
        assert not any(ledger.record(one) for one in unique)
        kept = ledger.events()
        ledger.close()
    assert {name: str(dtype) for name, dtype in kept.dtypes.items()} == EVENT_DTYPES
    by_key = kept.set_index(["source", "event_id"])
    for one in unique:
        row = by_key.loc[one["source"], one["event_id"]]
        for name in ("kind", "at", "email", "machine", "smtp_code", "diagnostic"):
            assert (pd.isna(row[name]) and one[name] is None) or row[name] == one[name]


@pytest.mark.parametrize("source", MAIL)
@pytest.mark.parametrize(
    "forgery", ["no id", "another's id", "a guessed id", "a foreign id", "a huge id", "a negative id"]
)
def test_forged_mail_suppresses_nobody(ledger: Ledger, source: str, forgery: str) -> None:
    """Mail that anybody can write strikes nobody off, and counts in no campaign, unless it names their message."""
    ours = message_id(ledger, ANA)
    forged = {
        "no id": None,
        "another's id": message_id(ledger, BEN),
        "a guessed id": ours.replace(ours[3:7], "0000"),
        "a foreign id": "<abc@mail.example>",
        "a huge id": f"<{'f' * 40}.x@example.org>",
        "a negative id": f"<-{'f' * 20}.x@example.org>",
    }[forgery]
    for kind in ("bounced", "complained", "unsubscribed"):
        ledger.record(bounce(kind, event_id=kind, source=source, email=ANA, message_id=forged, campaign="spring"))
    assert suppressed(ledger) == []
    kept = ledger.events()[lambda events: events["source"] == source]
    assert len(kept) == 3
    assert kept["campaign"].isna().all()


@pytest.mark.parametrize("source", MAIL)
@pytest.mark.parametrize(
    ("kind", "reason"), [("bounced", "bounced"), ("complained", "complained"), ("unsubscribed", "unsubscribed")]
)
def test_genuine_mail_suppresses_its_person(ledger: Ledger, source: str, kind: str, reason: str) -> None:
    """Mail that names somebody's own message joins their campaign and strikes them off, however it spells them."""
    ledger.record(bounce(kind=kind, source=source, email=ANA.upper(), message_id=message_id(ledger).strip("<>")))
    (row,) = ledger.suppressions().to_dict("records")
    assert (row["email"], row["reason"], row["campaign"], row["source"]) == (ANA, reason, "spring", source)
    assert row["at"] == START + timedelta(hours=1)
    kept = ledger.events("spring")[lambda events: events["source"] == source]
    assert kept["email"].tolist() == [ANA]


def test_mail_that_names_the_message_needs_no_address(ledger: Ledger) -> None:
    """A complaint that hides the address is known by its Message-ID."""
    ledger.record(event("complained", source="arf", message_id=message_id(ledger, BEN)))
    assert suppressed(ledger) == [BEN]


@pytest.mark.parametrize(
    ("values", "strikes"),
    [
        ({"bounce_type": "hard", "bounce_class": "InvalidRecipient", "enhanced_code": None}, True),
        ({"bounce_type": "hard", "bounce_class": "BadDomain", "enhanced_code": None}, True),
        ({"bounce_type": "hard", "bounce_class": "InactiveMailbox", "enhanced_code": None}, True),
        ({"bounce_type": "hard", "bounce_class": None, "enhanced_code": "5.1.1"}, True),
        ({"bounce_type": "hard", "bounce_class": "PolicyRelated", "enhanced_code": "5.7.1"}, False),
        ({"bounce_type": "hard", "bounce_class": "SpamBlock", "enhanced_code": None}, False),
        ({"bounce_type": "hard", "bounce_class": None, "enhanced_code": None}, False),
        ({"bounce_type": "hard", "bounce_class": None, "enhanced_code": "5.11.1"}, False),
        ({"bounce_type": "soft", "bounce_class": "QuotaIssues", "enhanced_code": "4.2.2"}, False),
        ({"bounce_type": "soft", "bounce_class": "InvalidRecipient", "enhanced_code": "5.1.1"}, False),
        ({"bounce_type": "suppressed", "bounce_class": "InvalidRecipient", "enhanced_code": "5.1.1"}, False),
    ],
)
def test_only_a_dead_mailbox_is_struck_off(ledger: Ledger, values: dict[str, Any], strikes: bool) -> None:
    """A hard bounce that says the mailbox is dead strikes off; a refusal of us, and a soft one, do not."""
    ledger.record(bounce(email=STRANGER, **values))
    assert suppressed(ledger) == ([STRANGER] if strikes else [])


@pytest.mark.parametrize(
    "kind", [str(kind) for kind in EventKind if kind not in {"bounced", "complained", "unsubscribed"}]
)
def test_other_kinds_strike_nobody_off(ledger: Ledger, kind: str) -> None:
    """No other event is a reason to stop writing to somebody."""
    ledger.record(bounce(kind=kind, email=ANA))
    assert suppressed(ledger) == []


def test_a_frame_and_its_rows_are_the_same(ledger: Ledger, path: Path) -> None:
    """A frame of events does what its rows do one by one, and fills in the campaign that the message belongs to."""
    frame = pd.DataFrame(
        [
            event("clicked", event_id="1", email=ANA, message_id=message_id(ledger, ANA)),
            event("unsubscribed", event_id="2", email=BEN.upper(), message_id=message_id(ledger, BEN)),
            event("opened", event_id="3", email=EVA, campaign="elsewhere"),
        ]
    )
    assert ledger.add_events(frame) == 3
    came_in = ledger.events()[lambda events: events["source"] == "sendgrid"].sort_values("event_id")
    assert came_in["campaign"].tolist() == ["spring", "spring", "elsewhere"]
    assert came_in["email"].tolist() == [ANA, BEN, EVA]
    assert suppressed(ledger) == [BEN]


@pytest.mark.parametrize("name", ["event_id", "kind", "source"])
def test_an_event_without_its_key_is_refused(ledger: Ledger, name: str) -> None:
    """An event that could not be known again is an error that names its row, and nothing of its frame is stored."""
    frame = pd.DataFrame([event("opened", event_id="1"), event("opened", event_id="2") | {name: None}])
    with pytest.raises(InputError, match=f"Row 1 of the frame of events has no {name}"):
        ledger.add_events(frame)
    with pytest.raises(InputError, match=name):
        ledger.add_events(frame.drop(columns=name))
    assert ledger.events()["source"].eq("ledger").all()


def test_the_callers_frame_is_the_callers(ledger: Ledger) -> None:
    """Frames that are stored stay as they are, with any index and further columns."""
    frame = pd.DataFrame([event("opened", event_id=str(number), email=ANA) for number in range(3)], index=[5, 5, 2])
    before = frame.assign(mine=1).copy()
    given_ = before.copy()
    assert ledger.add_events(given_) == 3
    pd.testing.assert_frame_equal(given_, before)


@pytest.mark.parametrize(
    ("state", "values", "kinds"),
    [
        (SendState.ACCEPTED, {"smtp_code": 250}, ["sent", "delivered"]),
        (SendState.REFUSED, {"smtp_code": 550, "reason": "InvalidRecipient"}, ["sent", "bounced"]),
        (SendState.EXPIRED, {"smtp_code": 451}, ["sent", "bounced"]),
        (SendState.REFUSED, {"reason": "not_written"}, ["rejected"]),
        (SendState.IN_DOUBT, {"reason": "no_reply_after_dot"}, []),
        (SendState.DEFERRED, {"smtp_code": 451}, []),
    ],
)
def test_states_are_events(path: Path, state: SendState, values: dict[str, Any], kinds: list[str]) -> None:
    """What a send's state says stands among the events; in doubt says nothing, and so does what is still to come."""
    ledger = stored(path, 1)
    ledger.write([Claim(1, RELAY, stamp(10)), Dotted(1), outcome(1, state, 15, **values)])
    said = ledger.events("spring")
    assert sorted(said["kind"]) == sorted(kinds)
    assert (said.loc[said["kind"] == "sent", "at"] == START + timedelta(seconds=10)).all()
    assert (said.loc[said["kind"] != "sent", "at"] == START + timedelta(seconds=15)).all()
    assert said["event_id"].is_unique


def test_a_stored_queue_says_nothing_yet(path: Path) -> None:
    """Messages that nobody has taken up yet are no events."""
    assert stored(path).events().empty


@given(st.lists(st.sampled_from([ANA, ANA.upper(), BEN, f" {BEN}\t", STRANGER]), max_size=6))
@settings(max_examples=25, deadline=None)
def test_a_person_is_suppressed_once(emails: list[str]) -> None:
    """However often and however spelt an address is suppressed, it stands there once, as it came first."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "bulkkit.db")
        first = {mailbox_key(email): email for email in reversed(emails)}
        assert ledger.suppress(pd.DataFrame({"email": pd.Series(emails, dtype="str")})) == len(first)
        assert ledger.suppress(pd.DataFrame({"email": pd.Series(emails, dtype="str")})) == 0
        assert sorted(ledger.suppressions()["email"]) == sorted(first.values())
        ledger.close()


def test_reasons_and_moments_of_a_list(ledger: Ledger) -> None:
    """A list's own reason and date hold row by row; where they are missing or unknown, what the caller says and now."""
    frame = pd.DataFrame(
        {
            "email": [ANA, BEN, EVA, None],
            "reason": ["complained", None, "moved away", "bounced"],
            "at": ["2026-09-01", None, "2026-09-02T10:00:00+02:00", None],
        }
    )
    before = datetime.now(UTC)
    assert ledger.suppress(frame, reason="manual") == 3
    kept = ledger.suppressions().set_index("email")
    assert kept["reason"].to_dict() == {ANA: "complained", BEN: "manual", EVA: "manual"}
    assert kept.loc[ANA, "at"] == pd.Timestamp("2026-09-01", tz="UTC")
    assert kept.loc[EVA, "at"] == pd.Timestamp("2026-09-02 08:00", tz="UTC")
    assert before <= kept.loc[BEN, "at"] <= datetime.now(UTC)


def test_an_unknown_reason_is_refused(ledger: Ledger) -> None:
    """A reason is one of the vocabulary's, and a frame needs its addresses."""
    with pytest.raises(InputError, match="'bored' is no reason.*" + ", ".join(sorted(SuppressionReason))):
        ledger.suppress(people(1), reason="bored")
    with pytest.raises(InputError, match="no column 'email'"):
        ledger.suppress(pd.DataFrame({"mail": [ANA]}))


def test_campaigns_of_elsewhere_stand_beside_our_own(ledger: Ledger) -> None:
    """What is known of campaigns sent elsewhere is stored once and changes none of ours."""
    frame = pd.DataFrame(
        {
            "campaign": ["spring", "last year"],
            "kind": ["segmented", "blast"],
            "created_at": pd.to_datetime(["2020-01-01", "2025-11-01"], utc=True),
            "recipients": [1, 900],
        }
    )
    assert ledger.add_campaigns(frame) == 1
    assert ledger.add_campaigns(frame) == 0
    kept = ledger.campaigns().set_index("campaign")
    assert kept["kind"].to_dict() == {"spring": "blast", "last year": "blast"}
    assert kept.loc["last year", ["purpose", "recipients", "clock"]].tolist() == ["announcement", 900, "elsewhere"]


def test_people_of_one_ledger_are_not_anothers(path: Path) -> None:
    """A Message-ID of another ledger names nobody here, though its number does."""
    here, there = stored(path), stored(path.with_name("there.db"))
    here.record(event("complained", source="arf", message_id=there.sends()["message_id"][0]))
    assert here.suppressions().empty
    assert rows(1)["email"][0] == here.recipient(1).email


@pytest.mark.parametrize(
    ("enhanced", "suppressed"), [("5.1.1", 1), ("5.1.6", 1), ("5.1.7", 0), ("5.1.8", 0), ("5.7.1", 0)]
)
def test_only_codes_about_the_recipient_suppress(path: Path, enhanced: str, suppressed: int) -> None:
    """A hard bounce without a class suppresses by its code; one about the sender's address suppresses nobody."""
    bounce = {"event_id": "x", "kind": "bounced", "source": "sendgrid", "email": "ana@a.example"}
    ledger = Ledger(path)
    ledger.record(bounce | {"bounce_type": "hard", "enhanced_code": enhanced})
    assert len(ledger.suppressions()) == suppressed
