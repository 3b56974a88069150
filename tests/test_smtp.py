"""The wire: one connection, whatever the server at its other end does."""

from __future__ import annotations

import asyncio
import ssl
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from certificates import Authority
from servers import Answer, Asked, MailServer, Script, always, answer

from bulkkit.errors import RelayError
from bulkkit.sending import client as sending_client
from bulkkit.sending.envelope import Envelope
from bulkkit.sending.relay import Relay
from bulkkit.sending.reply import Reply
from bulkkit.sending.send import new_event_loop
from bulkkit.sending.smtp import Deadlines, Session, WireError

Result = TypeVar("Result")
SHORT = Deadlines(greeting=0.3, envelope=0.15, data=0.15, body=0.3, dot=0.15)
PATIENT = Deadlines(greeting=20, envelope=20, data=20, body=20, dot=20)
MESSAGE = b"Subject: Hi\r\nMessage-ID: <1@example.org>\r\n\r\nA line.\r\nLast\r\n"
STEPS = ("MAIL", "RCPT", "DATA", "dot")
PROMPT = 10.0
"""Seconds within which an error with short deadlines must be there; the server itself would take twice as long."""


@pytest.fixture(params=["one by one", "pipelined"])
def serve(serve: Callable[..., MailServer], request: pytest.FixtureRequest) -> Callable[..., MailServer]:
    """Start servers that want one question at a time, and servers that take several at once."""
    extensions = ("8BITMIME", *(("PIPELINING",) if request.param == "pipelined" else ()))
    return lambda *args, **options: serve(*args, **{"extensions": extensions, **options})


def run(work: Awaitable[Result]) -> Result:
    """Run a coroutine in the kind of loop that a send has."""

    async def waited() -> Result:
        return await work

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(waited())


async def agreed(session: Session, recipient: str = "ana@a.example") -> tuple[str, Reply]:
    """Ask for an envelope; return the last step asked and its reply."""
    session.ask(Envelope("news@example.org", recipient))
    return await session.agreed()


async def handed_over(session: Session, recipient: str = "ana@a.example") -> tuple[str, Reply]:
    """Hand one message over; return the last step asked and its reply."""
    step, reply = await agreed(session, recipient)
    if not reply.is_positive:
        return step, reply
    await session.body(MESSAGE)
    session.finish()
    return "dot", await session.ended()


async def one_message(server: MailServer, deadlines: Deadlines = PATIENT, **options: Any) -> tuple[str, Reply]:
    """Open a connection, hand one message over, close."""
    session = await Session.open(Relay(f"smtp://127.0.0.1:{server.port}", **options), None, deadlines)
    try:
        return await handed_over(session)
    finally:
        await session.close()


def test_a_message_arrives_as_it_was_written(serve: Callable[..., MailServer]) -> None:
    """What the server reads after taking the dots off is the message, byte for byte, with a last line end."""
    server = serve()
    assert run(one_message(server)) == ("dot", Reply(250, "2.0.0 Ok"))
    assert [taken.data for taken in server.mail] == [MESSAGE]
    assert server.lines[-1] == "QUIT"


