"""Depth "probe": what servers say of mailboxes, told from what they say of us, without harm and without a message."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from aiosmtpd.controller import Controller
from mailboxes import ZONE, knows, probe_of
from nameserver import NameServer
from servers import Answer, Asked, MailServer, Script, always, answer

from bulkkit.errors import InputError, PreflightError
from bulkkit.probing import Probe
from bulkkit.probing.conduct import NEVER_AT_RANDOM
from bulkkit.sending.clock import ScaledClock
from bulkkit.sending.throttle import Limit, Throttle
from bulkkit.verification import Resolver, verify, verify_address
from bulkkit.vocabulary import Action, Reason, Status


@pytest.fixture(scope="module")
def resolver() -> Iterator[Resolver]:
    """A name server that maps the test's domains to loopback."""
    with NameServer(ZONE) as server:
        yield Resolver([server.address], timeout=1.0, cache=False)


@pytest.fixture
def ask(serve: Callable[..., MailServer], resolver: Resolver) -> Callable[..., tuple[pd.DataFrame, MailServer]]:
    """Judge addresses by what a server with a script says."""

    def asking(script: Script | None, *emails: str, **options: Any) -> tuple[pd.DataFrame, MailServer]:
        server = serve(script)
        probe = probe_of(server.port, **options)
        return verify(pd.DataFrame({"email": emails}), "probe", resolver=resolver, probe=probe), server

    return asking


Asking = Callable[..., tuple[pd.DataFrame, MailServer]]


def test_a_yes_counts_where_others_hear_a_no(ask: Asking) -> None:
    """Who is known is deliverable, who is not is dead, and neither row sees a message."""
    told, server = ask(knows("ana"), "ana@acme.example", "bob@acme.example")
    assert told["reason"].tolist() == ["accepted_email", "mailbox_not_found"]
    assert told["status"].tolist() == [Status.DELIVERABLE, Status.UNDELIVERABLE]
    assert told["action"].tolist() == [Action.SEND, Action.SUPPRESS]
    assert told["smtp_code"].tolist() == [250, 550]
    assert told["enhanced_code"].tolist() == ["2.1.5", "5.1.1"]
    assert told["depth"].eq("probe").all()
    assert told["accept_all"].tolist() == [False, False]
    assert server.taken == []
    assert not any(line.startswith("DATA") for line in server.lines)


def test_who_takes_any_name_is_accept_all(ask: Asking) -> None:
    """A server that says 250 to everything vouches for nobody; the name that nobody has is asked about last."""
    told, server = ask(None, "ana@acme.example", "bob@acme.example")
    assert told["reason"].eq("accept_all").all()
    assert told["status"].eq("risky").all()
    asked = [line for line in server.lines if line.startswith("RCPT")]
    assert [("ana@" in line, "bob@" in line) for line in asked] == [(True, False), (False, True), (False, False)]


def test_a_lone_yes_is_tried_with_a_name_that_nobody_has(ask: Asking) -> None:
    """One address only: the stranger's refusal makes the yes worth something."""
    told, _ = ask(knows("ana"), "ana@acme.example")
    assert told.loc[0, ["reason", "accept_all"]].tolist() == ["accepted_email", False]


@pytest.mark.parametrize(("domain", "network"), [("tenant.example", "Microsoft"), ("yahoo.example", "Yahoo")])
def test_microsoft_and_yahoo_are_never_asked_about_a_stranger(ask: Asking, domain: str, network: str) -> None:
    """They would answer falsely afterwards: only the list's own addresses go there, and a yes stays unknown."""
    assert network in NEVER_AT_RANDOM
    told, server = ask(None, f"ana@{domain}", f"bob@{domain}")
    assert [line for line in server.lines if line.startswith("RCPT")] == [
        f"RCPT TO:<ana@{domain}>", f"RCPT TO:<bob@{domain}>",
    ]  # fmt: skip
    assert told["reason"].eq("not_probed").all()
    assert told["accept_all"].isna().all()
    heard, _ = ask(knows("ana"), f"ana@{domain}", f"bob@{domain}")
    assert heard["reason"].tolist() == ["accepted_email", "mailbox_not_found"]


