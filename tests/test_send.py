"""The send: whatever a server does, each recipient gets exactly one message, or is refused, or is in doubt."""

from __future__ import annotations

import contextlib
import random
import resource
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pandas as pd
import pytest
from holding import Held
from interrupts import interrupt_once, within
from rehearsal import FAULTS, QUICK, START, LeapingClock, campaign, hasty, people, relay, start, states
from servers import Answer, Asked, MailServer, Sink, always, answer

from bulkkit.dispatch import plan, resume
from bulkkit.errors import InputError, LeaseError, LedgerError, RelayError
from bulkkit.ledger import Ledger
from bulkkit.sending.clock import ScaledClock
from bulkkit.sending.job import RunState
from bulkkit.sending.line import OUTAGE
from bulkkit.sending.relay import Relay
from bulkkit.sending.retry import GREYLIST_SECONDS, Retry
from bulkkit.sending.schedule import Schedule
from bulkkit.sending.send import Send
from bulkkit.sending.smtp import Deadlines
from bulkkit.sending.tally import NETWORK_DTYPES
from bulkkit.sending.throttle import Limit, Throttle
from bulkkit.sending.turnstile import LONGEST_WAIT
from bulkkit.transitions import Claim, Outcome, Recipient, Step
from bulkkit.vocabulary import EventKind, SendState

VICTIM = "p0000@alpha.example"
CHAOTIC = Deadlines(greeting=0.4, envelope=0.2, data=0.2, body=0.4, dot=0.2)
FINAL = {"accepted", "refused", "expired", "in_doubt"}
AT_MOST = {"accepted": (1, 1), "in_doubt": (0, 1), "refused": (0, 0), "expired": (0, 0)}
"""How many messages a server may have of a recipient, by what the ledger says."""


def assert_exactly_once(server: MailServer, ledger: Path, audience: pd.DataFrame) -> None:
    """Assert that everybody is accounted for, and that the server has what the ledger says it has."""
    said, has = states(ledger), server.counts()
    assert set(said) == set(audience["email"])
    assert set(said.values()) <= FINAL
    wrong = {
        email: (state, has[email])
        for email, state in said.items()
        if not AT_MOST[state][0] <= has[email] <= AT_MOST[state][1]
    }
    assert wrong == {}
    assert set(has) <= set(said)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_before_the_dot_a_failure_is_tried_again(
    serve: Callable[..., MailServer], path: Path, step: str, fault: str
) -> None:
    """Whatever goes wrong before the dot, the message is tried again and arrives once."""
    server = serve(answer(step, FAULTS[fault], recipient="" if step == "MAIL" else VICTIM))
    start([relay(server.port)], people(3), path, deadlines=hasty(step)).wait(20)
    assert server.counts() == dict.fromkeys(people(3)["email"], 1)
    assert set(states(path).values()) == {"accepted"}
    assert Ledger(path).sends()["attempts"].sum() == 4


@pytest.mark.parametrize("then", ["close", "reset", "half-close"])
def test_a_break_in_the_data_is_safe(serve: Callable[..., MailServer], path: Path, then: str) -> None:
    """A server that leaves after 354 has one message in the end, or none where the dot may have reached it."""
    server = serve(answer("DATA", Answer(b"354 Go on\r\n", then=then), recipient=VICTIM))
    start([relay(server.port)], people(3), path).wait(20)
    assert_exactly_once(server, path, people(3))
    assert {state for email, state in states(path).items() if email != VICTIM} == {"accepted"}


@pytest.mark.parametrize("fault", FAULTS)
def test_after_the_dot_a_failure_is_in_doubt(serve: Callable[..., MailServer], path: Path, fault: str) -> None:
    """Whatever goes wrong after the dot, nobody tries that message again: not the send and not a later one."""
    server = serve(answer("dot", FAULTS[fault], recipient=VICTIM))
    send = start([relay(server.port)], people(3), path, deadlines=hasty("dot"))
    progress = send.wait(20)
    assert states(path) == dict.fromkeys(people(3)["email"], "accepted") | {VICTIM: "in_doubt"}
    assert (progress.run, progress.in_doubt) == (RunState.FINISHED, 1)
    assert send.in_doubt["email"].tolist() == [VICTIM]
    assert send.in_doubt["reason"].tolist() == ["no_reply_after_dot"]
    resume("office-move", path, [relay(server.port)]).wait(20)
    assert server.counts() == dict.fromkeys(people(3)["email"], 1)