def test_a_connection_takes_one_message_after_the_other(serve: Callable[..., MailServer]) -> None:
    """Refused or accepted, a message leaves the connection ready for the next one."""
    server = serve(always("RCPT", "550 5.1.1 Nobody\r\n", recipient="gone@a.example"))

    async def several() -> list[int]:
        session = await Session.open(Relay(f"smtp://127.0.0.1:{server.port}"), None, PATIENT)
        people = ["ana@a.example", "gone@a.example", "ben@a.example", "gone@a.example", "eva@a.example"]
        codes = [(await handed_over(session, person))[1].code for person in people]
        await session.close()
        return codes

    assert run(several()) == [250, 550, 250, 550, 250]
    assert list(server.counts()) == ["ana@a.example", "ben@a.example", "eva@a.example"]
    assert len(server.clients) == 1


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "fault",
    [
        Answer(then="silence"),
        Answer(b"250 slowly", drip=0.05),
        Answer(b"hello?\r\n"),
        Answer(b"\xff\xfe\x00\r\n"),
        Answer(b"250 one\r\n250 two\r\n"),
        Answer(b"250-endless\r\n", then="endless"),
        Answer(b"x" * 100, then="endless"),
        Answer(then="close"),
        Answer(then="reset"),
        Answer(b"250-half a re", then="close"),
    ],
    ids=["silence", "drip", "garbage", "bytes", "two", "endless", "one line", "close", "reset", "half"],
)
def test_a_fault_ends_the_connection_in_time(serve: Callable[..., MailServer], step: str, fault: Answer) -> None:
    """Silence, dripping, garbage, too much and too little each end the connection, within its deadline and 20 MB."""
    server = serve(answer(step, fault))
    tracemalloc.start()
    begun = time.monotonic()
    try:
        with pytest.raises(WireError):
            run(one_message(server, SHORT))
        assert time.monotonic() - begun < PROMPT
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "fault",
    [
        Answer(then="silence"),
        Answer(b"220 slowly", drip=0.1),
        Answer(b"hello?\r\n"),
        Answer(b"421 4.7.0 Too many\r\n", then="close"),
        Answer(b"554 5.7.1 caf\xe9 \xff\r\n", then="close"),
        Answer(b"220-endless\r\n", then="endless"),
        Answer(b"x" * 100, then="endless"),
        Answer(then="close"),
    ],
    ids=["silence", "drip", "garbage", "421", "bytes", "endless", "one line", "close"],
)
@pytest.mark.parametrize("step", ["banner", "EHLO"])
def test_a_bad_greeting_is_a_relay_error(serve: Callable[..., MailServer], step: str, fault: Answer) -> None:
    """A relay that does not greet as it should is an error that can be shown, within the deadline and 20 MB."""
    server = serve(answer(step, fault))
    tracemalloc.start()
    begun = time.monotonic()
    try:
        with pytest.raises(RelayError, match="cannot be used") as caught:
            run(one_message(server, SHORT))
        assert time.monotonic() - begun < PROMPT
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
    assert str(caught.value).encode("utf-8")
    assert not server.mail


def test_nobody_there_is_a_relay_error() -> None:
    """Where nothing listens, the error names the relay and says so."""
    with pytest.raises(RelayError, match=r"127\.0\.0\.1:1 cannot be used: nothing listens there"):
        run(Session.open(Relay("smtp://127.0.0.1:1"), None, SHORT))


@pytest.mark.parametrize(
    ("step", "reply"),
    [("MAIL", "354 Go on\r\n"), ("RCPT", "354 Go on\r\n"), ("DATA", "250 Ok\r\n"), ("dot", "354 Go on\r\n")],
)
def test_a_yes_to_another_question_ends_the_connection(serve: Callable[..., MailServer], step: str, reply: str) -> None:
    """A positive reply that does not fit what was asked is never taken for a yes."""
    server = serve(answer(step, reply))
    with pytest.raises(WireError, match="no answer to it"):
        run(one_message(server))


@pytest.mark.parametrize("step", STEPS)
def test_a_late_reply_meets_nobody(serve: Callable[..., MailServer], step: str) -> None:
    """After a deadline the connection takes no further message, so a late reply cannot be another recipient's."""
    server = serve(
        answer(step, Answer(b"250 2.0.0 Late\r\n", after=0.25), recipient="" if step == "MAIL" else "ana@a.example")
    )

    async def late() -> None:
        session = await Session.open(Relay(f"smtp://127.0.0.1:{server.port}"), None, SHORT)
        with pytest.raises(WireError, match="did not answer within"):
            await handed_over(session)
        await asyncio.sleep(0.2)
        assert session.is_lost
        with pytest.raises(WireError):
            await handed_over(session, "ben@a.example")

    run(late())
    assert "ben@a.example" not in "".join(server.lines)


@pytest.mark.parametrize("step", STEPS)
def test_a_421_is_the_last_reply(serve: Callable[..., MailServer], step: str) -> None:
    """After 421 the connection takes nothing more, though the server may leave it open."""
    server = serve(answer(step, "421 4.3.2 Closing\r\n"))

    async def closing() -> tuple[str, Reply, bool]:
        session = await Session.open(Relay(f"smtp://127.0.0.1:{server.port}"), None, PATIENT)
        asked, reply = await handed_over(session)
        is_lost = session.is_lost
        session.abort()
        return asked, reply, is_lost

    assert run(closing()) == (step, Reply(421, "4.3.2 Closing"), True)


@pytest.mark.parametrize("then", ["close", "reset", "half-close"])
def test_a_refusal_holds_though_the_server_hangs_up(serve: Callable[..., MailServer], then: str) -> None:
    """What the server said of a recipient is not lost because it closed the connection next."""
    # A reset may overtake what was said, unless the server had nothing more to read.
    only = {"extensions": ()} if then == "reset" else {}
    server = serve(answer("RCPT", Answer(b"550 5.1.1 Nobody\r\n", then=then)), **only)
    assert run(one_message(server)) == ("RCPT", Reply(550, "5.1.1 Nobody"))


