"""The send's panel: what it shows is where the send stands, and what is clicked is done."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import ipywidgets
import pandas as pd
import pytest
from holding import Held
from rehearsal import campaign, people, relay, start, states
from servers import Answer, Asked, MailServer, always

from bulkkit.dispatch import plan
from bulkkit.errors import InputError, LedgerError
from bulkkit.ledger import Ledger
from bulkkit.sandbox import Sandbox
from bulkkit.sending.clock import ScaledClock
from bulkkit.sending.job import RunState
from bulkkit.sending.send import Send
from bulkkit.sending.tally import NETWORK_DTYPES, Tally
from bulkkit.sending.throttle import HOUR, Limit, Throttle
from bulkkit.sending.turnstile import LONGEST_WAIT
from bulkkit.vocabulary import SendState
from bulkkit.widgets import send_panel
from bulkkit.widgets.doubt import MOST_ROWS
from bulkkit.widgets.send_panel import SendPanel
from bulkkit.widgets.send_views import Drawing, of_stored
from bulkkit.widgets.standing import network_rows, parts

NAME = "office-move"
VICTIM = "p0000@alpha.example"
PATIENCE = 20.0


@pytest.fixture(autouse=True)
def no_thread_is_left_over() -> Iterator[None]:
    """No panel leaves a thread behind."""
    yield
    until(lambda: not any(thread.name == "bulkkit-widget" for thread in threading.enumerate()))


def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.005)


def click(panel: SendPanel, name: str) -> None:
    """Click one of the panel's buttons, once it can be clicked."""
    button = next(button for button in buttons(panel) if button.description == name)
    until(lambda: not button.disabled)
    button.click()


def buttons(panel: SendPanel) -> list[ipywidgets.Button]:
    """Return the panel's buttons."""
    return [widget for widget in within(panel) if isinstance(widget, ipywidgets.Button)]


def enabled(panel: SendPanel) -> set[str]:
    """Return the names of the buttons that can be clicked."""
    return {button.description for button in buttons(panel) if not button.disabled}


