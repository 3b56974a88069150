"""`bulkkit send`, `resume` and `status`, as an administrator types them, with real signals to a real process."""

from __future__ import annotations

import io
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pandas as pd
import pytest
from click.testing import CliRunner
from commands import free_port
from holding import Held
from rehearsal import campaign, people, states
from rich.console import Console
from servers import Answer, MailServer, answer

from bulkkit.cli import main
from bulkkit.dispatch import plan, resume
from bulkkit.ledger import Ledger
from bulkkit.message.links import Links
from bulkkit.message.message import Message
from bulkkit.sending.job import Job
from bulkkit.sending.relay import Relay
from bulkkit.sending.send import Send
from bulkkit.sending.throttle import Throttle
from bulkkit.showing.live import picture

NAME: Final = "office-move"
VICTIM: Final = "p0000@alpha.example"
CONNECTIONS: Final = 3
LONG: Final = 30.0
KEY: Final = "ab" * 32
SCRIPT: Final = """
import sys, bulkkit as bk
from bulkkit.sending.runner import Runner
stop = Runner.stop
Runner.stop = lambda self: (stop(self), print("stopping", flush=True))
bk.resume(sys.argv[1], sys.argv[2], [bk.Relay(sys.argv[3], None, 3)]).wait()
"""


def queue(path: Path, count: int, links: Links | None = None) -> None:
    """Store a campaign that is to be sent from the command line."""
    message = Message("Hi", markdown="See [the plan](https://example.org/plan).")
    away = [Relay("smtp://127.0.0.1:9")]
    planned = plan(campaign(people(count), message=message), away, links, Throttle.unlimited(), path)
    planned.queue(confirm=count)


def run(path: Path, verb: str, *arguments: str, to: MailServer | None = None, code: int = 0) -> str:
    """Run a command on the campaign in this process; return what it printed."""
    over = ["--relay", f"smtp://127.0.0.1:{to.port}"] if to else []
    done = CliRunner().invoke(main, [verb, NAME, "--ledger", str(path), *over, *arguments])
    assert done.exit_code == code, done.output
    return done.output


def begun(path: Path, server: MailServer, verb: str, *arguments: str, **streams: int) -> subprocess.Popen[bytes]:
    """Run a command on the campaign in a process of its own."""
    options = ["--ledger", str(path), "--relay", f"smtp://127.0.0.1:{server.port}", "--connections", str(CONNECTIONS)]
    command = [sys.executable, "-u", "-m", "bulkkit", verb, NAME, *options, *arguments]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, **{"stdout": subprocess.PIPE, **streams})


