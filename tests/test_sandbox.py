"""The sandbox: real SMTP and HTTP on loopback, and people whose truth is known."""

from __future__ import annotations

import gc
import json
import shutil
import smtplib
import stat
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import ClassVar

import httpx
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rehearsal import campaign, people

from bulkkit.addresses import mailbox_key
from bulkkit.dispatch import plan
from bulkkit.errors import InputError, LedgerError, RelayError
from bulkkit.events import machine, read_events
from bulkkit.ledger import Ledger
from bulkkit.sandbox import Sandbox
from bulkkit.sandbox.acts import acts
from bulkkit.sandbox.door import GREYLISTING, Door
from bulkkit.sandbox.letter import Letter
from bulkkit.sending.job import RunState
from bulkkit.sending.throttle import Throttle
from bulkkit.transitions import CampaignRecord, Claim, Dotted, Outcome, Recipient
from bulkkit.vocabulary import SendState

AS_OF = datetime(2026, 10, 1, tzinfo=UTC)
SENDER = "news@example.org"
TARGETS = ("https://example.org/plan", "https://example.org/map")


@dataclass(frozen=True)
class Person:
    """One mailbox's truth."""

    mailbox: str = "accept"
    p_open: float = 0.0
    p_click: float = 0.0
    p_unsubscribe: float = 0.0
    p_complain: float = 0.0
    machine_opens: bool = False
    scanner: bool = False


class Everybody:
    """Truths by what stands before the @: `busy.3@a.example` is a busy mailbox."""

    KINDS: ClassVar = {
        "reader": Person(p_open=1.0, p_click=1.0),
        "opener": Person(p_open=1.0),
        "proxied": Person(machine_opens=True),
        "gateway": Person(scanner=True),
        "leaver": Person(p_unsubscribe=1.0),
        "angry": Person(p_complain=1.0),
        "late": Person("late_bounce", p_open=1.0),
        "half": Person(p_open=0.4, p_click=0.1, p_unsubscribe=0.05, p_complain=0.03, machine_opens=True, scanner=True),
    }

    def of(self, key: str) -> Person:
        """Return the truth of a mailbox."""
        kind = key.partition("@")[0].partition(".")[0]
        return self.KINDS.get(kind) or Person(kind if kind in {"greylist", "busy", "full", "policy"} else "accept")


class NoUsers(Everybody):
    """Nobody is known."""

    def of(self, key: str) -> Person:
        """Return an unknown user."""
        return Person("unknown_user")


Open = Callable[..., Sandbox]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Open sandboxes beside one ledger, and close them at the end."""
    made: list[Sandbox] = []

    def open_one(**options: object) -> Sandbox:
        given = {"ledger": tmp_path / "bulkkit.db", "as_of": AS_OF, "truths": Everybody()} | options
        made.append(Sandbox(**given))  # type: ignore[arg-type]
        return made[-1]

    yield open_one
    for sandbox in made:
        sandbox.close()


def message(sandbox: Sandbox, to: Recipient, *, mailto: bool = False) -> bytes:
    """Return a message as a sender writes it: tracked only for who agreed, two links and the ways out."""
    token = sandbox.links.token(to.send_id, to.message_id)
    page = sandbox.links.unsubscribe_url(token)
    web = [sandbox.links.click_url(token, n) if to.tracked else url for n, url in enumerate(TARGETS)]
    pixel = f'<img src="{sandbox.links.open_url(token)}">' if to.tracked else ""
    by_mail = f"<mailto:{SENDER}?subject=unsubscribe%20{to.message_id.replace('<', '%3C').replace('>', '%3E')}>"
    ways = (
        f"List-Unsubscribe: {by_mail}\r\n"
        if mailto
        else f"List-Unsubscribe: <{page}>, {by_mail}\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    )
    return (
        f"From: News <{SENDER}>\r\nTo: {to.email}\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
        f"Message-ID: {to.message_id}\r\nX-Campaign: {to.campaign}\r\n{ways}MIME-Version: 1.0\r\n"
        'Content-Type: multipart/alternative; boundary="B"\r\n\r\n'
        f"--B\r\nContent-Type: text/plain\r\n\r\n{web[0]}\r\n"
        f'--B\r\nContent-Type: text/html\r\n\r\n<a href="{web[0]}">Plan</a> <a href="{web[1]}">Map</a> '
        f'<a href="{page}">Unsubscribe</a> <img src="https://cdn.example/logo.png">{pixel}\r\n--B--\r\n'
    ).encode()


def stored(sandbox: Sandbox, people: list[str], campaign: str = "spring", untracked: tuple[str, ...] = ()) -> Ledger:
    """Return the sandbox's ledger with a queued campaign."""
    rows = pd.DataFrame({"email": people, "mailbox": map(mailbox_key, people), "network": "a.example", "fields": "{}"})
    record = CampaignRecord(
        campaign, "blast", "announcement", AS_OF, SENDER, "example.org", "Hi", "sandbox", {}, TARGETS
    )
    ledger = Ledger(sandbox.ledger)
    ledger.store(record, rows.assign(tracked=[person not in untracked for person in people]))
    return ledger