@pytest.mark.parametrize("step", ["banner", "EHLO", "MAIL", "RCPT", "DATA", "dot"])
@pytest.mark.parametrize("then", ["close", "go on"])
def test_6_421_is_backed_off(serve: Callable[..., MailServer], path: Path, step: str, then: str) -> None:
    """421 at any step, a few times over, costs time and nobody's message."""
    closing = Answer(b"421 4.3.2 Try later\r\n", then=then)
    recipient = VICTIM if step in {"RCPT", "DATA", "dot"} else ""
    server = serve(answer(step, closing, closing, closing, recipient=recipient))
    start([relay(server.port)], people(5), path).wait(20)
    assert_exactly_once(server, path, people(5))
    assert set(states(path).values()) == {"accepted"}


@pytest.mark.parametrize("seed", range(6))
def test_chaos_loses_nobody_and_mails_nobody_twice(serve: Callable[..., MailServer], path: Path, seed: int) -> None:
    """A server that fails at random in every way it can: the law holds all the same."""
    chance = random.Random(seed)
    replies = [
        Answer(reply)
        for reply in (b"421 4.3.2 No\r\n", b"451 4.3.0 No\r\n", b"550 5.1.1 No\r\n", b"250 Ok\r\n", b"354 Go\r\n")
    ]
    lot = [*FAULTS.values(), *replies, Answer(b"250 Ok\r\n", after=0.1), Answer(b"354 Go\r\n", then="half-close")]

    def chaotic(asked: Asked) -> Answer | None:
        harmless = asked.step in {"MAIL", "AUTH", "QUIT"} or chance.random() > 0.12
        return None if harmless else chance.choice(lot)

    # Servers of each kind: one question at a time, several at once, and several with a yes to data for nobody.
    kind = ({"extensions": ("8BITMIME",)}, {}, {"eager": True})[seed % 3]
    server = serve(chaotic, **kind)
    start([relay(server.port, max_connections=6)], people(60), path, deadlines=CHAOTIC).wait(40)
    assert_exactly_once(server, path, people(60))


def test_greylisting_is_waited_out(serve: Callable[..., MailServer], path: Path) -> None:
    """A greylisted message comes again after five minutes of the send's clock or more, and is accepted."""
    to = relay(0, scale=6000)
    asked_at: dict[str, list[float]] = {}

    def greylist(asked: Asked) -> Answer | None:
        if asked.step == "RCPT":
            asked_at.setdefault(asked.recipient, []).append(to.clock.seconds())
        return Answer(b"450 4.7.1 Greylisted\r\n") if asked.step == "RCPT" and asked.times == 1 else None

    server = serve(greylist)
    start([Relay(f"smtp://127.0.0.1:{server.port}", clock=to.clock)], people(8), path).wait(20)
    assert all(len(times) == 2 and times[1] - times[0] >= GREYLIST_SECONDS for times in asked_at.values())
    assert server.counts() == dict.fromkeys(people(8)["email"], 1)
    assert set(Ledger(path).sends()["attempts"]) == {2}


def test_a_dead_mailbox_is_suppressed(serve: Callable[..., MailServer], path: Path) -> None:
    """550 5.1.1 refuses the message for good and suppresses the address; the others go on."""
    server = serve(always("RCPT", "550 5.1.1 No such user\r\n", recipient=VICTIM))
    start([relay(server.port)], people(4), path).wait(20)
    ledger = Ledger(path)
    assert states(path)[VICTIM] == "refused"
    assert ledger.suppressions()[["email", "reason", "source"]].values.tolist() == [[VICTIM, "bounced", "ledger"]]
    bounces = ledger.events()[lambda events: events["kind"] == EventKind.BOUNCED]
    assert bounces[["email", "bounce_type", "bounce_class", "smtp_code"]].values.tolist() == [
        [VICTIM, "hard", "InvalidRecipient", 550]
    ]
    assert_exactly_once(server, path, people(4))


@pytest.mark.parametrize("step", ["RCPT", "DATA", "dot"])
@pytest.mark.parametrize(
    "reply", ["550 5.7.1 Blocked, see host 5.1.1.7", "554 5.7.26 Unauthenticated", "552 5.2.2 Full", "550 No"]
)
def test_a_refusal_of_us_suppresses_nobody(serve: Callable[..., MailServer], path: Path, step: str, reply: str) -> None:
    """A refusal for policy, authentication, quota or no reason given is no reason to strike anybody off."""
    server = serve(always(step, f"{reply}\r\n", recipient=VICTIM))
    start([relay(server.port)], people(2), path).wait(20)
    assert states(path)[VICTIM] == "refused"
    assert Ledger(path).suppressions().empty
    assert_exactly_once(server, path, people(2))


