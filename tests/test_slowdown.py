"""What networks' answers lead to: slower by the providers' rules, a breaker for each network, and free again."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rehearsal import START, relay

from bulkkit.sending.breaker import FAILURES, REST, TRICKLE
from bulkkit.sending.caution import FREE, REFUSALS, Answer, Caution
from bulkkit.sending.fleet import Fleet
from bulkkit.sending.listening import Listening
from bulkkit.sending.pace import Pace
from bulkkit.sending.restraint import Restraint
from bulkkit.sending.retry import GREYLISTED
from bulkkit.sending.schedule import Schedule
from bulkkit.sending.slowdown import LONGEST, RULES, rule_for
from bulkkit.sending.throttle import HOUR, Limit, Throttle
from bulkkit.transitions import Outcome
from bulkkit.vocabulary import BounceClass, SendState

RELAY = relay(1, scale=1)
LATER = Answer("a", SendState.DEFERRED, BounceClass.TRANSIENT_FAILURE, 451, "451 4.3.0 Error")
REFUSED = Answer("a", SendState.REFUSED, BounceClass.POLICY_RELATED, 550, "550 5.7.1 Go away")


@pytest.mark.parametrize(
    ("text", "limit", "rests", "minutes"),
    [
        ("421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred", Limit(), True, 120),
        ("451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation.",
         Limit(1, 60.0, 1), False, 90),
        ("421 Messages from 192.0.2.1 temporarily deferred due to user complaints", Limit(1, 60.0, 1), False, 90),
        ("451 Server busy. Please try again later from [192.0.2.1].", Limit(1, 60.0, 1), False, 90),
        ("421 4.7.28 Gmail has detected an unusual rate of unsolicited mail", Limit(10, 60.0), False, 30),
        ("421 4.3.2 Too many concurrent connections", Limit(connections=1), False, 60),
        ("421 4.3.2 The number of concurrent connections has exceeded a limit", Limit(connections=1), False, 60),
        ("421 4.3.0 Closing", Limit(connections=1), False, 5),
    ],
)  # fmt: skip
def test_the_providers_rules(text: str, limit: Limit, rests: bool, minutes: int) -> None:
    """Each provider's words lead to what it asks for, for as long as it asks for it."""
    restraint = Caution().slowed("a", int(text[:3]), text, 1000.0)
    assert restraint is not None
    assert (restraint.limit, restraint.ends) == (limit, 1000.0 + minutes * 60)
    assert restraint.rests_until == (restraint.ends if rests else 1000.0)
    assert text in restraint.why
    assert minutes * 60 <= LONGEST


@pytest.mark.parametrize("reply", ["250 Ok", "550 5.7.1 temporarily deferred", "451 4.3.0 Error", "452 4.2.2 Full"])
def test_what_asks_for_nothing_slows_nothing(reply: str) -> None:
    """A yes, a no for good, and a 4xx without such words change no pace."""
    assert rule_for(int(reply[:3]), reply) is None


@given(st.text(), st.integers(200, 599))
def test_any_words_can_be_read(text: str, code: int) -> None:
    """Whatever a server says, a rule is found for a 4xx only."""
    assert rule_for(code, text) in ({*RULES, None} if 400 <= code < 500 else {None})


def test_a_breaker_opens_and_the_first_success_closes_it() -> None:
    """After failures in a row nothing for a while, then a trickle; the first message taken sets the network free."""
    caution = Caution()
    said = [caution.heard(LATER, 10.0) for _ in range(FAILURES + 3)]
    opened = said[FAILURES - 1]
    assert opened is not None
    assert (opened.limit, opened.rests_until, opened.ends) == (TRICKLE, 10.0 + REST, inf)
    assert [one for one in said if one is not None] == [opened]
    assert caution.accepted("a") is FREE
    assert caution.accepted("a") is None


def test_a_network_that_takes_nothing_for_days_is_left_out() -> None:
    """As long as a single message is tried, so long is a network; then it bars, so that the send comes to an end."""
    caution = Caution()
    said = [caution.heard(LATER, hour * HOUR) for hour in range(FAILURES + 96)]
    bars = [hour for hour, one in enumerate(said) if one is not None and one.bars]
    assert bars == [FAILURES - 1 + 96]
    assert "took nothing for 4 days: " in str(said[-1] and said[-1].why)


def test_a_success_between_failures_keeps_it_closed() -> None:
    """Only failures in a row count: a network that takes some of the mail is left to the retries."""
    caution = Caution()
    for _ in range(3 * FAILURES):
        for _ in range(FAILURES - 1):
            assert caution.heard(LATER, 0.0) is None
        assert caution.accepted("a") is None


@pytest.mark.parametrize("reason", [GREYLISTED, BounceClass.QUOTA_ISSUES, BounceClass.INVALID_RECIPIENT])
def test_what_lies_with_one_mailbox_opens_no_breaker(reason: str) -> None:
    """A greylist asks each first message to come again, and a full box is one person's: the network is well."""
    caution = Caution()
    one = Answer("a", SendState.DEFERRED, reason, 450, "450 4.2.0 Later")
    assert [caution.heard(one, 0.0) for _ in range(50)] == [None] * 50