BLOCKED = [
    "550 5.7.1 Access denied\r\n",
    "550 5.7.1 no\r\n",
    "554 5.7.1 Service unavailable; Client host [127.0.0.1] blocked using zen.spamhaus.org\r\n",
    "550 5.1.1 Rejected: you are on our blacklist\r\n",
    "450 4.7.1 Client host blocked, see SpamCop\r\n",
    "550 no\r\n",
    "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)\r\n",
    "550 5.1.8 Sender address rejected: Domain not found\r\n",
    "504 5.5.2 Helo command rejected: need fully-qualified hostname\r\n",
    "554 Your access to this mail system has been rejected due to the sending MTA's poor reputation.\r\n",
]


@pytest.mark.parametrize("reply", BLOCKED)
def test_a_refusal_of_us_is_no_dead_mailbox(ask: Asking, reply: str) -> None:
    """Whatever is about whoever asks leaves the mailbox unknown, and nobody is suppressed for it."""
    told, _ = ask(always("RCPT", reply), "ana@acme.example")
    assert told.loc[0, ["status", "reason", "action"]].tolist() == ["unknown", "probe_blocked", "send"]


@pytest.mark.parametrize(
    ("step", "reply", "reason"),
    [
        ("banner", "554 5.7.1 Go away\r\n", Reason.PROBE_BLOCKED),
        ("banner", "421 4.3.2 Too busy\r\n", Reason.MAIL_SERVER_TEMPORARY_ERROR),
        ("MAIL", "550 5.7.1 Not you\r\n", Reason.PROBE_BLOCKED),
        ("MAIL", "451 4.3.0 Later\r\n", Reason.MAIL_SERVER_TEMPORARY_ERROR),
        ("RCPT", "552 5.2.2 Mailbox full\r\n", Reason.MAILBOX_QUOTA_EXCEEDED),
        ("RCPT", "452 4.2.2 The mailbox is over quota\r\n", Reason.MAILBOX_QUOTA_EXCEEDED),
        ("RCPT", "452 4.5.3 Too many recipients\r\n", Reason.MAIL_SERVER_TEMPORARY_ERROR),
        ("RCPT", "550 5.2.1 The account is disabled\r\n", Reason.MAILBOX_DISABLED),
        ("RCPT", "550 No such user here\r\n", Reason.MAILBOX_NOT_FOUND),
        ("RCPT", "550 5.7.1 Spam message rejected\r\n", Reason.ANTISPAM_SYSTEM),
        ("RCPT", "450 4.2.0 Greylisted, try again later\r\n", Reason.GREYLISTED),
        ("RCPT", "421 4.7.0 Goodbye\r\n", Reason.MAIL_SERVER_TEMPORARY_ERROR),
        ("RCPT", "hello\r\n", Reason.FAILED_SMTP_CONNECTION),
        ("RCPT", "354 Go on\r\n", Reason.FAILED_SMTP_CONNECTION),
    ],
)
def test_each_answer_has_its_verdict(ask: Asking, step: str, reply: str, reason: Reason) -> None:
    """At each step and with each code, also when it is the same once more."""
    told, _ = ask(always(step, reply), "ana@acme.example")
    assert told.loc[0, "reason"] == reason, told.loc[0, "diagnostic"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [(Answer(then="close"), "forcible_disconnect"), (Answer(then="silence"), "timeout_exceeded")],
)
def test_a_broken_connection_says_nothing_of_the_mailbox(ask: Asking, bad: Answer, reason: str) -> None:
    """Hung up on, or left waiting: unknown, and worth trying again."""
    told, _ = ask(lambda asked: bad if asked.step == "RCPT" else None, "ana@acme.example", timeout=0.3)
    assert told.loc[0, ["status", "reason", "action"]].tolist() == ["unknown", reason, "retry"]


def test_another_server_of_the_domain_is_asked_and_the_silent_one_is_left(ask: Asking) -> None:
    """Where the first one does not say a word to the sender, the second one is asked, and no connection stays open."""
    silent = Answer(then="silence")
    told, _ = ask(
        lambda asked: silent if (asked.step, asked.times) == ("MAIL", 1) else knows("ana")(asked),
        "ana@two.example",
        timeout=1.0,
    )
    assert told.loc[0, "reason"] == "accepted_email"


def test_nobody_there_is_unknown(resolver: Resolver) -> None:
    """A closed port is a failed connection; the address was given, for nobody could tell it."""
    with MailServer() as gone:
        probe = probe_of(gone.port, address="127.0.0.1")
    verdict = verify_address("ana@acme.example", "probe", resolver=resolver, probe=probe)
    assert verdict.reason is Reason.FAILED_SMTP_CONNECTION


