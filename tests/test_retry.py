"""Retries: what follows from a server's answer, and when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkkit.sending.reply import Reply
from bulkkit.sending.retry import GREYLIST_SECONDS, GREYLISTED, Decision, Retry
from bulkkit.vocabulary import SendState

CODES = st.integers(200, 599).filter(lambda code: not 300 <= code < 400)
ENHANCED = st.none() | st.builds("{}.{}.{}".format, st.sampled_from("245"), st.integers(0, 9), st.integers(0, 40))
AGES = st.floats(0, 10 * 86400)
RETRIES = st.builds(Retry, st.floats(1, 7200), st.floats(60, 86400), st.floats(60, 7 * 86400))


@given(RETRIES, CODES, ENHANCED, st.text(), st.integers(1, 30), AGES)
def test_the_first_digit_decides(
    retry: Retry, code: int, enhanced: str | None, text: str, attempts: int, age: float
) -> None:
    """2xx is accepted, 5xx is never tried again, 4xx is tried later or given up, whatever else is said."""
    decision = retry.decide(code, enhanced, text, attempts, age)
    expected = {2: {SendState.ACCEPTED}, 4: {SendState.DEFERRED, SendState.EXPIRED}, 5: {SendState.REFUSED}}
    assert decision.state in expected[code // 100]
    assert (decision.delay is not None) == (decision.state == SendState.DEFERRED)


WORDS = st.text() | st.sampled_from(["user unknown", "no such user here", "mailbox disabled", "account closed"])


@given(RETRIES, CODES, ENHANCED, WORDS, st.integers(1, 30), AGES)
def test_who_refuses_us_or_puts_us_off_suppresses_nobody(
    retry: Retry, code: int, enhanced: str | None, text: str, attempts: int, age: float
) -> None:
    """Whatever a server's words, nobody is suppressed for a 4xx, a 4.x.x, or a code about security and policy."""
    decision = retry.decide(code, enhanced, text, attempts, age)
    if code < 500 or (enhanced and (enhanced[0] != "5" or enhanced.split(".")[1] == "7")):
        assert not decision.suppress


@given(RETRIES, st.integers(500, 599), st.sampled_from(["1.1", "1.2", "1.3", "1.4", "1.6", "1.10"]), st.text())
def test_a_dead_mailbox_is_suppressed_whatever_the_words(retry: Retry, code: int, detail: str, text: str) -> None:
    """5.1.1 and its kin say that the mailbox or its domain is not there."""
    assert retry.decide(code, f"5.{detail}", text, 1, 0).suppress


@pytest.mark.parametrize(
    ("reply", "suppress"),
    [
        ("550 user unknown", True),
        ("550 No such user here", True),
        ("550 5.2.1 The email account that you tried to reach is inactive", True),
        ("550 5.4.1 Recipient address rejected: Access denied", True),
        ("550 5.2.1 The user you are trying to contact is receiving mail too quickly", False),
        ("550 5.7.1 User unknown", False),
        ("550 5.7.17 Mailbox owner has changed", False),
        ("550 5.1.8 Sender domain unknown", False),
        ("550 4.1.1 Mailbox not found", False),
        ("550 No", False),
        ("551 Not here", False),
        ("553 Not allowed", False),
        ("554 Your host is on a block list, user unknown", False),
        ("552 5.2.2 Mailbox full", False),
        ("450 4.1.1 User unknown for now", False),
    ],
)
def test_the_rules_of_suppression(reply: str, suppress: bool) -> None:
    """A code or words that name a dead mailbox suppress; a bare reply code, a policy and a full box do not."""
    code, text = int(reply[:3]), reply[4:]
    assert Retry().decide(code, Reply(code, text).enhanced_code, text, 1, 0).suppress is suppress