def test_an_unasked_line_ends_the_connection(serve: Callable[..., MailServer]) -> None:
    """A server that speaks unasked between two messages is not asked again."""
    server = serve(answer("dot", Answer(b"250 2.0.0 Ok\r\n", then="babble")))

    async def babbling() -> bool:
        session = await Session.open(Relay(f"smtp://127.0.0.1:{server.port}"), None, PATIENT)
        await handed_over(session)
        for _ in range(200):
            if session.is_lost:
                break
            await asyncio.sleep(0.005)
        return session.is_lost

    assert run(babbling())


@pytest.mark.parametrize("then", ["half-close", "reset"])
def test_a_break_in_the_data_comes_before_the_dot(serve: Callable[..., MailServer], then: str) -> None:
    """A server that leaves after 354 has not had the dot, and the error is there before it would be written."""
    server = serve(answer("DATA", Answer(b"354 Go on\r\n", then=then)))

    async def broken() -> None:
        session = await Session.open(Relay(f"smtp://127.0.0.1:{server.port}"), None, PATIENT)
        with pytest.raises(WireError):  # noqa: PT012 - each step may be the one that finds out
            await agreed(session)
            while True:
                await session.body(MESSAGE)
                await asyncio.sleep(0.005)

    run(broken())
    assert not server.taken


def test_a_connection_in_the_middle_of_data_is_dropped(serve: Callable[..., MailServer]) -> None:
    """Closing between the data and the dot writes nothing more, waits for nothing, and leaves no message."""
    server = serve()
    begun = time.monotonic()

    async def left() -> None:
        session = await Session.open(Relay(f"smtp://127.0.0.1:{server.port}"), None, PATIENT)
        await agreed(session)
        await session.body(MESSAGE)
        await session.close()

    run(left())
    assert time.monotonic() - begun < PATIENT.dot / 2
    assert not server.taken


def test_a_body_that_nobody_reads_has_a_deadline(serve: Callable[..., MailServer]) -> None:
    """A server that stops reading in the middle of a large message does not hold the connection for ever."""
    server = serve(answer("DATA", Answer(b"354 Go on\r\n", then="silence")))

    async def unread() -> None:
        session = await Session.open(Relay(f"smtp://127.0.0.1:{server.port}"), None, SHORT)
        await agreed(session)
        await session.body(b"x" * 70 + b"\r\n" + b"y\r\n" * 10_000_000)

    with pytest.raises(WireError, match="did not take the message within"):
        run(unread())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority of the tests' own."""
    return Authority.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The same, trusted by our side."""
    context = authority.trusting()
    monkeypatch.setattr(sending_client, "tls_context", lambda: context)
    return authority


def secured(server: MailServer, scheme: str = "smtp+starttls") -> Any:
    """Open a connection with a user and password, and hand one message over."""

    async def work() -> tuple[str, Reply]:
        session = await Session.open(Relay(f"{scheme}://ana@127.0.0.1:{server.port}"), "secret", PATIENT)
        try:
            return await handed_over(session)
        finally:
            await session.close()

    return run(work())


def verbs(server: MailServer) -> list[str]:
    """The commands that a server heard, in their order."""
    return [line.split(" ", 1)[0] for line in server.lines]


def test_starttls_comes_before_everything(serve: Callable[..., MailServer], trusted: Authority) -> None:
    """With a good certificate the password and the mail go out after STARTTLS and a new EHLO."""
    server = serve(tls=trusted.server("127.0.0.1"), extensions=("AUTH PLAIN",))
    assert secured(server)[1].code == 250
    order = verbs(server)
    assert order.index("STARTTLS") < order.index("EHLO", 1) < order.index("AUTH") < order.index("MAIL")
    assert len(server.mail) == 1


def test_implicit_tls_works(serve: Callable[..., MailServer], trusted: Authority) -> None:
    """With smtps:// not one byte goes out in the open."""
    server = serve(implicit_tls=trusted.server("127.0.0.1"), extensions=("AUTH PLAIN",))
    assert secured(server, "smtps")[1].code == 250
    assert len(server.mail) == 1


STRIPPED: list[tuple[str, Script | None]] = [
    ("not offered", None),
    ("refused", always("STARTTLS", "454 4.7.0 TLS not available\r\n")),
    ("answered wrongly", always("STARTTLS", "250 2.0.0 Ok\r\n")),
]