def test_a_refused_sender_stops_the_send(serve: Callable[..., MailServer], path: Path) -> None:
    """5xx at MAIL says nothing of any recipient: the send ends with the reason, and all wait for another try."""
    refusing = [True]
    server = serve(
        lambda asked: Answer(b"550 5.7.1 Who are you?\r\n") if asked.step == "MAIL" and refusing[0] else None
    )
    send = start([relay(server.port)], people(20), path)
    with pytest.raises(RelayError, match=r"refuses the sender news@example\.org: 550 5\.7\.1 Who are you\?"):
        send.wait(20)
    assert send.progress.run == RunState.FAILED
    assert isinstance(send.error, RelayError)
    assert set(states(path).values()) == {"queued"}
    refusing[0] = False
    resume("office-move", path, [relay(server.port)]).wait(20)
    assert server.counts() == dict.fromkeys(people(20)["email"], 1)


def test_a_slow_answer_to_the_dot_is_waited_for(serve: Callable[..., MailServer], path: Path) -> None:
    """A server may think about a message for its whole deadline; it gets it once."""
    server = serve(lambda asked: Answer(b"250 Ok\r\n", after=0.5) if asked.step == "dot" else None)
    start([relay(server.port)], people(4), path).wait(20)
    assert server.counts() == dict.fromkeys(people(4)["email"], 1)
    assert set(states(path).values()) == {"accepted"}


def test_a_late_reply_is_not_the_next_ones(serve: Callable[..., MailServer], path: Path) -> None:
    """The reply that came too late for one recipient decides nothing about the next one on that relay."""
    late, refused = Answer(b"250 2.0.0 Late\r\n", after=1.0), "550 5.1.1 No\r\n"

    def script(asked: Asked) -> Answer | None:
        if asked.step == "dot" and asked.recipient == VICTIM:
            return late
        return Answer(refused.encode()) if asked.step == "RCPT" and asked.recipient != VICTIM else None

    server = serve(script)
    start([relay(server.port, max_connections=1)], people(4), path, deadlines=hasty("dot")).wait(20)
    assert states(path) == dict.fromkeys(people(4)["email"], "refused") | {VICTIM: "in_doubt"}


def test_what_is_only_put_off_is_given_up_in_the_end(serve: Callable[..., MailServer], path: Path) -> None:
    """A mailbox that is full for days is given up, as a soft bounce, and suppressed for nothing."""
    server = serve(always("RCPT", "452 4.2.2 Mailbox full\r\n", recipient=VICTIM))
    start([relay(server.port)], people(3), path, retry=Retry(give_up_after=6 * 3600)).wait(20)
    ledger = Ledger(path)
    assert states(path)[VICTIM] == "expired"
    assert ledger.suppressions().empty
    bounce = ledger.events()[lambda events: events["kind"] == EventKind.BOUNCED].iloc[0]
    assert (bounce["bounce_type"], bounce["bounce_class"], bounce["smtp_code"]) == ("soft", "MessageExpired", 452)
    assert_exactly_once(server, path, people(3))


def test_a_message_is_not_given_up_for_having_waited_its_turn(serve: Callable[..., MailServer], path: Path) -> None:
    """Days in the queue of a slow send do not count: the last message is tried as often as the first."""
    server = serve(answer("RCPT", "451 4.3.0 Later\r\n", recipient="p0029@alpha.example"))
    throttle = Throttle(Limit(messages=5, window=86_400))
    start([relay(server.port, scale=400_000)], people(30), path, throttle=throttle).wait(20)
    assert states(path)["p0029@alpha.example"] == "accepted"
    assert server.counts() == dict.fromkeys(people(30)["email"], 1)


def test_a_relay_that_is_gone_is_waited_for(serve: Callable[..., MailServer], path: Path) -> None:
    """A relay that hangs up on everybody for a while is tried again, and nothing is lost meanwhile."""
    server = serve(answer("banner", *[Answer(then="close")] * 25))
    start([relay(server.port)], people(20), path).wait(20)
    assert server.counts() == dict.fromkeys(people(20)["email"], 1)