def test_words_far_into_a_reply_are_heard() -> None:
    """A provider's words count wherever they stand in the reply, and a note shows the beginning of it."""
    schedule = Schedule(Throttle.unlimited())
    listening = Listening(schedule, Fleet([RELAY]), 0)
    reply = f"421 4.7.0 {'Sorry for that. ' * 12} unusual rate of mail to p1@alpha.example"
    listening.heard("a", RELAY.name, Outcome(1, SendState.DEFERRED, START, smtp_code=421, reply=reply), 0.0)
    (note,) = listening.notes(RELAY.clock)
    assert "10 messages a minute for 30 minutes" in note
    assert len(note) < 300


def test_networks_have_breakers_of_their_own() -> None:
    """What one network does holds no other back."""
    caution = Caution()
    for _ in range(FAILURES):
        caution.heard(LATER, 0.0)
    assert caution.accepted("b") is None
    assert caution.heard(replace(LATER, network="b"), 0.0) is None
    assert caution.accepted("a") is FREE


def test_reasons_hold_together() -> None:
    """A network that asked for a rest gets it, also where its breaker opens meanwhile, and closes before the end."""
    caution = Caution()
    caution.slowed("a", 421, "421 [TSS04] later", 0.0)
    opened = [caution.heard(LATER, 1.0) for _ in range(FAILURES)][-1]
    assert opened is not None
    assert (opened.rests_until, opened.limit, opened.ends) == (2 * HOUR, TRICKLE, inf)
    left = caution.accepted("a")
    assert left is not None
    assert (left.rests_until, left.ends, left.limit) == (2 * HOUR, 2 * HOUR, Limit())


def test_a_network_that_refuses_us_again_and_again_gets_nothing_more() -> None:
    """Refusals of us in a row bar the network; one message taken between them starts the count anew."""
    caution = Caution()
    for _ in range(REFUSALS - 1):
        assert caution.heard(REFUSED, 0.0) is None
    caution.accepted("a")
    said = [caution.heard(REFUSED, 0.0) for _ in range(REFUSALS)]
    assert [one is not None for one in said] == [False] * (REFUSALS - 1) + [True]
    assert said[-1] is not None
    assert said[-1].bars


def test_who_is_barred_waits_for_nothing() -> None:
    """What waits for a barred network is in no line, and neither is what comes later; the others go on."""
    schedule = Schedule(Throttle.unlimited())
    for number in range(6):
        schedule.add(number, "ab"[number % 2])
    schedule.add_later(6, "a", 100.0)
    assert schedule.take(0.0) == (0, "a")
    schedule.restrain("a", Restraint("", rests_until=inf))
    schedule.release("a", 1.0)
    schedule.add(0, "a")
    schedule.add_later(7, "a", 5.0)
    assert len(schedule) == 3
    assert [schedule.take(2.0) for _ in range(4)] == [(1, "b"), (3, "b"), (5, "b"), None]
    assert (schedule.next_at(), schedule.is_idle, schedule.barred) == (None, True, {"a"})


def test_a_restraint_that_ends_leaves_nothing_behind() -> None:
    """Where the own limit would let a message out, it goes at the end of the restraint and not later."""
    pace = Pace(Limit())
    pace.hold(Limit(1, HOUR), 0.0, 100.0)
    pace.take()
    pace.release(1.0)
    assert pace.ready_at(2.0) == 100.0
    assert pace.ready_at(100.0) == 100.0


EVENTS = st.lists(
    st.tuples(st.integers(1, 400), st.sampled_from(["answer", "hold"]), st.sampled_from(RULES)), min_size=1, max_size=30
)


@given(EVENTS, st.sampled_from([Limit(), Limit(5, 20.0), Limit(30, HOUR, 3)]))
def test_a_restraint_holds_beside_the_networks_own_limit(events: list[tuple[int, str, object]], own: Limit) -> None:
    """Whenever a network asks for less, it gets less from that moment on until the end, and never more than its own."""
    schedule, now, handed = Schedule(Throttle(own)), 0.0, []
    for number in range(2000):
        schedule.add(number, "a")
    holds: list[tuple[float, Restraint]] = []
    caution = Caution()
    for seconds, kind, rule in events:
        until = now + seconds
        while now < until and len(handed) < 1500:
            while schedule.take(now) is not None and len(handed) < 1500:
                schedule.release("a", now)
                handed.append(now)
            now = min(until, max(now + 0.5, schedule.next_at() or until))
        if kind == "hold":
            restraint = caution._hold("a", rule.name, rule.restraint("", now), now)
            holds.append((now, restraint))
            schedule.restrain("a", restraint)
    for begun, restraint in holds:
        inside = [moment for moment in handed if begun <= moment < restraint.ends]
        later = [start for start, _ in holds if start > begun]
        inside = [moment for moment in inside if not later or moment < later[0]]
        assert not [moment for moment in inside if moment < restraint.rests_until]
        if restraint.limit.messages is not None:
            assert most(inside, restraint.limit.window) <= restraint.limit.messages
    assert own.messages is None or most(handed, own.window) <= own.messages


def most(moments: list[float], window: float) -> int:
    """Return the most moments that any window of that length holds."""
    return max((sum(first <= moment < first + window for moment in moments) for first in moments), default=0)
