"""A send through a real Postfix: its queue, its TLS and AUTH, its own refusals, and what arrives behind it."""

from __future__ import annotations

import re
import smtplib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pytest
from certificates import Authority
from postfix import Postfix, passwords, postfix
from rehearsal import campaign, people, relay

from bulkkit.dispatch import plan
from bulkkit.errors import RelayError
from bulkkit.ledger import Ledger
from bulkkit.message.message import Message
from bulkkit.sending import client as sending_client
from bulkkit.sending.password import ENVIRONMENT
from bulkkit.sending.relay import Relay
from bulkkit.sending.retry import Retry
from bulkkit.sending.throttle import Throttle

GONE: Final = "gone@alpha.example"
BUSY: Final = "busy@alpha.example"
STEP_BY_STEP: Final = "127.0.0.2"
"""Whoever connects from here is not offered PIPELINING."""
LARGEST: Final = 60_000
PATIENCE: Final = 40.0
COMES_AGAIN: Final = 250.0
"""At so many times the clock's pace, the five minutes before a second attempt are a bit more than Postfix's second."""
ODD: Final = Message(
    subject="Grüße, {{ first_name }}",
    markdown="Dear {{ first_name }},\n\n.a dot\n\n..two\n\nFrom here.\n\n" + "rather long " * 200,
)

STRICT: Final = {
    # CVE-2023-51764: what ends a message is CRLF, dot, CRLF, and a bare line end is refused, from anybody.
    "smtpd_forbid_bare_newline": "reject",
    "smtpd_forbid_bare_newline_exclusions": "",
    "smtpd_forbid_unauth_pipelining": "yes",
    "smtpd_discard_ehlo_keyword_address_maps": f"inline:{{{STEP_BY_STEP}=pipelining}}",
    "smtpd_recipient_restrictions": f"check_recipient_access inline:{{{{{GONE} = 550 5.1.1 No such user}},"
    f"{{{BUSY} = 450 4.7.1 Greylisted, come again}}}}",
    "smtpd_tls_security_level": "may",
    "smtpd_tls_auth_only": "yes",
    "message_size_limit": str(LARGEST),
}


@dataclass(frozen=True, slots=True)
class Sent:
    """What a send came to: the ledger's rows by address, and what each message was when it was handed over."""

    rows: pd.DataFrame
    written: dict[str, bytes]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority of the tests' own."""
    return Authority.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def strict(authority: Authority) -> Iterator[Postfix]:
    """Postfix with TLS, a user, and its strictest reading of SMTP."""
    authority.server("127.0.0.1")
    chain = {"smtpd_tls_chain_files": str(authority.folder / "127.0.0.1-1.pem")}
    with (
        passwords({"ana@example.org": "secret"}) as auth,
        postfix(**STRICT, **chain, **auth) as server,
    ):
        yield server


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let our side trust the tests' authority."""
    context = authority.trusting()
    monkeypatch.setattr(sending_client, "tls_context", lambda: context)


def sent(to: Relay, audience: pd.DataFrame, ledger: Path, **options: Any) -> Sent:
    """Send a campaign and wait until it is done."""
    planned = plan(campaign(audience, message=ODD), [to], throttle=Throttle.unlimited(), ledger=ledger, **options)
    send = planned.send(confirm=planned.recipients)
    send.wait(PATIENCE)
    assert not send.is_running
    opened = Ledger(ledger)
    rows = opened.sends().set_index("email")
    each = opened.recipients(range(1, len(rows) + 1))
    moment = parsedate_to_datetime("Thu, 01 Oct 2026 09:00:00 +0000")
    return Sent(rows, {person.message_id: planned.message.write(person, moment) for person in each})


def delivered(server: Postfix, what: Sent) -> list[bytes]:
    """Return what Postfix delivered of a send, without the headers that it put before and the moment of sending."""
    wanted = len(what.written)
    mine = [raw for raw in server.mail(wanted) if message_id(raw) in what.written]
    if len(mine) < wanted:
        mine = [raw for raw in server.mail(len(server.mail()) + wanted - len(mine)) if message_id(raw) in what.written]
    return [without_date(raw[raw.index(b"From: Example News") :].replace(b"\n", b"\r\n")) for raw in mine]


def message_id(raw: bytes) -> str:
    """Return a message's identifier."""
    return re.search(rb"(?im)^message-id: (.*?)\r?$", raw)[1].decode()


def without_date(raw: bytes) -> bytes:
    """Return a message without the moment of sending."""
    return re.sub(rb"(?m)^Date: .*\r\n", b"", raw)


@pytest.mark.parametrize("source", [None, STEP_BY_STEP], ids=["pipelining", "step by step"])
def test_what_is_sent_arrives_byte_for_byte(strict: Postfix, path: Path, source: str | None) -> None:
    """A strict Postfix takes and delivers each message once, just as it was written: dots, umlauts, long lines."""
    to = Relay(f"smtp://127.0.0.1:{strict.port}", source_address=source, max_connections=4)
    what = sent(to, people(40), path)
    assert set(what.rows["state"]) == {"accepted"}
    assert Counter(delivered(strict, what)) == Counter(map(without_date, what.written.values()))