def test_a_relay_that_stays_away_ends_the_send(serve: Callable[..., MailServer], path: Path) -> None:
    """After a quarter of an hour without a relay the send ends with the reason, and all of it can be resumed."""
    server = serve(always("banner", "421 4.3.2 Closed today\r\n"))
    to = Relay(f"smtp://127.0.0.1:{server.port}", max_connections=1, clock=LeapingClock())
    send = start([to], people(20), path)
    with pytest.raises(RelayError, match="Closed today"):
        send.wait(20)
    assert OUTAGE - 60 < to.clock.seconds() <= OUTAGE
    assert set(states(path).values()) == {"queued"}
    assert Ledger(path).sends()["attempts"].sum() == 0


def test_connections_that_a_relay_will_not_have_hold_nothing_up(serve: Callable[..., MailServer], path: Path) -> None:
    """Where a relay takes two connections of ten, those two do all the work, and nobody waits for the others."""

    def only_two(asked: Asked) -> Answer | None:
        too_many = asked.step == "banner" and server.connected > 2
        return Answer(b"421 4.7.0 Too many connections\r\n", then="close") if too_many else None

    server = serve(only_two)
    to = relay(server.port, scale=60)
    start([to], people(100), path).wait(20)
    assert to.clock.seconds() < OUTAGE / 2
    assert server.counts() == dict.fromkeys(people(100)["email"], 1)
    assert server.most_open <= 2


def test_another_relay_goes_on(serve: Callable[..., MailServer], path: Path) -> None:
    """Of two relays, one that goes away leaves its messages to the other; even a network's last turn is not held."""
    good, bad = serve(), serve(always("banner", "421 4.3.2 Closed\r\n"))
    clock = ScaledClock(60, START)
    relays = [Relay(f"smtp://127.0.0.1:{server.port}", max_connections=3, clock=clock) for server in (bad, good)]
    progress = start(relays, people(40), path, throttle=Throttle(Limit(connections=3))).wait(20)
    assert progress.run == RunState.FINISHED
    assert clock.seconds() < OUTAGE / 2
    assert good.counts() == dict.fromkeys(people(40)["email"], 1)


class Failing(Ledger):
    """A ledger whose disk fails at the outcome of a message."""

    def stage(self, steps: Sequence[Step]) -> frozenset[int] | None:
        """Stage steps, unless an outcome is among them."""
        if any(isinstance(step, Outcome) for step in steps):
            raise LedgerError("The disk is gone.")
        return super().stage(steps)


@pytest.mark.parametrize("count", [1, 12])
def test_a_ledger_that_fails_stops_the_send(serve: Callable[..., MailServer], path: Path, count: int) -> None:
    """Where an outcome cannot be stored nothing more is sent, even if that was the last; later it is in doubt."""
    server = serve()
    planned = plan(
        campaign(people(count)), [relay(server.port, max_connections=1)], throttle=Throttle.unlimited(), ledger=path
    )
    planned.queue()
    send = resume("office-move", Failing(path), [relay(server.port, max_connections=1)])
    with pytest.raises(LedgerError, match="The disk is gone"):
        send.wait(20)
    assert send.progress.run == RunState.FAILED
    assert len(server.mail) == 1
    after = resume("office-move", path, [relay(server.port)])
    after.wait(20)
    assert after.in_doubt["reason"].tolist() == ["interrupted"]
    assert_exactly_once(server, path, people(count))
    assert len(server.mail) == count


class Passing(Ledger):
    """A ledger in which something fails once: its disk at an outcome, or its reading when somebody is looked up."""

    def __init__(self, path: Path, fails: str) -> None:
        super().__init__(path)
        self._fails, self._looks = fails, 0

    def stage(self, steps: Sequence[Step]) -> frozenset[int] | None:
        """Stage steps, unless it is the first time that an outcome is among them."""
        if self._fails == "write" and any(isinstance(step, Outcome) for step in steps):
            self._fails = ""
            raise LedgerError("The disk was gone.")
        return super().stage(steps)

    def recipients(self, send_ids: Iterable[int]) -> list[Recipient]:
        """Return recipients, unless it is the third time that somebody asks."""
        self._looks += 1
        if self._fails == "read" and self._looks == 3:
            raise LedgerError("The disk was gone.")
        return super().recipients(send_ids)