def within(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    """Yield a widget and all that are in it."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from within(child)


def shown(panel: SendPanel) -> str:
    """Return all that the panel tells the browser."""
    return " ".join(" ".join(view.told for view in panel.children if hasattr(view, "told")).split())


def decide(panel: SendPanel, choice: str, email: str = "") -> None:
    """Click a choice on messages in doubt, as the browser tells it."""
    panel.children[-1]._heard(None, {"do": choice, "what": email}, None)


def held_up(serve: Callable[..., MailServer], path: Path, count: int = 60) -> tuple[MailServer, Send, Held]:
    """Return a send whose server holds it up after its first five messages, the server, and how it is let go on."""
    held = Held(5)
    server = serve(held)
    return server, start([relay(server.port, scale=60, max_connections=2)], people(count), path), held


# -- steering


def test_pause_go_on_and_the_end_against_the_sandbox(path: Path) -> None:
    """Paused by a click nothing goes out, a second click lets it go on to its end, and each mailbox has one message."""
    with Sandbox(600, ledger=path, as_of="2026-10-01") as sandbox:
        planned = plan(campaign(people(80)), [sandbox.relay], sandbox.links, Throttle(Limit(messages=20)), path)
        panel = SendPanel(planned.send(confirm=80))
        until(lambda: panel.send.progress.accepted >= 5)
        assert enabled(panel) == {"Pause", "Stop"}
        click(panel, "Pause")
        until(lambda: "Paused" in shown(panel) and not panel.send.progress.in_flight)
        held = panel.send.progress.accepted
        sandbox.clock.skip(HOUR)
        panel.send.join(2 * LONGEST_WAIT)
        assert panel.send.progress.accepted == held <= 20
        assert enabled(panel) == {"Go on", "Stop"}
        click(panel, "Go on")
        until(lambda: sandbox.clock.skip(HOUR) and panel.settle(LONGEST_WAIT))
        assert "Finished" in shown(panel)
        assert "<b>80</b> of 80" in shown(panel)
        assert enabled(panel) == set()
        accepted = [email for email, state in states(path).items() if state == "accepted"]
        assert Counter(sandbox.inbox["email"]) == dict.fromkeys(accepted, 1)
        assert len(accepted) == panel.send.progress.accepted > 60


def test_stop_and_resume_are_exact(
    serve: Callable[..., MailServer], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped by a click and resumed by another, as often as one likes, everybody has one message."""
    server, send, held = held_up(serve, path)
    monkeypatch.setattr(send, "stop", partial(held.stop, send))
    panel = SendPanel(send)
    for more in (10, 15, 5):
        click(panel, "Stop")
        until(lambda: not send.is_running and enabled(panel) == {"Resume"})
        assert send.progress.run == RunState.STOPPED
        assert "Stopped" in shown(panel)
        held.again(more)
        click(panel, "Resume")
        until(lambda: send.is_running)
    held.release()
    assert panel.settle(PATIENCE)
    assert "Finished" in shown(panel)
    assert server.counts() == dict.fromkeys(people(60)["email"], 1)


def test_a_send_resumed_in_a_cell_is_watched_again(serve: Callable[..., MailServer], path: Path) -> None:
    """The panel wakes up when its send goes on, whoever asked for that."""
    _, send, held = held_up(serve, path)
    panel = SendPanel(send)
    held.stop(send)
    assert panel.settle(PATIENCE)
    assert "Stopped" in shown(panel)
    held.again(5)
    send.resume()
    until(lambda: "Sending" in shown(panel))
    held.release()
    assert panel.settle(PATIENCE)
    assert "Finished" in shown(panel)


def test_a_running_send_is_drawn_at_least_each_second(
    serve: Callable[..., MailServer], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though nothing changes the page hears from the kernel each second, and says by itself when it does not."""
    gate, told = threading.Event(), []
    server = serve(lambda asked: Answer(b"250 Ok\r\n", until=gate.is_set) if asked.step == "dot" else None)
    monkeypatch.setattr(send_panel, "of_send", lambda send, *_: Drawing("the same", is_live=send.is_running))
    begun = time.monotonic()
    panel = SendPanel(start([relay(server.port, scale=1)], people(2), path))
    panel.children[0].send = lambda message: told.append((time.monotonic(), message))
    until(lambda: len(told) >= 3)
    gate.set()
    assert panel.settle(PATIENCE)
    assert told[2][0] - begun > 1.8, "and no more often than that"
    assert told[0][1]["silentAfter"] == 5
    assert "No sign of life from the kernel for 5 seconds" in told[0][1]["silence"]


def test_nothing_is_drawn_more_than_five_times_a_second(serve: Callable[..., MailServer], path: Path) -> None:
    """However fast messages go, a page gets a few drawings a second, the last one when all is done."""
    server, told, begun = serve(latency=0.01), [], time.monotonic()
    panel = SendPanel(start([relay(server.port, scale=60, max_connections=2)], people(300), path))
    panel.children[0].send = lambda message: told.append((time.monotonic(), message))
    assert panel.settle(PATIENCE)
    assert len(server.mail) == 300
    assert 2 <= len(told) <= 2 + 5 * (told[-1][0] - begun)
    assert [message["silentAfter"] for _, message in told[:-1]] == [5] * (len(told) - 1)
    assert told[-1][1]["silentAfter"] is None
    assert "Finished" in told[-1][1]["html"]


# -- doubt


def doubtful(serve: Callable[..., MailServer], path: Path, *victims: str) -> tuple[MailServer, SendPanel]:
    """Return the panel of an ended send in which these people's messages are in doubt, and its server."""
    broken = set(victims)

    def script(asked: Asked) -> Answer | None:
        lost = asked.step == "dot" and asked.recipient in broken
        broken.discard(asked.recipient if lost else "")
        return Answer(then="close") if lost else None

    server = serve(script)
    panel = SendPanel(start([relay(server.port)], people(4), path))
    assert panel.settle(PATIENCE)
    return server, panel


def test_what_is_in_doubt_is_explained_and_listed(serve: Callable[..., MailServer], path: Path) -> None:
    """The panel says how many, whose, since when and what was heard last, and what either choice means."""
    _, panel = doubtful(serve, path, VICTIM)
    text = shown(panel)
    assert "1 message in doubt" in text
    assert VICTIM in text
    assert "1 Oct 2026" in text
    assert "The connection broke" in text
    assert "whoever has it already gets it twice" in text


def test_what_is_left_is_never_sent_again(serve: Callable[..., MailServer], path: Path) -> None:
    """Leave it at that: the list is empty, the server has no second copy, the ledger keeps the doubt."""
    server, panel = doubtful(serve, path, VICTIM, "p0001@alpha.example")
    decide(panel, "skip", VICTIM)
    assert panel.settle(PATIENCE)
    assert panel.send.in_doubt["email"].tolist() == ["p0001@alpha.example"]
    assert "1 more message in doubt was left at that" in shown(panel)
    decide(panel, "skip-all")
    assert panel.settle(PATIENCE)
    assert panel.send.in_doubt.empty
    assert "left at that" in shown(panel)
    assert "data-do" not in shown(panel)
    assert server.counts() == dict.fromkeys(people(4)["email"], 1)


def test_quick_decisions_are_all_made(serve: Callable[..., MailServer], path: Path) -> None:
    """Five clicks in a row on five messages, faster than the ledger answers, decide on five messages."""
    server = serve(always("dot", "hello?\r\n"))
    panel = SendPanel(start([relay(server.port)], people(5), path))
    assert panel.settle(PATIENCE)
    begun, gate, resolve = threading.Event(), threading.Event(), panel.send.resolve

    def slowly(emails: list[str], choice: str) -> int:
        begun.set()
        assert gate.wait(PATIENCE)
        return resolve(emails, choice)

    panel.send.resolve = slowly
    for email in people(5)["email"]:
        decide(panel, "skip", email)
    assert begun.wait(PATIENCE)
    gate.set()
    assert panel.settle(PATIENCE)
    assert panel.send.in_doubt.empty
    assert "note error" not in shown(panel)


@pytest.mark.parametrize("choice", ["resend", "resend-all"])
def test_what_is_sent_again_arrives_with_its_message_id(
    serve: Callable[..., MailServer], path: Path, choice: str
) -> None:
    """Send again: the send goes on, is watched to its end, and the copy is the same message."""
    server, panel = doubtful(serve, path, VICTIM)
    decide(panel, choice, VICTIM)
    assert panel.settle(PATIENCE)
    assert states(path)[VICTIM] == "accepted"
    assert len({taken.message_id for taken in server.mail if taken.recipient == VICTIM}) == 1
    assert server.counts()[VICTIM] == 2
    assert "in doubt, left" not in shown(panel)
    assert VICTIM not in panel.children[-1].told


def test_nobody_decides_while_the_send_runs(serve: Callable[..., MailServer], path: Path) -> None:
    """While it runs the panel counts the doubts and offers no choice; a click from an older page changes nothing."""
    gate = threading.Event()

    def script(asked: Asked) -> Answer | None:
        if asked.step != "dot":
            return None
        return Answer(then="close") if asked.recipient == VICTIM else Answer(b"250 Ok\r\n", until=gate.is_set)

    server = serve(script)
    panel = SendPanel(start([relay(server.port)], people(3), path))
    until(lambda: "1 message in doubt" in shown(panel))
    assert "data-do" not in shown(panel)
    decide(panel, "skip-all")
    assert panel._acting.settle(PATIENCE)
    assert len(panel.send.in_doubt) == 1
    gate.set()
    assert panel.settle(PATIENCE)
    assert "data-do" in shown(panel)


def test_a_long_list_of_doubts_is_cut(serve: Callable[..., MailServer], path: Path) -> None:
    """Two hundred rows are shown, the rest is counted, and a choice for all is for all of them."""
    server = serve(always("dot", "hello?\r\n"))
    panel = SendPanel(start([relay(server.port)], people(MOST_ROWS + 7), path))
    assert panel.settle(PATIENCE)
    assert shown(panel).count('data-do="skip"') == MOST_ROWS
    assert "first 200 of 207" in shown(panel)
    decide(panel, "skip-all")
    assert panel.settle(PATIENCE)
    assert panel.send.in_doubt.empty


# -- what goes wrong


def test_what_ended_the_send_is_shown(serve: Callable[..., MailServer], path: Path) -> None:
    """A relay that refuses the sender ends the send: the panel says why, and Resume goes on once that is mended."""
    refusing = [True]
    no = Answer(b"550 5.7.1 Who are you?\r\n")
    server = serve(lambda asked: no if asked.step == "MAIL" and refusing[0] else None)
    panel = SendPanel(start([relay(server.port)], people(8), path))
    assert panel.settle(PATIENCE)
    assert "refuses the sender news@example.org: 550 5.7.1 Who are you?" in shown(panel)
    assert "Ended early" in shown(panel)
    refusing.clear()
    refusing.append(False)
    click(panel, "Resume")
    assert panel.settle(PATIENCE)
    assert "Finished" in shown(panel)
    assert "note error" not in shown(panel)
    assert server.counts() == dict.fromkeys(people(8)["email"], 1)


def test_a_ledger_that_somebody_else_holds_is_said(serve: Callable[..., MailServer], path: Path) -> None:
    """Resume, while another send holds the ledger, says who does; afterwards it works."""
    server, send, held = held_up(serve, path)
    panel = SendPanel(send)
    held.stop(send)
    with Ledger(path).lease("another"):
        click(panel, "Resume")
        until(lambda: "sending &#39;another&#39; since" in shown(panel))
        assert panel.settle(PATIENCE)
        assert enabled(panel) == {"Resume"}
    click(panel, "Resume")
    assert panel.settle(PATIENCE)
    assert "note error" not in shown(panel)
    assert len(server.mail) == 60


def test_one_drawing_that_fails_is_said_and_the_next_follows(
    serve: Callable[..., MailServer], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ledger that is locked for a moment leaves head and buttons as they are, and the send is drawn to its end."""
    server, send, held = held_up(serve, path)
    locked, drawn = threading.Event(), send_panel.of_send

    def drawing(*given: object) -> Drawing:
        if locked.is_set():
            raise LedgerError("database is locked")
        return drawn(*given)

    monkeypatch.setattr(send_panel, "of_send", drawing)
    panel = SendPanel(send)
    until(lambda: enabled(panel) == {"Pause", "Stop"})
    locked.set()
    until(lambda: "database is locked" in shown(panel))
    assert "Sending" in shown(panel)
    assert "Nothing to send" not in shown(panel)
    assert enabled(panel) == {"Pause", "Stop"}
    locked.clear()
    held.release()
    assert panel.settle(PATIENCE)
    assert "database is locked" not in shown(panel)
    assert "Finished" in shown(panel)
    assert len(server.mail) == 60


def test_doubts_that_cannot_be_read_at_the_end_are_asked_for_again(
    serve: Callable[..., MailServer], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the end the ledger is asked a few times more, and what is in doubt shows once it answers."""
    monkeypatch.setattr(send_panel, "BETWEEN_DRAWINGS", 0.01)
    _, panel = doubtful(serve, path, VICTIM)
    asked: list[int] = []
    in_doubt = Send.in_doubt.fget

    def reluctant(send: Send) -> pd.DataFrame:
        asked.append(1)
        if len(asked) < 4:
            raise LedgerError("database is locked")
        return in_doubt(send)

    monkeypatch.setattr(Send, "in_doubt", property(reluctant))
    again = SendPanel(panel.send)
    assert again.settle(PATIENCE)
    assert len(asked) == 4
    assert VICTIM in shown(again)
    assert "database is locked" not in shown(again)


def test_a_relay_that_is_gone_is_said_at_resume(serve: Callable[..., MailServer], path: Path) -> None:
    """Resume meets the relay first: where nothing listens, the panel says so and nothing changes."""
    held = Held(5)
    with MailServer(held) as server:
        send = start([relay(server.port, scale=60, max_connections=2)], people(60), path)
        panel = SendPanel(send)
        held.stop(send)
    click(panel, "Resume")
    until(lambda: "nothing listens there" in shown(panel))
    assert panel.settle(PATIENCE)
    assert not send.is_running
    assert Counter(states(path).values())["queued"] == send.progress.waiting > 0


# -- without a send


def test_without_a_send_the_ledger_speaks_and_resume_goes_on(serve: Callable[..., MailServer], path: Path) -> None:
    """After a restart: the latest unfinished campaign is shown with its counts, and one click sends the rest."""
    server, send, held = held_up(serve, path)
    sent = held.stop(send).accepted
    panel = SendPanel(ledger=path, relays=[relay(server.port)])
    assert panel.settle(PATIENCE)
    assert panel.send is None
    assert f"<b>{sent}</b> of 60" in shown(panel)
    assert "Not being sent here" in shown(panel)
    assert enabled(panel) == {"Resume"}
    click(panel, "Resume")
    assert panel.settle(PATIENCE)
    assert isinstance(panel.send, Send)
    assert "Finished" in shown(panel)
    assert server.counts() == dict.fromkeys(people(60)["email"], 1)


def test_without_a_send_errors_are_shown(serve: Callable[..., MailServer], path: Path) -> None:
    """No relay, another campaign's name, no ledger: each has its sentence in the panel."""
    _, send, held = held_up(serve, path)
    held.stop(send)
    panel = SendPanel(ledger=path)
    click(panel, "Resume")
    until(lambda: "A send needs a relay" in shown(panel))
    unknown = SendPanel(campaign="sprign", ledger=path)
    assert unknown.settle(PATIENCE)
    assert "no campaign &#39;sprign&#39;" in shown(unknown)
    missing = path.with_name("none.db")
    nothing = SendPanel(ledger=missing)
    assert nothing.settle(PATIENCE)
    assert "No campaign in" in shown(nothing)
    assert enabled(nothing) == set()
    assert not missing.exists()


def test_a_finished_campaign_has_nothing_to_resume(serve: Callable[..., MailServer], path: Path) -> None:
    """Named, a finished campaign shows its counts; not named, the panel says that nothing is unfinished."""
    server = serve()
    start([relay(server.port)], people(5), path).wait(PATIENCE)
    named = SendPanel(campaign=NAME, ledger=Ledger(path))
    unnamed = SendPanel(ledger=path)
    assert named.settle(PATIENCE)
    assert unnamed.settle(PATIENCE)
    assert "<b>5</b> of 5" in shown(named)
    assert enabled(named) == enabled(unnamed) == set()
    assert "is unfinished" in shown(unnamed)


def test_doubts_of_an_earlier_process_are_decided_after_resume(serve: Callable[..., MailServer], path: Path) -> None:
    """A finished campaign with messages in doubt offers Resume, and then the two choices."""
    server, _ = doubtful(serve, path, VICTIM)
    panel = SendPanel(campaign=NAME, ledger=path, relays=[relay(server.port)])
    assert panel.settle(PATIENCE)
    assert enabled(panel) == {"Resume"}
    click(panel, "Resume")
    assert panel.settle(PATIENCE)
    decide(panel, "skip-all")
    assert panel.settle(PATIENCE)
    assert panel.send.in_doubt.empty


# -- privacy, sizes, sums


def test_no_trait_holds_a_person(serve: Callable[..., MailServer], path: Path) -> None:
    """The widgets' state, which a saved notebook keeps, names nobody and no reply, whatever the panel shows."""
    _, panel = doubtful(serve, path, VICTIM)
    assert "@alpha.example" in shown(panel)
    assert "2.0.0 Ok" in shown(panel)
    state = json.dumps([widget.get_state() for widget in within(panel)], default=str)
    for secret in ("@alpha.example", "alpha.example", "2.0.0 Ok", "connection broke", "news@example.org"):
        assert secret not in state


def test_what_servers_and_lists_say_is_text(serve: Callable[..., MailServer], path: Path) -> None:
    """A reply full of markup is shown as it is and never becomes markup."""
    server = serve(always("RCPT", "550 5.1.1 <img src=x onerror=alert(1)><script>alert(1)</script>\r\n"))
    panel = SendPanel(start([relay(server.port)], people(2), path))
    assert panel.settle(PATIENCE)
    assert "&lt;script&gt;" in shown(panel)
    assert "<script" not in shown(panel)
    assert "<img" not in shown(panel)


def test_drawing_is_cheap_with_very_many_networks() -> None:
    """Ten networks and one line for the others add up to everybody, among fifty thousand."""
    networks = {f"n{n}.example": {SendState.QUEUED: 1 + n % 97, SendState.ACCEPTED: n % 5} for n in range(50_000)}
    tally = Tally(NAME, networks, ScaledClock(60, pd.Timestamp("2026-10-01", tz="UTC").to_pydatetime()))
    progress = tally.progress(RunState.RUNNING)
    rows = network_rows(tally.networks(10), tally.network_count, progress)
    assert rows[-1].name == "49,990\u00a0other networks"
    assert sum(row.recipients for row in rows) == progress.recipients
    assert sum(row.done for row in rows) == progress.done
    assert [row.recipients for row in rows[:-1]] == sorted((row.recipients for row in rows[:-1]), reverse=True)
    assert "49,990\u00a0other networks" in of_stored(NAME, networks).detail


def test_parts_are_everybody() -> None:
    """The parts of the bar add up to all recipients, or to none where there are none."""
    counts = dict(zip(list(NETWORK_DTYPES)[1:], (15, 5, 2, 3, 1, 1, 4, 1), strict=True))
    assert sum(part.share for part in parts(SimpleNamespace(**counts))) == pytest.approx(100)
    assert sum(part.count for part in parts(SimpleNamespace(**counts))) == 15
    assert {part.share for part in parts(SimpleNamespace(**dict.fromkeys(counts, 0)))} == {0}


def test_resume_in_code_says_what_is_wrong(serve: Callable[..., MailServer], path: Path) -> None:
    """A send that runs, and one that is finished, have nothing to resume, and say so."""
    server, send, held = held_up(serve, path, 20)
    with pytest.raises(InputError, match="still being sent"):
        send.resume()
    held.release()
    send.wait(PATIENCE)
    with pytest.raises(InputError, match="is finished"):
        send.resume()
    assert len(server.mail) == 20


def test_a_send_that_waits_for_its_turn_says_so(serve: Callable[..., MailServer], path: Path) -> None:
    """Where the limits let nothing out for a while, the panel says that this is what is waited for."""
    server = serve()
    planned = plan(campaign(people(6)), [relay(server.port, scale=1)], None, Throttle(Limit(messages=2)), path)
    panel = SendPanel(planned.send(confirm=6))
    until(lambda: "Nothing may go out this moment" in shown(panel))
    assert "Sending" in shown(panel)
    assert len(server.mail) == 2
    click(panel, "Stop")
    assert panel.settle(PATIENCE)
    assert "Stopped" in shown(panel)