def test_greylisting_is_tried_again_after_five_minutes(ask: Asking) -> None:
    """Put off at first, taken later; the wait is five minutes of the clock or more."""
    moments: list[float] = []
    clock = ScaledClock(2_000, datetime(2026, 10, 1, tzinfo=UTC))
    grey = answer("RCPT", "451 4.7.1 Greylisting in action, please come back later\r\n", recipient="ana@acme.example")

    def script(asked: Asked) -> Answer | None:
        if asked.recipient == "ana@acme.example" and asked.step == "RCPT":
            moments.append(clock.seconds())
        return grey(asked) or knows("ana")(asked)

    told, _ = ask(script, "ana@acme.example", clock=clock)
    assert told.loc[0, "reason"] == "accepted_email"
    assert len(moments) == 2
    assert moments[1] - moments[0] >= 300


def test_without_the_patience_it_is_left_greylisted(ask: Asking) -> None:
    """The reason says why nothing is known, and the action that it may be tried again."""
    told, _ = ask(always("RCPT", "450 4.2.0 Greylisted\r\n"), "ana@acme.example", patience=200.0)
    assert told.loc[0, ["reason", "action", "smtp_code"]].tolist() == ["greylisted", "retry", 450]


def test_the_pace_holds(ask: Asking) -> None:
    """No more questions to one network in any window than its limit; whose turn does not come is not asked."""
    limit = Throttle(Limit(messages=4, window=600.0))
    people = [f"u{n}@acme.example" for n in range(12)]
    told, server = ask(knows(*(f"u{n}" for n in range(11))), *people, throttle=limit, patience=700.0)
    asked = [line for line in server.lines if line.startswith("RCPT")]
    assert len(asked) == 8
    assert told["depth"].eq("probe").sum() == 8
    left = told[told["depth"].eq("dns")]
    assert left["reason"].eq("not_probed").all()
    assert left["diagnostic"].str.contains("4 in 600 s").all()


def test_a_network_that_refuses_us_is_left_alone(ask: Asking) -> None:
    """After three refusals in a row nobody else is asked about there; the other networks go on."""
    people = [f"u{n:02}@acme.example" for n in range(10)] + ["ana@globex.example", "bob@globex.example"]

    def script(asked: Asked) -> Answer | None:
        if asked.step == "RCPT" and "@acme" in asked.recipient:
            return Answer(b"550 5.7.1 Access denied\r\n")
        return knows("ana")(asked)

    told, server = ask(script, *people)
    assert sum("@acme" in line for line in server.lines if line.startswith("RCPT")) == 3
    assert told["reason"].tolist() == ["probe_blocked"] * 10 + ["accepted_email", "mailbox_not_found"]


def test_a_server_that_hangs_up_is_not_called_again_and_again(ask: Asking) -> None:
    """Two connections lost in a row are enough."""
    people = [f"u{n}@acme.example" for n in range(15)]
    told, server = ask(lambda asked: Answer(then="close") if asked.step == "RCPT" else None, *people)
    # One more connection was the look at the port.
    assert len(server.clients) == 3
    assert told["reason"].eq("forcible_disconnect").all()


def test_many_mailboxes_take_few_connections(ask: Asking) -> None:
    """Twenty on each, and each address is asked about once, whatever its spelling and number."""
    people = [f"u{n}@{'Acme' if n % 2 else 'acme'}.example" for n in range(40)]
    _, server = ask(knows("u1"), *people, *people, throttle=Throttle.unlimited())
    assert sum(line.startswith("RCPT") for line in server.lines) == 40
    assert len(server.clients) == 3
    assert server.most_open == 1