@given(RETRIES, st.text(), st.integers(1, 30), AGES)
def test_nothing_is_tried_after_it_should_be_given_up(retry: Retry, text: str, attempts: int, age: float) -> None:
    """A next attempt always comes before the message would be given up, and never sooner than the first wait."""
    decision = retry.decide(451, None, text, attempts, age)
    if decision.delay is None:
        assert decision.state == SendState.EXPIRED
    else:
        assert age + decision.delay <= retry.give_up_after
        assert decision.delay >= min(retry.first, retry.longest, GREYLIST_SECONDS)


@given(RETRIES, st.integers(1, 40))
def test_waits_grow_and_then_stay(retry: Retry, attempts: int) -> None:
    """Each wait is at least as long as the one before, and none is longer than the longest."""
    waits = [retry.decide(421, None, "", number, -1e9).delay or 0.0 for number in (attempts, attempts + 1)]
    assert waits[0] <= waits[1] <= max(retry.longest, retry.first)


@pytest.mark.parametrize("code", [450, 451, 452])
@pytest.mark.parametrize(
    "text", ["4.7.1 Greylisted", "grey-listed, come back", "Try again later", "4.2.0 try again in 300 s"]
)
def test_greylisting_waits_five_minutes_once(code: int, text: str) -> None:
    """A greylist is tried again after five minutes, the next time as any other deferral."""
    assert Retry().decide(code, None, text, 1, 0) == Decision(SendState.DEFERRED, GREYLISTED, GREYLIST_SECONDS)
    assert Retry().decide(code, None, text, 2, 300).delay == 3600


@pytest.mark.parametrize(("code", "text"), [(421, "4.7.1 Greylisted"), (451, "4.3.0 Error"), (452, "4.2.2 Full")])
def test_what_is_no_greylist_waits_half_an_hour(code: int, text: str) -> None:
    """Another 4xx waits the half hour that RFC 5321 asks for."""
    assert Retry().decide(code, None, text, 1, 0).delay == 1800


@pytest.mark.parametrize(
    ("enhanced", "expected"),
    [
        ("5.1.1", Decision(SendState.REFUSED, "InvalidRecipient", suppress=True)),
        ("5.1.2", Decision(SendState.REFUSED, "BadDomain", suppress=True)),
        ("5.1.6", Decision(SendState.REFUSED, "InactiveMailbox", suppress=True)),
        ("5.2.1", Decision(SendState.REFUSED, "InactiveMailbox", suppress=True)),
        ("5.2.2", Decision(SendState.REFUSED, "QuotaIssues")),
        ("5.7.1", Decision(SendState.REFUSED, "PolicyRelated")),
        ("5.7.26", Decision(SendState.REFUSED, "AuthenticationFailed")),
        ("5.7.515", Decision(SendState.REFUSED, "AuthenticationFailed")),
        ("5.9.9", Decision(SendState.REFUSED, "Uncategorized")),
        (None, Decision(SendState.REFUSED, "Uncategorized")),
    ],
)
def test_refusals_have_their_class(enhanced: str | None, expected: Decision) -> None:
    """What RFC 3463's codes mean is said in KumoMTA's words; what refuses us suppresses nobody."""
    assert Retry().decide(550, enhanced, "", 1, 0) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5.1.1 User unknown", "5.1.1"),
        ("<a@b.example>: 5.7.1 refused", "5.7.1"),
        ("5.1.10 RESOLVER.ADR.RecipientNotFound", "5.1.10"),
        ("(5.2.2)", "5.2.2"),
        ("The code is 4.7.0.", "4.7.0"),
        ("host 5.1.1.7 is on a block list", None),
        ("blocked: 192.5.1.1", None),
        ("see v5.1.1 or 5.1.1-rc", "5.1.1"),
        ("no code here", None),
        ("x" * 3000 + " 5.1.1", None),
    ],
)
def test_enhanced_codes_are_found(text: str, expected: str | None) -> None:
    """The code is found wherever a reply puts it, and an IP address is none."""
    assert Reply(550, text).enhanced_code == expected


@given(RETRIES)
def test_a_policy_is_stored_and_made_again(retry: Retry) -> None:
    """What the ledger keeps of a policy makes the same policy."""
    assert Retry.from_spec(retry.spec()) == retry
