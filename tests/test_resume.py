"""Resuming: whatever ended a send, it goes on where the ledger says, and nobody is lost or mailed twice."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from killing import Killer, toll_of
from rehearsal import START, campaign, people, relay, start, states
from servers import Answer, MailServer, answer

from bulkkit.dispatch import plan, resume
from bulkkit.errors import ConfigurationError, InputError, LeaseError, LedgerError, RelayError
from bulkkit.ledger import Ledger
from bulkkit.message.links import Links
from bulkkit.message.message import Message
from bulkkit.sending.clock import ScaledClock
from bulkkit.sending.job import RunState
from bulkkit.sending.relay import Relay
from bulkkit.sending.throttle import Throttle

NAME = "office-move"
VICTIM = "p0000@alpha.example"
LINKS = Links("http://127.0.0.1:8025", b"k" * 32)
MESSAGES = 1500
KILLS = 10
CONNECTIONS = 5


def test_killed_again_and_again_it_loses_nobody(serve: Callable[..., MailServer], path: Path) -> None:
    """Killed at random steps and resumed until it is done: none lost, none twice, few in doubt."""
    killer = Killer(2026, KILLS, (100, 500))
    toll = toll_of(path, killer, serve(killer), MESSAGES, CONNECTIONS)
    print(toll)
    assert toll.kills == KILLS
    assert toll.lost == toll.twice == 0
    assert toll.in_doubt <= toll.kills * CONNECTIONS
    assert toll.holds


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stops=st.lists(st.integers(1, 60), max_size=4).map(sorted))
def test_resumed_equals_uninterrupted(tmp_path_factory: pytest.TempPathFactory, stops: list[int]) -> None:
    """However often a send is stopped and resumed, the server and the ledger end as if it had run through."""
    path = tmp_path_factory.mktemp("resumed") / "bulkkit.db"
    greylist = lambda asked: Answer(b"450 4.7.1 Greylisted\r\n") if asked.step == "RCPT" and asked.times == 1 else None  # noqa: E731
    with MailServer(greylist) as server:
        to = relay(server.port, max_connections=3)
        send = start([to], people(60), path)
        for reached in stops:
            while send.is_running and len(server.mail) < reached:
                send.join(0.002)
            send.stop()
            send = resume(NAME, path, [to])
        assert send.wait(20).run == RunState.FINISHED
        assert server.counts() == dict.fromkeys(people(60)["email"], 1)
        ids = Ledger(path).sends().set_index("email")["message_id"].to_dict()
        assert {taken.recipient: taken.message_id for taken in server.mail} == ids
        assert set(states(path).values()) == {"accepted"}


def test_a_queued_campaign_is_sent_by_resume(serve: Callable[..., MailServer], path: Path) -> None:
    """`queue` stores everything and connects to nothing; `resume` sends what was planned, policies included."""
    server = serve()
    planned = plan(campaign(people(12)), [relay(server.port)], throttle=Throttle.unlimited(), ledger=path)
    planned.queue(confirm=12)
    assert server.clients == []
    assert set(states(path).values()) == {"queued"}
    assert resume(NAME, path, [relay(server.port)]).wait(20).accepted == 12
    assert planned.preview(0).text.splitlines()[0] in server.mail[0].text


def test_a_finished_campaign_stays_finished(serve: Callable[..., MailServer], path: Path) -> None:
    """Resuming what is done returns a finished send, and asks the relay for nothing."""
    server = serve()
    start([relay(server.port)], people(5), path).wait(20)
    seen = len(server.lines)
    again = resume(NAME, path, [relay(server.port)])
    progress = again.wait(20)
    assert (progress.run, progress.accepted, progress.waiting) == (RunState.FINISHED, 5, 0)
    assert len(server.lines) == seen


def test_what_is_resent_has_its_message_id(serve: Callable[..., MailServer], path: Path) -> None:
    """A message in doubt that a person sends again is the same one: byte for byte its Message-ID."""
    server = serve(answer("dot", Answer(then="close"), recipient=VICTIM))
    send = start([relay(server.port)], people(3), path)
    send.wait(20)
    assert send.in_doubt["email"].tolist() == [VICTIM]
    assert send.resolve([f" {VICTIM.upper()}"], "resend") == 1
    send.wait(20)
    one, other = (taken.message_id for taken in server.mail if taken.recipient == VICTIM)
    assert one == other == Ledger(path).sends().set_index("email").loc[VICTIM, "message_id"]
    assert states(path)[VICTIM] == "accepted"
    assert send.in_doubt.empty


def test_what_is_skipped_is_never_sent(serve: Callable[..., MailServer], path: Path) -> None:
    """A message in doubt that a person skips is decided: it is neither shown as open nor sent by any resume."""
    server = serve(answer("dot", Answer(then="close"), recipient=VICTIM))
    send = start([relay(server.port)], people(3), path)
    send.wait(20)
    assert send.resolve(send.in_doubt["email"], "skip") == 1
    assert not send.is_running
    assert send.in_doubt.empty
    resume(NAME, path, [relay(server.port)]).wait(20)
    assert server.counts()[VICTIM] == 1
    assert states(path)[VICTIM] == "in_doubt"


def linked(path: Path, links: Links | None) -> None:
    """Store a campaign planned with these links."""
    message = Message("Hi", markdown="See [the plan](https://example.org/plan).")
    planned = plan(campaign(people(3), message=message), [relay(1)], links, Throttle.unlimited(), path)
    planned.queue(confirm=3)


@pytest.mark.parametrize(
    ("planned", "given_", "said"),
    [
        (LINKS, None, "planned with links at http://127.0.0.1:8025"),
        (LINKS, Links(LINKS.base_url, b"x" * 32), "key of these links is not the one"),
        (None, LINKS, "planned without links"),
    ],
    ids=["missing", "another key", "none were planned"],
)
def test_the_links_must_be_the_planned_ones(path: Path, planned: Links | None, given_: Links | None, said: str) -> None:
    """Links that would not answer are refused before anything is sent."""
    linked(path, planned)
    with pytest.raises(ConfigurationError, match=said):
        resume(NAME, path, [relay(1)], given_)
    assert set(states(path).values()) == {"queued"}


def test_the_same_key_at_another_address_serves(serve: Callable[..., MailServer], path: Path) -> None:
    """A tracker may have moved: the same key signs the same tokens there."""
    linked(path, LINKS)
    server = serve()
    moved = Links("http://127.0.0.1:9999", LINKS.key)
    resume(NAME, path, [relay(server.port)], moved).wait(20)
    assert len(server.mail) == 3
    assert all("http://127.0.0.1:9999/u/" in taken.text for taken in server.mail)


def test_what_cannot_be_resumed_says_why(path: Path) -> None:
    """No ledger, no such campaign, one sent elsewhere, no relay, another clock: each has its own sentence."""
    with pytest.raises(LedgerError, match="There is no ledger"):
        resume(NAME, path, [relay(1)])
    assert not path.exists()
    linked(path, None)
    with pytest.raises(InputError, match=f"no campaign 'sprign'; it has '{NAME}'"):
        resume("sprign", path, [relay(1)])
    with pytest.raises(ConfigurationError, match="needs a relay"):
        resume(NAME, path)
    with pytest.raises(RelayError, match="planned by the clock 'sandbox' and these relays go by 'utc'"):
        resume(NAME, path, [Relay("smtp://127.0.0.1:1")])
    Ledger(path).add_campaigns(pd.DataFrame({"campaign": ["old"], "kind": ["blast"]}))
    with pytest.raises(LedgerError, match="'old' was sent elsewhere"):
        resume("old", path, [relay(1)])


def test_a_running_send_is_not_resumed_beside_itself(serve: Callable[..., MailServer], path: Path) -> None:
    """While a send runs, its ledger sends nothing else: neither this campaign again nor another one."""
    gate: list[bool] = []
    server = serve(lambda asked: Answer(b"250 Ok\r\n", until=lambda: bool(gate)) if asked.step == "dot" else None)
    plan(campaign(people(2), "later"), [relay(server.port)], ledger=path).queue(confirm=2)
    send = start([relay(server.port)], people(4), path)
    for name in (NAME, "later"):
        with pytest.raises(LeaseError, match=rf"process {os.getpid()} on .*, sending '{NAME}' since"):
            resume(name, path, [relay(server.port)])
    gate.append(True)
    assert send.wait(20).accepted == 4
    assert resume("later", path, [relay(server.port)]).wait(20).accepted == 2


def test_a_start_is_waited_for(serve: Callable[..., MailServer], path: Path) -> None:
    """A campaign with a start sends nothing before it, by the send's clock."""
    clock = ScaledClock(600, START)
    server = serve(now=clock.seconds)
    to = Relay(f"smtp://127.0.0.1:{server.port}", clock=clock)
    planned = plan(campaign(people(4)), [to], throttle=Throttle.unlimited(), ledger=path)
    planned.queue(confirm=4, at=START + timedelta(hours=2))
    resume(NAME, path, [to]).wait(20)
    assert min(taken.begun for taken in server.mail) >= 2 * 3600
    assert len(server.mail) == 4