def delivered(sandbox: Sandbox, people: list[str], campaign: str = "spring", **options: object) -> Ledger:
    """Send a campaign to people over one real connection, and note in the ledger what was accepted."""
    mailto = bool(options.pop("mailto", False))
    ledger = stored(sandbox, people, campaign, **options)  # type: ignore[arg-type]
    now = sandbox.clock.now
    with smtplib.SMTP("127.0.0.1", sandbox.relay.port, local_hostname="sender.example") as smtp:
        for to in ledger.recipients([number for one in ledger.pending(campaign) for number in one.send_ids]):
            claim = Claim(to.send_id, sandbox.relay.name, sandbox.clock.stamp())
            options = [] if to.email.isascii() else ["SMTPUTF8"]
            smtp.sendmail(SENDER, [to.email], message(sandbox, to, mailto=mailto), options)
            done = Outcome(to.send_id, SendState.ACCEPTED, now(), smtp_code=250)
            ledger.write([claim, Dotted(to.send_id), done])
    return ledger


def crowd(size: int) -> list[str]:
    """Return people who do a bit of everything."""
    return [f"half.{number}@d{number % 7}.example" for number in range(size)]


def acted(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    """Return acts as they compare: moment, who, what, machine, where to."""
    columns = frame[["at", "email", "act", "machine", "url"]].astype({"url": "object"})
    return sorted(columns.where(columns.notna(), None).itertuples(index=False, name=None), key=str)


def happened(ledger: Ledger) -> list[tuple[object, ...]]:
    """Return the ledger's events other than its own, as they compare with acts; machines judged with timing."""
    events = machine.judged(ledger.events())
    seen = events[events["source"] != "ledger"].rename(columns={"kind": "act"})
    return acted(seen.assign(machine=seen["machine"].fillna(seen["act"] == "bounced").astype(bool)))


# -- laws


def test_what_was_acted_is_what_was_recorded(opened: Open) -> None:
    """Each act in the frame is an event in the ledger, at its moment, and no event is without its act."""
    sandbox = opened(time_scale=1)
    people = [*crowd(150), "late.1@a.example", "angry.1@a.example", "leaver.1@a.example"]
    ledger = delivered(sandbox, people, untracked=("half.3@d3.example",))
    frame = sandbox.react()
    assert set(frame["act"]) == {"opened", "clicked", "unsubscribed", "complained", "bounced"}
    assert acted(frame) == happened(ledger)
    assert frame["at"].is_monotonic_increasing


def test_reacting_twice_equals_reacting_once(opened: Open) -> None:
    """A second reaction does nothing, also in a new sandbox beside the same ledger."""
    sandbox = opened()
    ledger = delivered(sandbox, crowd(30))
    first = sandbox.react()
    before = ledger.events()
    again = sandbox.react()
    sandbox.close()
    reopened = opened().react()
    assert len(first)
    assert again.empty
    assert reopened.empty
    assert list(again.columns) == list(first.columns)
    pd.testing.assert_frame_equal(ledger.events(), before)


def test_the_same_seed_gives_the_same_audience(tmp_path: Path) -> None:
    """Two sandboxes with one seed act alike though tokens and Message-IDs differ; another seed acts otherwise."""
    histories = []
    for place, seed in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / place).mkdir()
        with Sandbox(1, ledger=tmp_path / place / "l.db", as_of=AS_OF, truths=Everybody(), seed=seed) as sandbox:
            delivered(sandbox, crowd(40))
            frame = sandbox.react()
        histories.append(sorted(map(tuple, frame[["email", "act", "machine", "url"]].astype(str).to_numpy())))
    assert histories[0] == histories[1]
    assert histories[0] != histories[2]


