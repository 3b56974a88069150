"""Relays: what their address says, what is refused, and that a password is never seen."""

from __future__ import annotations

import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rehearsal import START, campaign, people, relay, start
from servers import Answer, MailServer, always

from bulkkit.dispatch import plan
from bulkkit.errors import ConfigurationError, RelayError
from bulkkit.ledger import Ledger
from bulkkit.sending.clock import ScaledClock
from bulkkit.sending.password import ENVIRONMENT, password_for
from bulkkit.sending.relay import MESSAGES_PER_CONNECTION, Relay
from bulkkit.sending.throttle import Throttle

SECRET = "correct horse/battery"


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port", "user"),
    [
        ("smtp://mail.example.org", "smtp", "mail.example.org", 25, None),
        ("smtp+starttls://ana@mail.example.org", "smtp+starttls", "mail.example.org", 587, "ana"),
        ("smtps://ana%40example.org@mail.example.org", "smtps", "mail.example.org", 465, "ana@example.org"),
        ("smtp+starttls://a%2Fb@mail.example.org:2525", "smtp+starttls", "mail.example.org", 2525, "a/b"),
        ("SMTP://[::1]:2525", "smtp", "::1", 2525, None),
    ],
)
def test_an_address_is_read(url: str, scheme: str, host: str, port: int, user: str | None) -> None:
    """Scheme, host, port and the percent-encoded user are read; ports default to the scheme's own."""
    to = Relay(url)
    assert (to.scheme, to.host, to.port, to.user) == (scheme, host, port, user)


@pytest.mark.parametrize(
    "url",
    ["mail.example.org", "http://mail.example.org", "smtp://", "smtp://host:99999", "smtp://host:x", "smtp://[::1", ""],
)
def test_what_is_no_relay_is_refused(url: str) -> None:
    """An address with another scheme, no host or no usable port says how one reads."""
    with pytest.raises(ConfigurationError, match=r"reads smtp\+starttls://user@host:587"):
        Relay(url)


@pytest.mark.parametrize(
    "url",
    [
        f"smtp+starttls://ana:{SECRET}@mail.example.org",
        f"ana@example.org:{SECRET}@mail.example.org",
        f"://ana:{SECRET}@mail.example.org",
        f"//ana:{SECRET}@mail.example.org",
        f"smtp://[ana:{SECRET}@mail.example.org",
        f"smtps://ana:{SECRET}@mail.example.org:port",
        f"smtps://ana:{SECRET}@ｍail.example\u2100.org",
        f"ana:{SECRET}@mail.example.org",
    ],
)
def test_a_password_in_the_address_is_refused_and_not_shown(url: str) -> None:
    """Wherever somebody put the password, the error has no part of it."""
    with pytest.raises(ConfigurationError) as caught:
        Relay(url)
    assert not {"correct", "horse", "battery"} & set(str(caught.value).replace("/", " ").replace("'", " ").split())
    assert "horse" not in repr(caught.value)


@pytest.mark.parametrize("host", ["mail.example.org", "192.0.2.1", "127.0.0.1.example.org", "[2001:db8::1]"])
def test_a_user_over_plain_smtp_is_refused(host: str) -> None:
    """Plain smtp:// with a user is for this machine only: the password would cross the network in the open."""
    with pytest.raises(ConfigurationError, match="plain text"):
        Relay(f"smtp://ana@{host}")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.255.0.1"])
def test_a_user_on_loopback_is_allowed(host: str) -> None:
    """To this machine plain smtp:// may authenticate."""
    assert Relay(f"smtp://ana@{host}").is_loopback


@pytest.mark.parametrize("options", [{"rate": 0}, {"daily": -1}, {"max_connections": 0}])
def test_a_relay_that_takes_nothing_is_refused(options: dict[str, int]) -> None:
    """A limit of nothing is an error, never no limit."""
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        Relay("smtp://127.0.0.1", **options)


def test_a_clock_that_is_not_the_worlds_makes_a_sandbox() -> None:
    """What simulates time only simulates sending."""
    assert Relay("smtp://127.0.0.1", clock=ScaledClock(10, START)).is_sandbox
    assert not Relay("smtp://127.0.0.1").is_sandbox


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=10))
def test_a_password_comes_from_the_environment(password: str, user: str) -> None:
    """The environment's password is taken as it is; a relay without a user wants none."""
    with pytest.MonkeyPatch.context() as patch:
        try:
            patch.setenv(ENVIRONMENT, password)
        except (ValueError, UnicodeEncodeError):  # No environment holds NUL or half a character.
            return
        assert password_for(Relay("smtps://ana@mail.example.org")) == password
        assert password_for(Relay("smtps://mail.example.org")) is None