def test_a_start_to_come_is_waited_for_by_the_machines_clock(serve: Callable[..., MailServer], path: Path) -> None:
    """A real send that is resumed before its start greets its relay, then waits, and can be stopped."""
    server = serve()
    to = Relay(f"smtp://127.0.0.1:{server.port}")
    planned = plan(campaign(people(4)), [to], throttle=Throttle.unlimited(), ledger=path)
    planned.queue(confirm=4, at=datetime.now(UTC) + timedelta(hours=2))
    send = resume(NAME, path, [to])
    send.join(0.3)
    assert send.is_running
    assert send.stop().waiting == 4
    assert not [line for line in server.lines if line.startswith("MAIL")]


def test_a_relay_that_is_not_there_is_said_at_once(path: Path) -> None:
    """Resuming over a relay that is away fails with its sentence, and everything stays queued."""
    away = Relay("smtp://127.0.0.1:9")
    plan(campaign(people(4)), [away], ledger=path).queue(confirm=4)
    with pytest.raises(RelayError, match="nothing listens there"):
        resume(NAME, path, [away])
    assert (Ledger(path).sends()["state"] == "queued").all()


def test_a_full_disk_stops_the_send(serve: Callable[..., MailServer], path: Path) -> None:
    """Where the ledger can take no more nobody further is asked for; with room again it goes on, and nobody has two."""
    server = serve()
    to = Relay(f"smtp://127.0.0.1:{server.port}", max_connections=CONNECTIONS)
    plan(campaign(people(300)), [to], throttle=Throttle.unlimited(), ledger=path).queue(confirm=300)
    ledger = Ledger(path)
    with ledger._database.transaction() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 5}")
    send = resume(NAME, ledger, [to])
    with pytest.raises(LedgerError, match=r"disk that holds .* is full.*make room and resume"):
        send.wait(20)
    asked = sum(line.startswith("MAIL") for line in server.lines)
    assert asked < 300
    assert asked <= len(server.mail) + 2 * CONNECTIONS
    resumed = resume(NAME, path, [to]).wait(20)
    assert resumed.accepted + resumed.in_doubt == 300
    assert resumed.in_doubt <= CONNECTIONS
    assert set(server.counts().values()) == {1}


def test_a_damaged_ledger_is_not_sent_from(serve: Callable[..., MailServer], path: Path) -> None:
    """A ledger with a page of rubbish sends nothing, and says what to do."""
    server = serve()
    plan(campaign(people(2000)), [relay(server.port)], ledger=path).queue(confirm=2000)
    Ledger(path).close()
    data = bytearray(path.read_bytes())
    data[20 * 4096 : 20 * 4096 + 2000] = b"\xa5" * 2000
    path.write_bytes(data)
    with pytest.raises(LedgerError, match=r"damaged.*nothing is sent"):
        resume(NAME, path, [relay(server.port)])
    assert server.clients == []