@pytest.mark.parametrize(("case", "script"), STRIPPED, ids=[case for case, _ in STRIPPED])
def test_without_starttls_nothing_goes_out(serve: Callable[..., MailServer], case: str, script: Script | None) -> None:
    """Where STARTTLS is stripped or refused, neither password nor mail leaves."""
    server = serve(script, extensions=("AUTH PLAIN", *(["STARTTLS"] if script else [])))
    with pytest.raises(RelayError):
        secured(server)
    assert not {"AUTH", "MAIL"} & set(verbs(server))


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
@pytest.mark.parametrize("case", ["another host", "expired", "signed by nobody"])
def test_a_certificate_that_is_not_the_relays_stops_it(
    serve: Callable[..., MailServer], authority: Authority, monkeypatch: pytest.MonkeyPatch, scheme: str, case: str
) -> None:
    """A certificate for another host, expired, or of an unknown authority: no password and no mail."""
    context = authority.server(
        "192.0.2.1" if case == "another host" else "127.0.0.1", days=-1 if case == "expired" else 1
    )
    if case != "signed by nobody":
        trusting = authority.trusting()
        monkeypatch.setattr(sending_client, "tls_context", lambda: trusting)
    names = {"smtps": "implicit_tls", "smtp+starttls": "tls"}
    server = serve(extensions=("AUTH PLAIN",), **{names[scheme]: context})
    with pytest.raises(RelayError, match=r"(?i)certificate"):
        secured(server, scheme)
    assert not {"AUTH", "MAIL"} & set(verbs(server))


def test_what_is_staged_before_tls_is_thrown_away(serve: Callable[..., MailServer], trusted: Authority) -> None:
    """Replies that somebody slipped in behind STARTTLS's own are never read inside TLS."""
    staged = Answer(b"220 2.0.0 Ready\r\n250-evil.example\r\n250 AUTH PLAIN\r\n235 2.7.0 Welcome\r\n250 Ok\r\n")
    server = serve(answer("STARTTLS", staged), tls=trusted.server("127.0.0.1"), extensions=("AUTH PLAIN",))
    assert secured(server)[1].code == 250
    assert "AUTH" in verbs(server)
    assert len(server.mail) == 1


def test_a_plain_server_is_no_tls_server(serve: Callable[..., MailServer]) -> None:
    """smtps:// to a server that speaks in the open is an error, not a fallback."""
    server = serve()
    with pytest.raises(RelayError):
        secured(server, "smtps")
    assert "AUTH" not in verbs(server)
    assert not server.mail


def test_our_side_asks_for_certificates() -> None:
    """The context of every send checks the certificate and the host's name."""
    context = sending_client.tls_context()
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED


def test_smtp_sink_takes_a_message(sink: Callable[..., Any], tmp_path: Path) -> None:
    """Postfix's own test server takes what we send."""
    there = sink()
    assert run(one_message(there))[1].code == 250
    assert there.counts() == {"ana@a.example": 1}


def asked_utf8(asked: Asked) -> Answer | None:
    """Refuse what is not announced with SMTPUTF8."""
    return Answer(b"553 5.6.7 No\r\n") if asked.step == "MAIL" and "SMTPUTF8" not in asked.line else None


@pytest.mark.parametrize(
    ("said", "largest"), [("SIZE 5000", 5000), ("SIZE 0", None), ("SIZE", None), ("SIZE many", None), ("SIZE ²", None)]
)
def test_the_largest_message_is_what_the_server_says(
    serve: Callable[..., MailServer], said: str, largest: int | None
) -> None:
    """SIZE is a number of bytes; zero, nothing and nonsense are no limit."""
    server = serve(extensions=("PIPELINING", said))

    async def work() -> int | None:
        session = await Session.open(Relay(f"smtp://127.0.0.1:{server.port}"), None, PATIENT)
        session.abort()
        return session.largest

    assert run(work()) == largest


def test_an_address_beyond_ascii_is_announced(serve: Callable[..., MailServer]) -> None:
    """An address that only SMTPUTF8 carries is announced as RFC 6531 §3.4 asks, and written in UTF-8."""
    server = serve(asked_utf8, extensions=("SMTPUTF8",))

    async def work() -> tuple[str, Reply]:
        session = await Session.open(Relay(f"smtp://127.0.0.1:{server.port}"), None, PATIENT)
        assert session.smtputf8
        begun = await agreed(session, "jörg@b.example")
        session.abort()
        return begun

    assert run(work())[1].code == 354
    assert "RCPT TO:<jörg@b.example>" in server.lines