def test_a_password_comes_from_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one in the environment, the keyring is asked for the user at the host."""
    known = {("bulkkit", "ana@mail.example.org"): SECRET}
    errors = SimpleNamespace(KeyringError=RuntimeError)
    keyring = SimpleNamespace(get_password=lambda service, name: known.get((service, name)), errors=errors)
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    assert password_for(Relay("smtps://ana@mail.example.org")) == SECRET


def test_without_anybody_to_ask_the_send_does_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no password is to be had, the error says which variable to set."""

    def nobody(prompt: str) -> str:
        raise EOFError(prompt)

    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.setattr("bulkkit.sending.password.getpass", nobody)
    with pytest.raises(ConfigurationError, match=ENVIRONMENT):
        password_for(Relay("smtps://ana@mail.example.org"))


def test_a_password_is_sent_and_left_nowhere(
    serve: Callable[..., MailServer], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The relay gets the password; no repr and no byte of the ledger has it."""
    monkeypatch.setenv(ENVIRONMENT, SECRET)
    server = serve(extensions=("AUTH PLAIN",))
    to = Relay(f"smtp://ana@127.0.0.1:{server.port}", clock=ScaledClock(600, START))
    planned = plan(campaign(people(3)), [to], throttle=Throttle.unlimited(), ledger=path)
    send = planned.send()
    send.wait(20)
    encoded = b64encode(f"\0ana\0{SECRET}".encode()).decode()
    assert f"AUTH PLAIN {encoded}" in server.lines
    job = planned.route.job(planned.message)
    shown = "".join(map(repr, (to, planned, send, job, planned.route, send.progress, Ledger(path))))
    files = b"".join(file.read_bytes() for file in path.parent.iterdir())
    for secret in (SECRET, encoded, b64encode(SECRET.encode()).decode()):
        assert secret not in shown
        assert secret.encode() not in files
    assert len(server.mail) == 3


@pytest.mark.parametrize(
    "said", [SECRET, b64encode(SECRET.encode()).decode(), b64encode(f"\0ana\0{SECRET}".encode()).decode()]
)
def test_a_refused_password_is_not_repeated(
    serve: Callable[..., MailServer], path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    """A relay that quotes the password in its refusal does not bring it into our error."""
    monkeypatch.setenv(ENVIRONMENT, SECRET)
    server = serve(always("AUTH", f"535 5.7.8 {said} is wrong\r\n"), extensions=("AUTH PLAIN",))
    to = Relay(f"smtp://ana@127.0.0.1:{server.port}")
    with pytest.raises(RelayError, match=r"535.*is wrong") as caught:
        plan(campaign(people(2)), [to], ledger=path).send(confirm=2)
    assert said not in str(caught.value)
    assert caught.value.__suppress_context__
    assert not path.exists()


def test_relays_share_a_send(serve: Callable[..., MailServer], path: Path) -> None:
    """Two relays divide a send between them, nobody gets it twice, and the ledger says who took what."""
    servers: list[MailServer] = []
    both = Answer(b"250 2.0.0 Ok\r\n", until=lambda: all(server.taken for server in servers))
    servers += [serve(lambda asked: both if asked.step == "dot" else None) for _ in range(2)]
    one, other = servers
    clock = ScaledClock(600, START)
    relays = [Relay(f"smtp://127.0.0.1:{server.port}", max_connections=2, clock=clock) for server in servers]
    plan(campaign(people(60)), relays, throttle=Throttle.unlimited(), ledger=path).send().wait(20)
    assert one.counts() + other.counts() == dict.fromkeys(people(60)["email"], 1)
    by_relay = Ledger(path).sends()["relay"].value_counts().to_dict()
    assert by_relay == {relays[0].name: len(one.mail), relays[1].name: len(other.mail)}
    assert min(len(one.mail), len(other.mail)) > 0


def test_no_more_connections_than_allowed(serve: Callable[..., MailServer], path: Path) -> None:
    """A relay never sees more connections at once, nor more messages on one, than its limits."""
    server = serve()
    start([relay(server.port, max_connections=2)], people(250), path).wait(20)
    assert server.most_open == 2
    assert max(Counter(taken.connection for taken in server.mail).values()) == MESSAGES_PER_CONNECTION == 100


def test_a_source_address_is_used(serve: Callable[..., MailServer], path: Path) -> None:
    """Mail leaves from the local address that was asked for, and the ledger says so."""
    server = serve()
    to = relay(server.port, source_address="127.0.0.2")
    plan(campaign(people(2)), [to], throttle=Throttle.unlimited(), ledger=path).send().wait(20)
    assert set(server.clients) == {"127.0.0.2"}
    assert set(Ledger(path).sends()["relay"]) == {f"127.0.0.1:{server.port} from 127.0.0.2"}