def test_a_bare_line_end_would_have_been_refused(strict: Postfix) -> None:
    """The Postfix of these tests does refuse a message with a bare line end."""
    with smtplib.SMTP("127.0.0.1", strict.port) as client:
        client.ehlo()
        client.mail("news@example.org")
        client.rcpt("ana@alpha.example")
        client.docmd("DATA")
        client.send(b"Subject: smuggled\r\n\r\none\n.\r\nMAIL FROM:<eve@example.org>\r\n.\r\n")
        assert client.getreply()[0] == 550


@pytest.mark.usefixtures("trusted")
def test_tls_and_a_user_go_before_the_mail(strict: Postfix, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over STARTTLS the user is let in, and Postfix notes whose mail it was."""
    monkeypatch.setenv(ENVIRONMENT, "secret")
    what = sent(Relay(f"smtp+starttls://ana%40example.org@127.0.0.1:{strict.port}"), people(5), path)
    assert set(what.rows["state"]) == {"accepted"}
    assert Counter(delivered(strict, what)) == Counter(map(without_date, what.written.values()))
    assert strict.log.count("sasl_username=ana@example.org") >= 5


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_sends_nothing(strict: Postfix, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Postfix's refusal of the password is an error before anything is stored, and does not show it."""
    monkeypatch.setenv(ENVIRONMENT, "hunter2-wrong")
    with pytest.raises(RelayError, match="refuses user and password") as caught:
        sent(Relay(f"smtp+starttls://ana%40example.org@127.0.0.1:{strict.port}"), people(5), path)
    assert "hunter2" not in str(caught.value)
    assert "sasl_method=PLAIN" not in strict.log.rpartition("authentication failed")[2]


def test_postfixs_refusals_mean_what_they_say(strict: Postfix, path: Path) -> None:
    """Nobody there: refused and never written to again; greylisted: tried again until it is given up; others arrive."""
    audience = pd.concat([people(3), pd.DataFrame({"email": [GONE, BUSY], "consent_basis": "opt_in"})])
    what = sent(relay(strict.port), audience, path, retry=Retry(first=600, give_up_after=7200))
    states = what.rows["state"].to_dict()
    assert states.pop(GONE) == "refused"
    assert states.pop(BUSY) == "expired"
    assert set(states.values()) == {"accepted"}
    assert what.rows.loc[BUSY, "attempts"] >= 2
    assert Ledger(path).suppressions()["email"].tolist() == [GONE]


def test_an_address_beyond_ascii_arrives(strict: Postfix, path: Path) -> None:
    """Postfix offers SMTPUTF8, so an address that needs it is written as it is."""
    what = sent(Relay(f"smtp://127.0.0.1:{strict.port}"), people(1).assign(email="jörg@alpha.example"), path)
    assert what.rows.loc["jörg@alpha.example", "state"] == "accepted"
    assert "To: jörg@alpha.example".encode() in delivered(strict, what)[0]


def test_a_message_that_postfix_finds_too_large_is_not_begun(strict: Postfix, path: Path) -> None:
    """Above the SIZE that is announced nothing is asked of Postfix; the send says so, and all is queued still."""
    before, message = strict.log.count("MAIL FROM"), Message(subject="Long", markdown="word " * (LARGEST // 5))
    planned = plan(campaign(people(3), message=message), [relay(strict.port)], ledger=path)
    send = planned.send(confirm=3)
    with pytest.raises(RelayError, match=rf"bytes and this relay takes {LARGEST:,} \(SIZE, RFC 1870\)"):
        send.wait(PATIENCE)
    assert set(Ledger(path).sends()["state"]) == {"queued"}
    assert strict.log.count("MAIL FROM") == before


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"smtpd_client_message_rate_limit": "25"}, "Message delivery request rate limit exceeded"),
        ({"smtpd_client_connection_count_limit": "2"}, "Connection concurrency limit exceeded"),
        ({"smtpd_hard_error_limit": "1"}, "too many errors"),
    ],
    ids=["too many messages", "too many connections", "too many errors"],
)
def test_postfixs_limits_lose_nobody(path: Path, limits: dict[str, str], said: str) -> None:
    """Where Postfix finds us too fast or too wrong (450, 421), we come again, and everybody has one message."""
    unknown = f"check_recipient_access inline:{{{{{GONE} = 550 5.1.1 No such user}}}}"
    exact = {"anvil_rate_time_unit": "1s", "smtpd_error_sleep_time": "0", "smtpd_client_event_limit_exceptions": ""}
    audience = pd.concat([people(20), people(1).assign(email=GONE), people(20, "beta.example")])
    with postfix(smtpd_recipient_restrictions=unknown, **exact, **limits) as server:
        what = sent(relay(server.port, COMES_AGAIN), audience, path, retry=Retry(first=300, longest=300))
        assert said in server.log
        assert what.rows["state"].value_counts().to_dict() == {"accepted": 40, "refused": 1}
        assert len(server.mail(40)) == 40