def test_scanners_and_proxies_unsubscribe_nobody(opened: Open) -> None:
    """A gateway follows every link, the unsubscribe page too, and all that comes of it are machine clicks."""
    sandbox = opened()
    ledger = delivered(sandbox, ["gateway.1@a.example", "gateway.2@b.example", "proxied.1@a.example"])
    frame = sandbox.react()
    assert set(frame["act"]) == {"opened", "clicked"}
    assert frame["machine"].all()
    assert len(frame) == 5
    assert ledger.suppressions().empty


def test_an_interrupted_reaction_is_taken_up_and_doubles_nothing(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an interruption the rest of the mail is reacted to, and nobody acts twice."""
    from bulkkit.sandbox.audience import Hands

    sandbox = opened()
    ledger = delivered(sandbox, [f"opener.{number}@a.example" for number in range(10)])
    perform, calls = Hands.perform, []

    def interrupted(hands: Hands, act: object) -> object:
        calls.append(act)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return perform(hands, act)  # type: ignore[arg-type]

    monkeypatch.setattr(Hands, "perform", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sandbox.react()
    assert len(sandbox.react()) == 6
    opens = ledger.events().query("kind == 'opened'")
    assert len(opens) == opens["email"].nunique() == 9


@given(seed=st.integers(0, 10_000), person=st.builds(
    Person, mailbox=st.just("accept"), p_open=st.floats(0, 1), p_click=st.floats(0, 1), p_unsubscribe=st.floats(0, 1),
    p_complain=st.floats(0, 1), machine_opens=st.booleans(), scanner=st.booleans(),
))  # fmt: skip
def test_acts_follow_arrival_and_obey_the_truth(seed: int, person: Person) -> None:
    """No act comes before its message; a human click comes after that person's open; chances of 0 never happen."""
    letter = Letter(
        "n", "a@a.example", SENDER, AS_OF, "<1@e>", "c", ("/o/t.gif",), ("/c/t/0", "/c/t/1"), ("/u/t",), "/u/t"
    )
    found = acts(letter, person, seed)
    assert all(act.at > AS_OF for act in found)
    human = [act for act in found if not act.machine]
    opens = [act.at for act in human if act.kind == "opened"]
    clicks = [act.at for act in human if act.kind == "clicked"]
    assert not clicks or min(clicks) > opens[0]
    assert opens or not clicks
    assert person.p_open > 0 or not opens
    assert sum(act.kind == "unsubscribed" for act in found) <= 1


def test_chances_are_kept() -> None:
    """Over many messages people open, click and leave as often as the truth says."""
    person = Person(p_open=0.4, p_click=0.1, p_unsubscribe=0.05)
    counts = {"opened": 0, "clicked": 0, "unsubscribed": 0}
    for number in range(4_000):
        letter = Letter("n", f"{number}@a.example", SENDER, AS_OF, "<1@e>", "c", ("/o/t.gif",), ("/c/t/0",), (), "/u/t")
        for kind in {act.kind for act in acts(letter, person, 7)}:
            counts[str(kind)] += 1
    # Four standard errors.
    assert abs(counts["opened"] / 4_000 - 0.4) < 0.031
    assert abs(counts["clicked"] / 4_000 - 0.1) < 0.019
    assert abs(counts["unsubscribed"] / 4_000 - 0.05) < 0.014


# -- the mail server


def replies(sandbox: Sandbox, address: str, times: int = 1) -> list[bytes]:
    """Return the replies to RCPT for one address, tried so many times."""
    found = []
    with smtplib.SMTP("127.0.0.1", sandbox.relay.port, local_hostname="s.example") as smtp:
        smtp.ehlo()
        for _ in range(times):
            smtp.mail(SENDER)
            code, text = smtp.rcpt(address)
            found.append(f"{code} {text.decode()[:5]}".encode())
            smtp.rset()
    return found


def test_each_mailbox_answers_as_it_is(opened: Open) -> None:
    """Full and policy refuse always, busy the first two times, others accept, each with its code."""
    sandbox = opened()
    assert replies(sandbox, "ana@a.example") == [b"250 2.1.5"]
    assert replies(sandbox, "full.1@a.example", 2) == [b"452 4.2.2"] * 2
    assert replies(sandbox, "policy.1@a.example") == [b"550 5.7.1"]
    assert replies(sandbox, "busy.1@a.example", 4) == [b"451 4.3.2"] * 2 + [b"250 2.1.5"] * 2
    assert replies(sandbox, "late.1@a.example") == [b"250 2.1.5"]
    sandbox.close()
    assert replies(opened(truths=NoUsers()), "ana@a.example") == [b"550 5.1.1"]


def test_greylisting_opens_after_five_simulated_minutes(opened: Open) -> None:
    """The first try is put off, and one five minutes later by the sandbox's clock is taken."""
    sandbox = opened(time_scale=1)
    assert replies(sandbox, "greylist.1@a.example", 2) == [b"451 4.7.1"] * 2
    sandbox.clock.advance_to(sandbox.clock.now() + timedelta(minutes=5))
    assert replies(sandbox, "GREYLIST.1@a.example") == [b"250 2.1.5"]
    assert replies(sandbox, "greylist.2@a.example") == [b"451 4.7.1"]


@given(st.lists(st.floats(0, 200), max_size=8))
def test_greylisting_depends_on_the_first_try_alone(pauses: list[float]) -> None:
    """However often it is tried in between, the door opens five minutes after the first try, not before."""
    door, now = Door(), AS_OF
    for pause in pauses:
        now += timedelta(seconds=pause)
        first = AS_OF + timedelta(seconds=pauses[0])
        is_open = door.answer("greylist", "s", "r", now).startswith("250")
        assert is_open == (now - first >= GREYLISTING)


def test_what_arrives_is_what_was_sent(opened: Open) -> None:
    """The inbox tells envelope, moment and headers, and the file holds the message byte for byte."""
    sandbox = opened()
    body = (
        "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nX-Campaign: spring\r\nMessage-ID: <1@e>\r\n\r\n.dot\r\nü\r\n".encode()
    )
    with smtplib.SMTP("127.0.0.1", sandbox.relay.port) as smtp:
        smtp.sendmail(SENDER, ["ana@a.example", "jörg@bücher.example"], body, ["SMTPUTF8"])
    inbox = sandbox.inbox
    assert list(inbox["email"]) == ["ana@a.example", "jörg@bücher.example"]
    row = inbox.iloc[0]
    assert (row["subject"], row["campaign"], row["message_id"], row["mail_from"]) == (
        "Grüße",
        "spring",
        "<1@e>",
        SENDER,
    )
    assert row["size"] == len(body)
    assert Path(row["path"]).read_bytes().endswith(b"\r\n" + body)
    assert AS_OF <= row["received_at"] <= sandbox.clock.now()


def test_what_cannot_be_stored_is_asked_for_again(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk takes no more, the dot is answered with a passing failure and nothing is said to be stored."""
    sandbox = opened()

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bulkkit.sandbox.mailboxes.Mailboxes.add", full)
    with smtplib.SMTP("127.0.0.1", sandbox.relay.port) as smtp, pytest.raises(smtplib.SMTPDataError) as error:
        smtp.sendmail(SENDER, ["ana@a.example"], b"Subject: x\r\n\r\nx")
    assert error.value.smtp_code == 451
    assert b"No space left" in error.value.smtp_error


def test_an_empty_inbox_has_its_columns(opened: Open) -> None:
    """Before anything arrives the inbox and the reaction are empty frames with their columns."""
    sandbox = opened()
    assert list(sandbox.inbox.columns)[:3] == ["received_at", "email", "mail_from"]
    assert list(sandbox.react().columns) == ["at", "campaign", "email", "message_id", "act", "machine", "url"]


def test_envelopes_sent_in_one_write_are_answered_in_order(opened: Open) -> None:
    """PIPELINING is announced and holds: MAIL, RCPT and DATA in one write, then the body and the next envelope."""
    sandbox = opened()
    with smtplib.SMTP("127.0.0.1", sandbox.relay.port, local_hostname="s.example") as smtp:
        smtp.ehlo()
        assert smtp.has_extn("pipelining")
        envelope = "MAIL FROM:<news@example.org>\r\nRCPT TO:<{}@a.example>\r\nDATA\r\n"
        smtp.send(envelope.format("ana"))
        assert [smtp.getreply()[0] for _ in range(3)] == [250, 250, 354]
        smtp.send("Subject: 1\r\n\r\nx\r\n.\r\n" + envelope.format("full"))
        assert [smtp.getreply()[0] for _ in range(4)] == [250, 250, 452, 503]
    assert list(sandbox.inbox["subject"]) == ["1"]


def test_mail_for_the_sender_comes_back_and_reaches_no_mailbox(opened: Open) -> None:
    """Reports, complaints and answers to an address that sent mail go to the returns; its own test mail does not."""
    sandbox = opened(truths=NoUsers())
    with smtplib.SMTP("127.0.0.1", sandbox.relay.port) as smtp:
        smtp.sendmail("<>", [SENDER], b"Subject: report\r\n\r\nx")
    sandbox.close()
    sandbox = opened()
    with smtplib.SMTP("127.0.0.1", sandbox.relay.port) as smtp:
        smtp.sendmail(SENDER, ["ana@a.example", SENDER], b"Subject: news\r\n\r\nx")
        smtp.sendmail("ana@a.example", ["NEWS@example.org"], b"Subject: answer\r\n\r\nx")
        arf = b'Content-Type: multipart/report; boundary=b; report-type="feedback-report"\r\nSubject: arf\r\n\r\n'
        smtp.sendmail("fbl@a.example", ["abuse@example.org"], arf)
    assert list(sandbox.inbox["subject"]) == ["news", "news"]
    assert read_events(sandbox.returns).attrs["no_report"] == 3


# -- reactions


def test_a_late_bounce_and_a_complaint_come_back_as_mail_and_suppress(opened: Open) -> None:
    """A DSN and an ARF arrive over SMTP, are read with the readers for real ones, and suppress their people."""
    sandbox = opened()
    ledger = delivered(sandbox, ["late.jörg@bücher.example", "angry.1@a.example", "calm@a.example"])
    frame = sandbox.react()
    events = read_events(sandbox.returns).sort_values("at")
    assert set(events["source"]) == {"dsn", "arf"}
    assert list(events["at"]) == list(frame["at"])
    assert set(zip(events["email"], events["message_id"], strict=True)) == set(
        zip(frame["email"], frame["message_id"], strict=True)
    )
    reasons = ledger.suppressions().set_index("email")["reason"].to_dict()
    assert reasons == {"late.jörg@bücher.example": "bounced", "angry.1@a.example": "complained"}


def test_where_there_is_only_a_mailto_people_leave_by_mail(opened: Open) -> None:
    """An unsubscribe by mail is a real mail to the sender, and names the message that it answers."""
    sandbox = opened()
    ledger = delivered(sandbox, ["leaver.1@a.example", "calm@a.example"], mailto=True)
    frame = sandbox.react()
    events = read_events(sandbox.returns)
    assert list(frame["act"]) == ["unsubscribed"] == list(events["kind"])
    assert events["source"][0] == "mail"
    assert events["message_id"][0] == frame["message_id"][0]
    assert list(ledger.suppressions()["email"]) == ["leaver.1@a.example"]


def test_the_untracked_are_not_seen(opened: Open) -> None:
    """Who did not agree to tracking opens and clicks unseen, and no other host is asked."""
    sandbox = opened()
    ledger = delivered(sandbox, ["reader.1@a.example"], untracked=("reader.1@a.example",))
    assert sandbox.react().empty
    assert set(ledger.events()["source"]) == {"ledger"}


def test_a_reader_opens_and_clicks_hours_later_by_the_sandbox_clock(opened: Open) -> None:
    """Acts are stamped with their own moments, and the clock has moved on to the last of them."""
    sandbox = opened()
    ledger = delivered(sandbox, ["reader.1@a.example"])
    frame = sandbox.react()
    assert set(frame["act"]) == {"opened", "clicked"}
    assert frame.loc[frame["act"] == "clicked", "url"].isin(TARGETS).all()
    assert sandbox.clock.now() >= frame["at"].max()
    assert not ledger.events().query("source == 'tracker'")["machine"].any()


def test_only_the_asked_campaign_reacts(opened: Open) -> None:
    """With a campaign's name the others' mail stays unread until it is asked for."""
    sandbox = opened()
    delivered(sandbox, ["opener.1@a.example"], "spring")
    delivered(sandbox, ["opener.1@a.example"], "summer")
    assert set(sandbox.react("summer")["campaign"]) == {"summer"}
    assert set(sandbox.react()["campaign"]) == {"spring"}


def test_acts_that_nobody_recorded_are_not_in_the_frame(opened: Open) -> None:
    """Without a ledger the tracker knows nobody, and what it refused is no act."""
    sandbox = opened()
    ledger = delivered(sandbox, ["reader.1@a.example"])
    del ledger
    for file in sandbox.ledger.parent.glob("bulkkit.db*"):
        if file.is_file():
            file.unlink()
    assert sandbox.react().empty
    assert not sandbox.ledger.exists()


def test_hundreds_of_messages_react_in_seconds(opened: Open) -> None:
    """Three hundred messages with everything on are reacted to in a few seconds."""
    sandbox = opened()
    delivered(sandbox, crowd(300))
    started = datetime.now(UTC)
    frame = sandbox.react()
    assert len(frame) > 600
    assert datetime.now(UTC) - started < timedelta(seconds=15)


# -- what outlives a restart


def test_a_restart_keeps_mail_key_ports_and_time(opened: Open) -> None:
    """A new sandbox beside the ledger has the old mail, the same links, and a clock that never goes back."""
    first = opened()
    message_id = delivered(first, ["ana@a.example"]).sends()["message_id"][0]
    url, token, inbox = first.links.base_url, first.links.token(1, message_id), first.inbox
    first.clock.advance_to(datetime(2026, 10, 9, tzinfo=UTC))
    last = first.clock.now()
    deadline = datetime.now(UTC) + timedelta(seconds=5)
    kept = first.ledger.with_name("bulkkit.db.sandbox") / "clock"
    while datetime.fromisoformat(kept.read_text()) < last and datetime.now(UTC) < deadline:
        pass
    first.close()
    second = opened()
    assert second.clock.now() >= last
    assert (second.links.base_url, second.links.token(1, message_id)) == (url, token)
    pd.testing.assert_frame_equal(second.inbox, inbox)
    assert httpx.get(second.links.unsubscribe_url(token)).status_code == 200


def test_the_key_is_for_its_owner_only_and_in_no_repr(opened: Open) -> None:
    """The key file is readable for its owner alone, and neither the key nor a token is shown."""
    sandbox = opened()
    path = sandbox.ledger.with_name("bulkkit.db.sandbox") / "key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sandbox.links.key == path.read_bytes()
    assert str(sandbox.links.key) not in repr(sandbox) + repr(sandbox.links)


def test_opened_again_it_takes_the_place_of_the_earlier_one(opened: Open) -> None:
    """A second sandbox of this process has the first one's ports, mail and clock, and closes it."""
    first = opened()
    delivered(first, ["reader.1@a.example"])
    before = first.clock.now()
    second = opened(time_scale=1200, as_of="2026-11-05", truths=NoUsers())
    assert (second.relay.url, second.links.base_url) == (first.relay.url, first.links.base_url)
    assert second.clock.now() >= max(before, datetime(2026, 11, 5, tzinfo=UTC))
    assert second.clock.scale == 1200
    assert len(second.inbox) == 1
    assert "closed" in repr(first)
    assert "closed" not in repr(second)
    with pytest.raises(RelayError, match="another took its place"):
        first.react()
    first.close()
    with smtplib.SMTP("127.0.0.1", second.relay.port) as smtp, pytest.raises(smtplib.SMTPRecipientsRefused):
        smtp.sendmail(SENDER, ["ana@a.example"], b"Subject: x\r\n\r\nx")
    assert set(opened().react()["act"]) == {"opened", "clicked"}


def test_the_earlier_one_may_go_while_the_later_one_is_open(opened: Open) -> None:
    """In a cell that is run twice the old sandbox is collected after the new one is made; that one goes on."""
    sandbox = Sandbox(ledger=opened().ledger, as_of=AS_OF, truths=Everybody())
    port = sandbox.relay.port
    for _ in range(3):
        sandbox = Sandbox(ledger=sandbox.ledger, as_of=AS_OF, truths=Everybody())
        gc.collect()
        with smtplib.SMTP("127.0.0.1", port) as smtp:
            assert smtp.noop()[0] == 250
    sandbox.close()
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP("127.0.0.1", port)


def test_another_process_is_refused(opened: Open) -> None:
    """Beside the same ledger another process is told what to do, until this one closes its sandbox."""
    sandbox = opened()
    script = "import sys; from bulkkit.sandbox import Sandbox; Sandbox(ledger=sys.argv[1])"
    command = [sys.executable, "-c", script, str(sandbox.ledger)]
    refused = subprocess.run(command, capture_output=True, text=True)
    assert "LeaseError: Another process has a sandbox open" in refused.stderr
    sandbox.close()
    sandbox.close()
    assert subprocess.run(command, capture_output=True, text=True).returncode == 0


def test_a_folder_that_was_removed_is_made_anew(opened: Open) -> None:
    """Whoever deletes the ledger and its folder starts anew: nothing of the earlier sandbox comes back."""
    first = opened(as_of="2027-01-01")
    delivered(first, ["reader.1@a.example"])
    shutil.rmtree(first.ledger.with_name("bulkkit.db.sandbox"))
    second = opened()
    assert second.inbox.empty
    assert second.clock.now() < datetime(2026, 11, 1, tzinfo=UTC)
    assert second.links.key != first.links.key
    with smtplib.SMTP("127.0.0.1", second.relay.port) as smtp:
        smtp.sendmail(SENDER, ["ana@a.example"], b"Subject: x\r\n\r\nx")
    assert len(second.inbox) == 1


def test_a_send_goes_on_while_its_sandbox_is_opened_again(opened: Open) -> None:
    """However often the sandbox is opened meanwhile, each mailbox gets one message and nothing is in doubt."""
    sandbox = opened(time_scale=3600)
    audience = people(150)
    planned = plan(campaign(audience), [sandbox.relay], sandbox.links, Throttle.unlimited(), sandbox.ledger)
    send = planned.send(confirm=150)
    for reached in range(15, 150, 15):
        while send.is_running and send.progress.accepted < reached:
            send.join(0.002)
        sandbox = opened(time_scale=3600 + reached)
    progress = send.wait(30)
    assert (progress.run, progress.accepted, progress.in_doubt) == (RunState.FINISHED, 150, 0)
    assert Counter(sandbox.inbox["email"]) == dict.fromkeys(audience["email"], 1)
    assert Ledger(sandbox.ledger).sends()["attempts"].max() == 1


def test_a_sandbox_that_nobody_has_is_closed(tmp_path: Path) -> None:
    """Once the last reference is gone its servers end and its folder is free."""
    before = threading.active_count()
    sandbox = Sandbox(ledger=tmp_path / "l.db", truths=Everybody())
    del sandbox
    gc.collect()
    assert threading.active_count() <= before
    Sandbox(ledger=tmp_path / "l.db", truths=Everybody()).close()


def test_a_killed_process_leaves_the_folder_free_and_time_behind_no_stamp(tmp_path: Path) -> None:
    """After SIGKILL the mail is there, the lock is free, and the clock starts after whatever was stamped."""
    script = (
        "import os, smtplib, sys, datetime as d\n"
        "from bulkkit.sandbox import Sandbox\n"
        "s = Sandbox(600, ledger=sys.argv[1], as_of='2026-10-01')\n"
        "smtp = smtplib.SMTP('127.0.0.1', s.relay.port)\n"
        "while True:\n"
        "    smtp.sendmail('n@example.org', ['postmaster@example.org'], b'Subject: x\\r\\n\\r\\nx')\n"
        "    print(s.clock.now().isoformat(), flush=True)\n"
    )
    place = str(tmp_path / "l.db")
    with subprocess.Popen([sys.executable, "-c", script, place], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        last = [process.stdout.readline() for _ in range(60)][-1].strip()
        process.kill()
    with Sandbox(ledger=place, as_of=AS_OF, truths=Everybody()) as sandbox:
        assert len(sandbox.inbox) >= 60
        assert sandbox.clock.now() >= datetime.fromisoformat(last)
        assert sandbox.inbox["received_at"].max() <= sandbox.clock.now()


def test_what_makes_no_sense_is_refused(tmp_path: Path, opened: Open) -> None:
    """A pace of nothing, a day that is none, a folder that is not there, and a closed sandbox say what is wrong."""
    with pytest.raises(InputError, match="time_scale is 0"):
        Sandbox(0, ledger=tmp_path / "l.db")
    with pytest.raises(InputError, match="as_of is 'soon'"):
        Sandbox(ledger=tmp_path / "l.db", as_of="soon")
    with pytest.raises(LedgerError, match="cannot be made"):
        Sandbox(ledger=tmp_path / "nowhere" / "l.db")
    sandbox = opened()
    sandbox.close()
    with pytest.raises(RelayError, match="is closed"):
        sandbox.react()
    assert "closed" in repr(sandbox)


def test_the_sample_is_the_default_truth() -> None:
    """Without truths the sample's are asked, which know everybody; the sandbox only needs what they have."""
    from bulkkit.sample import mailbox_truth

    truth = mailbox_truth("ana@northmail.example")
    assert json.dumps([truth.mailbox, truth.p_open, truth.machine_opens])
    letter = Letter("n", "ana@northmail.example", SENDER, AS_OF, "<1@e>", "c")
    assert all(act.at > AS_OF for act in acts(letter, truth, Random(1).randrange(9)))