def test_what_is_settled_is_not_asked_about(ask: Asking, resolver: Resolver) -> None:
    """Not what cannot be delivered, nor foreign addresses, nor who left; undeliverable beats risky."""
    people = ["bad address", "ana@null.example", "bob@nowhere.example", "jürgen@acme.example", "info@acme.example"]
    told, server = ask(knows("ana"), *people)
    assert [line for line in server.lines if line.startswith("RCPT")] == ["RCPT TO:<info@acme.example>"]
    assert told["reason"].tolist() == [
        "failed_syntax_check", "does_not_accept_mail", "no_dns_entries", "not_probed", "mailbox_not_found",
    ]  # fmt: skip
    left = pd.DataFrame(
        {"kind": "unsubscribed", "campaign": "spring", "email": "ana@acme.example",
         "at": pd.Timestamp("2026-01-01", tz="UTC")},
        index=[0],
    )  # fmt: skip
    before = len(server.lines)
    frame = pd.DataFrame({"email": ["ana@acme.example"]})
    kept = verify(frame, "probe", resolver=resolver, probe=probe_of(server.port), events=left)
    assert (kept.loc[0, "reason"], len(server.lines)) == ("suppressed", before)


def test_the_callers_rows_stay(ask: Asking) -> None:
    """Index, order and dtypes are those of any verdict."""
    frame = pd.DataFrame({"email": ["bob@acme.example", "ana@acme.example"]}, index=["x", "x"])
    told, _ = ask(knows("ana"), *frame["email"])
    assert told.dtypes.equals(verify(frame).dtypes)


def test_without_a_probe_it_is_refused() -> None:
    """The depth is off by default, and the message says why and what to hand in."""
    with pytest.raises(InputError, match=r"block-listed.*bulkkit\.probing\.Probe"):
        verify_address("ana@acme.example", "probe")
    with pytest.raises(InputError, match="asks no mail server"):
        verify_address("ana@acme.example", "dns", probe=Probe("probe.example", "a@probe.example"))


@pytest.mark.parametrize(
    ("helo", "sender"), [("localhost", "a@b.example"), ("127.0.0.1", "a@b.example"), ("a.example", "b")]
)
def test_a_probe_has_a_real_name_and_sender(helo: str, sender: str) -> None:
    """A name without a dot, an address for a name, no address for a sender: refused at once."""
    with pytest.raises(InputError):
        Probe(helo, sender)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"1.0.0.127.in-addr.arpa": {}}, "has no name"),
        ({"1.0.0.127.in-addr.arpa": {"how": "SERVFAIL"}}, "DNS gave no answer"),
        ({"1.0.0.127.in-addr.arpa": {"PTR": ["host-127-0-0-1.example."]}}, "as dial-up and home connections are"),
        ({"probe.example": {"A": ["192.0.2.1"]}}, "the two must agree"),
        ({"1.0.0.127.in-addr.arpa": {"PTR": ["mx.acme.example."]}, "probe.example": {}}, "given in HELO"),
    ],
)
def test_where_something_speaks_against_it_nobody_is_asked(
    serve: Callable[..., MailServer], changes: dict[str, dict[str, Any]], words: str
) -> None:
    """Without a name of its own, on a dial-up range, under a false name: it says so, and asks about no mailbox."""
    server = serve()
    with NameServer({**ZONE, **changes}) as names:
        own = Resolver([names.address], timeout=0.5, cache=False)
        with pytest.raises(PreflightError, match=words):
            verify_address("ana@acme.example", "probe", resolver=own, probe=probe_of(server.port))
    assert server.lines == []


@pytest.mark.parametrize(
    ("option", "reason"),
    [("-r", "mail_server_temporary_error"), ("-f", "probe_blocked"), ("-q", "forcible_disconnect"),
     ("-Q", "mail_server_temporary_error")],
)  # fmt: skip
def test_postfixs_sink_is_understood(sink: Callable[..., Any], resolver: Resolver, option: str, reason: str) -> None:
    """Soft and hard refusals, a silent goodbye and 421, as Postfix's own test server gives them."""
    verdict = verify_address("ana@acme.example", "probe", resolver=resolver, probe=probe_of(sink(option, "RCPT").port))
    assert verdict.reason == reason, verdict.diagnostic


def test_aiosmtpd_is_understood(resolver: Resolver) -> None:
    """A server of the field's library that knows one person."""

    class Handler:
        async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
            if not address.startswith("ana@"):
                return "550 5.1.1 No such user"
            envelope.rcpt_tos.append(address)
            return "250 2.1.5 OK"

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        people = pd.DataFrame({"email": ["ana@acme.example", "bob@acme.example"]})
        told = verify(people, "probe", resolver=resolver, probe=probe_of(port))
    finally:
        controller.stop()
    assert told["reason"].tolist() == ["accepted_email", "mailbox_not_found"]