@pytest.mark.parametrize("fails", ["read", "write"])
def test_what_was_answered_is_kept_whatever_fails(
    serve: Callable[..., MailServer], path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    """Where the ledger fails once the send ends, and yet nobody whose message was answered by then is in doubt."""
    monkeypatch.setattr("bulkkit.sending.people.BATCH", 1)
    server = serve(latency=0.02)
    planned = plan(
        campaign(people(12)), [relay(server.port, max_connections=1)], throttle=Throttle.unlimited(), ledger=path
    )
    planned.queue()
    send = resume("office-move", Passing(path, fails), [relay(server.port, max_connections=1)])
    with pytest.raises(LedgerError, match="The disk was gone"):
        send.wait(20)
    assert 0 < len(server.mail) < 12
    assert list(states(path).values()).count("accepted") == len(server.mail)
    after = resume("office-move", path, [relay(server.port)])
    assert after.wait(20).accepted == 12
    assert server.counts() == dict.fromkeys(people(12)["email"], 1)


def test_16_a_ledger_that_somebody_locks_stops_the_send_before_mail(
    serve: Callable[..., MailServer], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locked in the middle of the send, it stops with the reason: nobody more is asked for, and resume is exact."""
    monkeypatch.setattr("bulkkit.ledger.database.BUSY_SECONDS", 0.2)
    holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    def lock(asked: Asked) -> None:
        if asked.step == "RCPT" and (asked.recipient, asked.times) == ("p0003@alpha.example", 1):
            holder.execute("BEGIN IMMEDIATE")

    server = serve(lock)
    send = start([relay(server.port, max_connections=1)], people(12), path, throttle=Throttle(Limit(connections=1)))
    with contextlib.closing(holder), pytest.raises(LedgerError, match="Another program has held"):
        send.wait(20)
    assert len(server.mail) == 3
    assert len([line for line in server.lines if line.startswith("MAIL")]) == 4
    assert "dotted" not in states(path).values()
    assert resume("office-move", path, [relay(server.port)]).wait(20).accepted == 12
    assert server.counts() == dict.fromkeys(people(12)["email"], 1)


def test_21_who_unsubscribes_or_complains_during_the_send_gets_nothing_more(
    serve: Callable[..., MailServer], path: Path
) -> None:
    """A suppression in the same ledger is respected at the next claim, and the event says: rejected, not sent."""
    leaving = people(10)["email"].tolist()[5:]

    def leave(asked: Asked) -> None:
        if asked.step == "dot" and asked.recipient == VICTIM:
            Ledger(path).suppress(pd.DataFrame({"email": leaving[:3]}))
            complaints = {"event_id": leaving[3:], "at": START, "kind": "complained", "source": "sendgrid"}
            Ledger(path).add_events(pd.DataFrame({**complaints, "email": leaving[3:], "campaign": "office-move"}))

    server = serve(leave)
    progress = start([relay(server.port, max_connections=1)], people(10), path).wait(20)
    assert set(server.counts()) == set(people(5)["email"])
    assert not any(email in line for line in server.lines for email in leaving)
    assert (progress.accepted, progress.refused, progress.waiting) == (5, 5, 0)
    rejected = Ledger(path).events()[lambda events: events["kind"] == EventKind.REJECTED]
    assert sorted(rejected["email"]) == leaving
    assert set(rejected["bounce_type"]) == {"suppressed"}


def test_who_unsubscribes_between_two_attempts_was_not_sent_to(serve: Callable[..., MailServer], path: Path) -> None:
    """A message put off once and then withheld is rejected; the earlier answer does not make a bounce of it."""

    def put_off(asked: Asked) -> Answer | None:
        if asked.step == "RCPT" and asked.recipient == VICTIM:
            Ledger(path).suppress(pd.DataFrame({"email": [VICTIM]}))
            return Answer(b"451 4.3.0 Later\r\n")
        return None

    server = serve(put_off)
    start([relay(server.port)], people(2), path).wait(20)
    events = Ledger(path).events()
    assert events.loc[events["email"] == VICTIM, "kind"].tolist() == [EventKind.REJECTED]
    assert Ledger(path).sends()["attempts"].tolist() == [1, 1]


def test_pause_stop_and_progress(serve: Callable[..., MailServer], path: Path) -> None:
    """A paused send takes nothing up, an unpaused one goes on, a stopped one ends and leaves the rest queued."""
    server = serve(latency=0.01)
    send = start([relay(server.port, scale=60, max_connections=2)], people(200), path)
    while len(server.mail) < 10:
        send.join(0.005)
    send.pause()
    while send.progress.run != RunState.PAUSED or send.progress.in_flight:
        send.join(0.005)
    held = len(server.mail)
    send.join(0.1)
    assert len(server.mail) == held
    assert send.progress.accepted == held
    paused = send.progress
    send.join(0.1)
    assert (send.progress.rate, send.progress.eta) == (paused.rate, paused.eta)
    send.unpause()
    while len(server.mail) < held + 10:
        send.join(0.005)
    assert send.progress.rate > 0
    assert send.progress.eta.total_seconds() > 0
    progress = send.stop()
    assert (progress.run, progress.in_flight) == (RunState.STOPPED, 0)
    assert progress.accepted + progress.waiting == progress.recipients == 200
    assert "accepted" in repr(send)
    assert list(states(path).values()).count("accepted") == len(server.mail) == progress.accepted
    send.stop()  # A second time changes nothing.


def test_an_outage_can_be_stopped(serve: Callable[..., MailServer], path: Path) -> None:
    """A send that waits for its relay stops when it is asked to, at once."""
    server = serve(always("banner", "421 4.3.2 Closed\r\n"))
    send = start([relay(server.port, scale=1)], people(5), path)
    while len(server.clients) < 5:
        send.join(0.005)
    threading.Timer(0.0, send.stop).start()
    send.join(20)
    assert not send.is_running
    assert send.progress.run == RunState.STOPPED


def test_an_interrupted_meeting_is_over_at_once(serve: Callable[..., MailServer], path: Path) -> None:
    """Ctrl-C while a relay is met that does not greet waits for nothing, and nothing is stored."""
    server = serve(lambda asked: Answer(then="silence") if asked.step == "banner" else None)
    planned = plan(campaign(people(3)), [relay(server.port)], throttle=Throttle.unlimited(), ledger=path)
    interrupt_once(lambda: bool(server.clients))
    with pytest.raises(KeyboardInterrupt):
        planned.send()
    assert server.connected, "the relay that does not greet is still being met"
    assert not path.exists()


def test_a_relay_that_is_silent_holds_no_stop_up(serve: Callable[..., MailServer], path: Path) -> None:
    """A stop waits for what is in flight, and for no relay that takes a connection and does not greet."""
    server = serve(lambda asked: Answer(then="silence") if asked.step == "banner" else None)
    send = start([relay(server.port, scale=1)], people(5), path, deadlines=Deadlines())
    while len(server.clients) < 5:
        send.join(0.005)
    threading.Thread(target=send.stop, daemon=True).start()
    send.join(20)
    assert not send.is_running
    assert send.progress.run == RunState.STOPPED
    assert states(path) == dict.fromkeys(people(5)["email"], "queued")


def test_a_send_that_waits_for_its_next_attempt_can_be_stopped(
    serve: Callable[..., MailServer], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the machine's own clock half an hour is waited for without work, and a stop ends it at once."""
    looks: list[Schedule] = []
    next_at = Schedule.next_at
    monkeypatch.setattr(Schedule, "next_at", lambda self: looks.append(self) or next_at(self))
    server = serve(always("RCPT", "451 4.3.0 Later\r\n"))
    send = start([Relay(f"smtp://127.0.0.1:{server.port}")], people(3), path)
    while send.progress.deferred < 3:
        send.join(0.005)
    looks.clear()
    begun = time.monotonic()
    send.join(0.3)
    seen, seconds = len(looks), time.monotonic() - begun
    assert seen <= 3 * (seconds / LONGEST_WAIT + 1)
    threading.Thread(target=send.stop, daemon=True).start()
    send.join(20)
    assert not send.is_running
    assert states(path) == dict.fromkeys(people(3)["email"], "deferred")


def test_what_one_relay_finds_too_large_another_takes(serve: Callable[..., MailServer], path: Path) -> None:
    """A relay whose SIZE is too small is asked for nothing; over another one everybody gets the message."""
    small, large = serve(extensions=("PIPELINING", "SIZE 500")), serve(extensions=("PIPELINING", "SIZE 500000"))
    send = start([relay(small.port), relay(large.port)], people(20), path)
    assert send.wait(20).accepted == 20
    assert len(large.mail) == 20
    assert not [line for line in small.lines if line.startswith("MAIL")]


def test_an_interrupted_cell_leaves_the_send_running(
    serve: Callable[..., MailServer], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is a prompt, as in a notebook's kernel, Ctrl-C in `wait` ends the waiting and not the send."""
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    gate = threading.Event()
    server = serve(lambda asked: Answer(b"250 Ok\r\n", until=gate.is_set) if asked.step == "dot" else None)
    send = start([relay(server.port)], people(5), path)
    interrupt_once(within(Send.join))
    with pytest.raises(KeyboardInterrupt):
        send.wait(20)
    assert send.is_running
    gate.set()
    assert send.wait(20).accepted == 5


def test_doubts_are_settled_after_the_send_only(serve: Callable[..., MailServer], path: Path) -> None:
    """While a send runs nobody decides what is in doubt; a choice is skip or resend."""
    gate = threading.Event()
    server = serve(lambda asked: Answer(b"250 Ok\r\n", until=gate.is_set) if asked.step == "dot" else None)
    send = start([relay(server.port)], people(2), path)
    with pytest.raises(InputError, match="still being sent"):
        send.resolve([VICTIM], "skip")
    gate.set()
    send.wait(20)
    with pytest.raises(InputError, match="'skip' or 'resend'"):
        send.resolve([VICTIM], "again")
    assert send.resolve(VICTIM, "resend") == 0


def test_networks_add_up_at_every_moment(serve: Callable[..., MailServer], path: Path) -> None:
    """Whenever one looks, each network's parts are its recipients, and all networks together are the whole."""
    sizes = {"alpha.example": 30, "beta.example": 50, "gamma.example": 12}
    audience = pd.concat([people(size, domain) for domain, size in sizes.items()], ignore_index=True)
    server = serve(always("RCPT", "550 5.1.1 No\r\n", recipient=VICTIM), latency=0.005)
    send = start([relay(server.port, max_connections=4)], audience, path)
    looks = 0
    while send.is_running or not looks:
        frame = send.networks
        assert frame["network"].tolist() == ["beta.example", "alpha.example", "gamma.example"]
        assert frame["recipients"].tolist() == [50, 30, 12]
        parts = frame[["accepted", "refused", "expired", "in_doubt", "waiting", "in_flight"]]
        assert parts.sum(axis=1).tolist() == [50, 30, 12]
        assert (parts >= 0).all(axis=None)
        looks += 1
    progress, frame = send.wait(20), send.networks
    assert frame["accepted"].tolist() == [50, 29, 12]
    assert frame["refused"].tolist() == [0, 1, 0]
    for name in set(NETWORK_DTYPES) - {"network"}:
        assert frame[name].sum() == getattr(progress, name)
    top, count = send.largest_networks(2)
    pd.testing.assert_frame_equal(top, frame.head(2))
    assert count == 3


def test_stopped_and_resumed_in_one_kernel_equals_uninterrupted(serve: Callable[..., MailServer], path: Path) -> None:
    """However often one send is stopped and resumed, everybody gets one message; a running one is not resumed."""
    held = Held(5)
    server = serve(held)
    send = start([relay(server.port, max_connections=3)], people(80), path)
    for more in (10, 1, 20, 5):
        assert held.stop(send).waiting == 80 - send.progress.accepted > 0
        held.again(more)
        send.resume()
        with pytest.raises(InputError, match="still being sent"):
            send.resume()
    held.release()
    assert send.wait(20).run == RunState.FINISHED
    assert server.counts() == dict.fromkeys(people(80)["email"], 1)
    with pytest.raises(InputError, match="is finished"):
        send.resume()


def test_a_failed_send_is_resumed_in_its_kernel(serve: Callable[..., MailServer], path: Path) -> None:
    """After the relay's refusal the same send goes on once it is lifted; while the relay is away that is said."""
    refusing = [True]
    no = Answer(b"550 5.7.1 Who are you?\r\n")
    with MailServer(lambda asked: no if asked.step == "MAIL" and refusing else None) as server:
        send = start([relay(server.port)], people(6), path)
        with pytest.raises(RelayError):
            send.wait(20)
        refusing.clear()
        started: list[bool] = []
        send.on_start(lambda: started.append(send.is_running))
        send.resume()
        assert send.wait(20).accepted == 6
        assert (send.error, len(started)) == (None, 1)
        assert server.counts() == dict.fromkeys(people(6)["email"], 1)


def test_what_cannot_be_sent_again_now_stays_in_doubt(path: Path) -> None:
    """Where the relay is gone or the ledger is held, nothing is decided, and later the same choice works."""
    with MailServer(answer("dot", Answer(then="close"), recipient=VICTIM)) as server:
        send = start([relay(server.port)], people(3), path)
        send.wait(20)
        with Ledger(path).lease("another"), pytest.raises(LeaseError, match="another"):
            send.resolve(VICTIM, "resend")
        assert states(path)[VICTIM] == "in_doubt"
    with pytest.raises(RelayError, match="nothing listens there"):
        send.resolve(VICTIM, "resend")
    assert states(path)[VICTIM] == "in_doubt"
    assert send.progress.run == RunState.FINISHED


def test_the_sink_gets_each_message_once(sink: Callable[..., Sink], path: Path) -> None:
    """Postfix's sink has each of a thousand recipients once."""
    there = sink()
    audience = people(1000)
    assert (
        plan(campaign(audience), [relay(there.port)], throttle=Throttle.unlimited(), ledger=path)
        .send()
        .wait(30)
        .accepted
        == 1000
    )
    assert there.counts() == dict.fromkeys(audience["email"], 1)


@pytest.mark.parametrize(
    ("options", "state", "each"),
    [
        (("-q", "."), "in_doubt", 1),
        (("-q", "data"), "expired", 0),
        (("-Q", "rcpt"), "expired", 0),
        (("-r", "rcpt"), "expired", 0),
        (("-f", "rcpt"), "refused", 0),
        (("-f", "data"), "refused", 0),
    ],
    ids=["hangs up at the dot", "hangs up at DATA", "421 at RCPT", "450 at RCPT", "500 at RCPT", "500 at DATA"],
)
def test_what_the_sink_does_is_what_the_ledger_says(
    sink: Callable[..., Sink], path: Path, options: tuple[str, ...], state: str, each: int
) -> None:
    """Postfix's sink with a fault at one step: everybody ends in the state that follows from it."""
    there = sink(*options)
    start([relay(there.port)], people(30), path, retry=Retry(give_up_after=7200)).wait(20)
    said = states(path)
    assert said == dict.fromkeys(people(30)["email"], state)
    assert {email: there.counts()[email] for email in said} == dict.fromkeys(said, each)
    assert Ledger(path).suppressions().empty


def test_the_sink_suppresses_dead_mailboxes(sink: Callable[..., Sink], path: Path) -> None:
    """What the sink calls unknown is refused and never written to again."""
    there = sink("-f", "rcpt", "-B", "550 5.1.1 unknown")
    start([relay(there.port)], people(12), path).wait(20)
    assert sorted(Ledger(path).suppressions()["email"]) == people(12)["email"].tolist()


def test_a_ledger_row_that_somebody_changed_stops_the_send(serve: Callable[..., MailServer], path: Path) -> None:
    """Where another program moved a row meanwhile, the send stops rather than guess."""

    def meddle(asked: Asked) -> None:
        if asked.step == "DATA":
            with Ledger(path)._database.transaction() as connection:
                connection.execute("UPDATE sends SET state = 'accepted'")

    server = serve(meddle)
    with pytest.raises(LedgerError, match="Another program changed it"):
        start([relay(server.port, max_connections=1)], people(3), path, deadlines=QUICK).wait(20)
    assert not server.mail


@pytest.mark.slow
def test_24_memory_stays_flat_over_100_000_recipients(sink: Callable[..., Sink], path: Path) -> None:
    """From the first ten thousand messages to the last of a hundred thousand, the process grows by less than 40 MB."""
    letters = pd.Series(range(100_000)).astype("str") + " of them" * 40
    running = sink()
    relays = [Relay(f"smtp://127.0.0.1:{running.port}", max_connections=20)]
    send = start(relays, people(100_000, first_name=letters), path, deadlines=Deadlines())
    while send.progress.accepted < 10_000:
        send.join(0.05)
    early = _resident()
    assert send.wait(240).accepted == 100_000
    assert _resident() - early < 40e6
    assert set(running.counts().values()) == {1}


def _resident() -> float:
    """Return the bytes of memory that this process has now."""
    return float(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_what_was_put_off_before_a_restart_is_counted_as_sent(serve: Callable[..., MailServer], path: Path) -> None:
    """A send that goes on counts those who were put off before: once they are accepted nobody is deferred any more."""
    server = serve()
    to = relay(server.port)
    planned = plan(campaign(people(4)), [to], throttle=Throttle.unlimited(), ledger=path)
    planned.queue()
    now = to.clock.stamp()
    put_off = [Outcome(number, SendState.DEFERRED, now.at, due_at=now.at, smtp_code=451) for number in (1, 3)]
    Ledger(path).write([Claim(number, to.name, now) for number in (1, 3)])
    Ledger(path).write(put_off)
    progress = resume("office-move", path, [to]).wait(20)
    assert (progress.accepted, progress.deferred, progress.waiting, progress.in_flight) == (4, 0, 0, 0)
    assert server.counts() == dict.fromkeys(people(4)["email"], 1)