def until(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_cleanly(serve: Callable[..., MailServer], path: Path, number: int, code: int) -> None:
    """The first Ctrl-C, or SIGTERM, finishes what is in flight and takes up nothing new; resume sends the rest."""
    held = Held(10)
    server = serve(held)
    queue(path, 40)
    with begun(path, server, "send", "--confirm", "40") as process:
        until(lambda: held.held == CONNECTIONS)
        process.send_signal(number)
        line = next(line for line in process.stdout if b"Stopping" in line)
        assert b"in flight is finished" in line
        held.release()
        rest = process.stdout.read().decode()
        assert process.wait(LONG) == code
    assert f"bulkkit resume {NAME} --ledger {path}" in rest
    counts = Ledger(path).sends()["state"].value_counts().to_dict()
    assert counts.keys() == {"accepted", "queued"}
    # A connection has one message whose answer is held back, and one more whose envelope went along with it.
    assert 10 + CONNECTIONS <= counts["accepted"] == server.counts().total() <= 10 + 2 * CONNECTIONS
    assert "finished, 40 accepted" in run(path, "resume", to=server)
    assert server.counts() == dict.fromkeys(states(path), 1)


def test_a_signal_in_the_moment_of_the_beginning_stops_cleanly(
    serve: Callable[..., MailServer], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C when the send has just begun, and nobody watches it yet, leaves nothing in doubt either."""
    held = Held(0)
    server = serve(held)
    queue(path, 40)

    def begin_and_interrupt(job: Job, ledger: Ledger) -> Send:
        send = Send(job, ledger)
        until(lambda: held.held)
        monkeypatch.setattr(send, "stop", lambda timeout: (Send.stop(send, timeout), held.release()))
        signal.raise_signal(signal.SIGINT)
        return send

    monkeypatch.setattr("bulkkit.orders.Send", begin_and_interrupt)
    assert f"Go on with: bulkkit resume {NAME}" in run(path, "send", "--confirm", "40", to=server, code=130)
    counts = Ledger(path).sends()["state"].value_counts().to_dict()
    assert counts.keys() == {"accepted", "queued"}
    assert counts["accepted"] == server.counts().total()


def test_a_second_signal_ends_at_once(serve: Callable[..., MailServer], path: Path) -> None:
    """A second Ctrl-C waits for nobody; what was in flight is in doubt, and a person decides from the terminal."""
    held = Held(10)
    server = serve(held)
    queue(path, 40)
    with begun(path, server, "send", "--confirm", "40") as process:
        until(lambda: held.held == CONNECTIONS)
        process.send_signal(signal.SIGINT)
        next(line for line in process.stdout if b"Stopping" in line)
        process.send_signal(signal.SIGINT)
        assert process.wait(LONG) == 130
    held.release()
    assert re.search(r"\d were under way when the sending process died\. .*bulkkit resume", run(path, "status"))
    said = run(path, "resume", to=server, code=3)
    assert f"finished, {40 - CONNECTIONS} accepted, {CONNECTIONS} in doubt" in said
    assert said.count("the sending process ended before the answer came") == CONNECTIONS
    assert set(server.counts().values()) == {1}
    doubtful = Ledger(path).in_doubt(NAME)["email"].tolist()
    run(path, "resume", "--in-doubt", "resend", "--whom", doubtful[0].upper(), to=server, code=3)
    assert server.counts()[doubtful[0]] == 2
    assert "finished" in run(path, "resume", "--in-doubt", "skip")
    assert Ledger(path).in_doubt(NAME).empty
    assert server.counts().total() == 41


def test_a_stop_before_the_first_message_says_how_to_begin(serve: Callable[..., MailServer], path: Path) -> None:
    """Ctrl-C while a relay does not greet ends at once, and what is to be typed next begins the campaign."""
    silent = [Answer(then="silence")] * CONNECTIONS
    server = serve(answer("banner", None, *silent))
    queue(path, 5)
    with begun(path, server, "send", "--confirm", "5") as process:
        until(lambda: len(server.clients) > CONNECTIONS)
        process.send_signal(signal.SIGINT)
        said = process.stdout.read().decode()
        assert process.wait(LONG) == 130
    assert f"Go on with: bulkkit send {NAME} --ledger {path} --confirm 5" in said
    assert "finished, 5 accepted" in run(path, "send", "--confirm", "5", to=server)


@pytest.mark.parametrize("times", [1, 2])
def test_a_script_that_is_interrupted_stops_cleanly(serve: Callable[..., MailServer], path: Path, times: int) -> None:
    """Ctrl-C in a script that waits: what is in flight is finished first; a second one waits for nothing."""
    held = Held(10)
    server = serve(held)
    queue(path, 40)
    command = [sys.executable, "-c", SCRIPT, NAME, str(path), f"smtp://127.0.0.1:{server.port}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        until(lambda: held.held == CONNECTIONS)
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == b"stopping\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.1)
        if times == 2:
            process.send_signal(signal.SIGINT)
        else:
            held.release()
        assert process.wait(LONG) == -signal.SIGINT
    held.release()
    counts = Ledger(path).sends()["state"].value_counts().to_dict()
    assert counts.get("dotted", 0) == (CONNECTIONS if times == 2 else 0)
    assert counts["queued"] >= 40 - 10 - 2 * CONNECTIONS
    run(path, "resume", to=server, code=3 if times == 2 else 0)
    assert server.counts() == dict.fromkeys(states(path), 1)


def test_status_says_who_sends(serve: Callable[..., MailServer], path: Path) -> None:
    """While a campaign is sent, `status` names the process, and a second `send` is refused with its number."""
    held = Held(0)
    server = serve(held)
    queue(path, 5)
    with begun(path, server, "send", "--confirm", "5") as process:
        until(lambda: held.held == CONNECTIONS)
        assert f"Sending now: process {process.pid} on" in run(path, "status")
        assert f"process {process.pid} on" in run(path, "send", "--confirm", "5", to=server, code=1)
        assert "were under way" not in run(path, "status")
        held.release()
        assert process.wait(LONG) == 0
        process.stdout.read()
    assert "Sending now: nobody" in run(path, "status")


def test_a_terminal_shows_a_bar(serve: Callable[..., MailServer], path: Path) -> None:
    """On a terminal there is a bar with pace and networks, and at the end what came of it."""
    server = serve(latency=0.02)
    queue(path, 60)
    ours, theirs = pty.openpty()
    with begun(path, server, "send", "--confirm", "60", stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:  # Linux's way to say that nobody holds the other end any more.
            pass
        os.close(ours)
        assert process.wait(LONG) == 0
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())
    assert "of 60" in text
    assert "alpha.example" in text
    assert "finished, 60 accepted" in text


def test_no_reply_steers_the_terminal(serve: Callable[..., MailServer], path: Path) -> None:
    """What servers said last is shown, without the control characters that they put into it."""
    server = serve(answer("RCPT", "550 5.1.1 No \x1b]0;gotcha\x07 such user\r\n", recipient=VICTIM))
    queue(path, 3)
    send = resume(NAME, path, [Relay(f"smtp://127.0.0.1:{server.port}")])
    send.wait(LONG)
    console = Console(file=io.StringIO(), force_terminal=True, width=200)
    console.print(picture(send))
    shown = console.file.getvalue()
    assert "gotcha" in shown
    assert "\x1b]" not in shown
    assert "\x07" not in shown


def test_what_is_not_confirmed_is_not_sent(serve: Callable[..., MailServer], path: Path) -> None:
    """A wrong number, no relay, and resuming what never began are refused, with what to type instead."""
    server = serve()
    queue(path, 3)
    assert "--confirm 4, but 'office-move' was stored for 3" in run(path, "send", "--confirm", "4", to=server, code=1)
    assert f"bulkkit send {NAME} --ledger {path} --confirm 3" in run(path, "resume", to=server, code=1)
    assert "--relay smtp+starttls://user@host:587" in run(path, "send", "--confirm", "3", code=1)
    assert "no campaign 'other'" in CliRunner().invoke(main, ["status", "other", "--ledger", str(path)]).output
    assert not server.taken
    assert run(path, "send", "--confirm", "3", to=server).count("finished, 3 accepted") == 1
    assert "finished, 3 accepted" in run(path, "send", "--confirm", "3")
    assert server.counts().total() == 3


def test_doubts_are_decided_once_the_relay_is_met(serve: Callable[..., MailServer], path: Path) -> None:
    """Where the relay is away, `--in-doubt resend` decides nothing; over one that is there the same order works."""
    server = serve(answer("dot", Answer(then="close"), recipient=VICTIM))
    queue(path, 3)
    run(path, "send", "--confirm", "3", to=server, code=3)
    away = ["--relay", f"smtp://127.0.0.1:{free_port()}"]
    assert "nothing listens there" in run(path, "resume", "--in-doubt", "resend", *away, code=1)
    assert Ledger(path).in_doubt(NAME)["email"].tolist() == [VICTIM]
    run(path, "resume", "--in-doubt", "resend", to=server)
    assert server.counts()[VICTIM] == 2


def test_doubts_of_strangers_are_not_decided(serve: Callable[..., MailServer], path: Path) -> None:
    """`--whom` takes who is in doubt; a stranger among them decides nothing; alone it means nothing."""
    server = serve(answer("dot", Answer(then="close"), recipient=VICTIM))
    queue(path, 3)
    said = run(path, "send", "--confirm", "3", to=server, code=3)
    assert "1 in doubt: the relay had the whole message" in said
    assert f"bulkkit resume {NAME} --ledger {path} --in-doubt skip" in said
    strange = ["--in-doubt", "skip", "--whom", VICTIM, "--whom", "p0001@alpha.example"]
    assert "p0001@alpha.example is not in doubt, so nothing was decided" in run(path, "resume", *strange, code=1)
    assert "--in-doubt" in run(path, "resume", "--whom", VICTIM, code=2)
    assert "--relay" in run(path, "resume", "--in-doubt", "resend", code=1)
    assert Ledger(path).in_doubt(NAME)["email"].tolist() == [VICTIM]
    run(path, "resume", "--in-doubt", "resend", to=server)
    assert server.counts()[VICTIM] == 2
    assert len({taken.message_id for taken in server.mail if taken.recipient == VICTIM}) == 1


def test_links_take_their_key_from_the_environment(
    serve: Callable[..., MailServer], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A campaign with links asks for their key, and takes their address from the plan or from --base-url."""
    server = serve()
    queue(path, 2, Links("https://news.example.org", bytes.fromhex(KEY)))
    monkeypatch.delenv("BULKKIT_LINK_KEY", raising=False)
    assert "Set BULKKIT_LINK_KEY" in run(path, "send", "--confirm", "2", to=server, code=1)
    monkeypatch.setenv("BULKKIT_LINK_KEY", "xy")
    assert "not hexadecimal" in run(path, "send", "--confirm", "2", to=server, code=1)
    monkeypatch.setenv("BULKKIT_LINK_KEY", KEY)
    run(path, "send", "--confirm", "2", "--base-url", "https://moved.example.org", to=server)
    monkeypatch.delenv("BULKKIT_LINK_KEY")
    assert "finished, 2 accepted" in run(path, "resume", "--in-doubt", "skip")
    assert all("https://moved.example.org/u/" in taken.text for taken in server.mail)


def test_status_of_one_campaign_counts_its_networks(serve: Callable[..., MailServer], path: Path) -> None:
    """`status CAMPAIGN` has a line a network, the largest first, and the age of the last import."""
    server = serve(answer("RCPT", "550 5.1.1 Nobody\r\n", recipient=VICTIM))
    audience = pd.concat([people(3), *(people(1, f"d{number}.example") for number in range(25))])
    planned = plan(campaign(audience), [Relay(f"smtp://127.0.0.1:{server.port}")], throttle=Throttle.unlimited(),
                   ledger=path)  # fmt: skip
    planned.queue(confirm=28)
    assert "events were last imported: never" in run(path, "status")
    run(path, "send", "--confirm", "28", to=server)
    Ledger(path).add_events(Ledger(path).events())
    said = run(path, "status")
    assert "blast, announcement" in said
    assert re.search(r"alpha\.example +3 +2 +1 +0 +0 +0", said)
    assert re.search(r"6 others +6 +6 +0", said)
    assert re.search(r"all +28 +27 +1", said)
    assert re.search(r"last imported: \d+ seconds ago", said)
