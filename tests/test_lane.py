"""One connection at work on a server that pipelines: what goes out together, and what a failure there means."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest
import rehearsal
from rehearsal import people, relay, start, states
from servers import Answer, Asked, MailServer, always, answer

from bulkkit.errors import RelayError
from bulkkit.ledger import Ledger
from bulkkit.message.message import Message
from bulkkit.sending.throttle import Limit, Throttle
from bulkkit.transitions import Claim, Dotted, Outcome, Step

LATE = 0.05
"""Seconds after which the server answers: by then it has all that went out with the dot."""


def kinds(steps: Sequence[Step]) -> list[str]:
    """Return what a commit holds."""
    return [type(step).__name__ for step in steps]


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[list[Step]]:
    """Collect what each commit of a ledger holds."""
    collected: list[list[Step]] = []
    stage, write = Ledger.stage, Ledger.write

    def staged(self: Ledger, steps: Sequence[Step]) -> frozenset[int] | None:
        withheld = stage(self, steps)
        if withheld is not None:
            collected.append(list(steps))
        return withheld

    def written(self: Ledger, steps: Sequence[Step]) -> frozenset[int]:
        collected.append(list(steps))
        return write(self, steps)

    monkeypatch.setattr(Ledger, "stage", staged)
    monkeypatch.setattr(Ledger, "write", written)
    return collected


def test_one_write_and_one_commit_a_message(
    serve: Callable[..., MailServer], path: Path, commits: list[list[Step]]
) -> None:
    """The next envelope goes out with the dot; the commit before it holds the last result, this dot, the next claim."""
    server = serve(latency=LATE)
    start([relay(server.port, max_connections=1)], people(5), path).wait(20)
    mails = [taken.ahead for taken in server.mail]
    assert [ahead.startswith(b"MAIL FROM:") and ahead.endswith(b"DATA\r\n") for ahead in mails] == [True] * 4 + [False]
    assert mails[-1] == b""
    assert [kinds(commit) for commit in commits] == [
        ["Claim"],
        ["Dotted", "Claim"],
        *[["Outcome", "Dotted", "Claim"]] * 3,
        ["Outcome", "Dotted"],
        ["Outcome"],
    ]
    for commit in commits:
        claims = {step.send_id for step in commit if isinstance(step, Claim)}
        assert not claims & {step.send_id for step in commit if isinstance(step, Dotted | Outcome)}


def test_without_a_turn_nothing_is_looked_ahead(serve: Callable[..., MailServer], path: Path) -> None:
    """A network that takes one message at a time never has a second envelope behind a dot."""
    server = serve(latency=LATE)
    throttle = Throttle(Limit(connections=1))
    start([relay(server.port)], people(4), path, throttle=throttle).wait(20)
    assert [taken.ahead for taken in server.mail] == [b""] * 4
    assert server.most_open == 1


def test_a_server_without_pipelining_is_asked_one_by_one(serve: Callable[..., MailServer], path: Path) -> None:
    """Where PIPELINING is not offered, nothing goes out before it is asked for."""
    server = serve(latency=LATE, extensions=("8BITMIME",))
    start([relay(server.port, max_connections=1)], people(4), path).wait(20)
    assert [taken.ahead for taken in server.mail] == [b""] * 4
    assert server.counts() == dict.fromkeys(people(4)["email"], 1)


def test_a_break_after_the_dot_leaves_the_next_one_safe(serve: Callable[..., MailServer], path: Path) -> None:
    """The message of the dot is in doubt; the one whose envelope went along is tried again, and delivered once."""
    server = serve(answer("dot", Answer(then="close"), recipient="p0001@alpha.example"), latency=LATE)
    send = start([relay(server.port, max_connections=1)], people(4), path)
    send.wait(20)
    assert states(path) == {
        "p0000@alpha.example": "accepted",
        "p0001@alpha.example": "in_doubt",
        "p0002@alpha.example": "accepted",
        "p0003@alpha.example": "accepted",
    }
    assert server.counts() == dict.fromkeys(people(4)["email"], 1)
    assert list(send.in_doubt["email"]) == ["p0001@alpha.example"]


@pytest.mark.parametrize("eager", [False, True], ids=["refuses data", "agrees to data"])
def test_a_refused_recipient_costs_the_next_one_nothing(
    serve: Callable[..., MailServer], path: Path, eager: bool
) -> None:
    """A refusal in the middle of a pipelined envelope, even with a yes to its data, writes no message to anybody."""
    server = serve(always("RCPT", "550 5.1.1 Nobody\r\n", recipient="p0002@alpha.example"), eager=eager)
    start([relay(server.port, max_connections=1)], people(6), path).wait(20)
    said = states(path)
    assert said.pop("p0002@alpha.example") == "refused"
    assert set(said.values()) == {"accepted"}
    assert server.counts() == dict.fromkeys(said, 1)
    assert len(server.clients) == 1


@pytest.mark.parametrize("reply", ["550 5.5.1 No\r\n", "421 4.3.2 No\r\n", "354 Go on\r\n"])
def test_a_refused_reset_is_nobodys_refusal(serve: Callable[..., MailServer], path: Path, reply: str) -> None:
    """What a server says to RSET is not said of the next recipient, who gets the whole message, and once."""
    script = [always("RCPT", "550 5.1.1 Nobody\r\n", recipient="p0001@alpha.example"), always("RSET", reply)]
    server = serve(lambda asked: script[0](asked) or script[1](asked))
    start([relay(server.port, max_connections=1)], people(5), path).wait(20)
    said = states(path)
    assert said.pop("p0001@alpha.example") == "refused"
    assert set(said.values()) == {"accepted"}
    assert server.counts() == dict.fromkeys(said, 1)
    assert all("Dear Ana" in taken.text for taken in server.mail)


@pytest.mark.parametrize("reply", ["550 5.7.1 No sender\r\n", "451 4.3.0 Later\r\n"])
def test_a_server_that_takes_a_recipient_without_a_sender_gets_no_empty_message(
    serve: Callable[..., MailServer], path: Path, reply: str
) -> None:
    """Where MAIL is refused and everything after it agreed to, nothing is ended with a dot."""
    server = serve(answer("MAIL", reply))
    send = start([relay(server.port, max_connections=1)], people(3), path)
    with contextlib.suppress(RelayError):
        send.wait(20)
    assert all("Dear Ana" in taken.text for taken in server.mail)


def test_who_is_suppressed_while_looked_ahead_gets_nothing(serve: Callable[..., MailServer], path: Path) -> None:
    """Somebody who unsubscribes before the claim of a look-ahead is withheld, and nothing is asked for them."""
    ledger = Ledger(path)

    def script(asked: Asked) -> Answer | None:
        if asked.step == "RCPT" and asked.recipient == "p0000@alpha.example":
            ledger.suppress(people(3).iloc[2:], reason="unsubscribed")
        return None

    server = serve(script)
    start([relay(server.port, max_connections=1)], people(4), path).wait(20)
    assert states(path)["p0002@alpha.example"] == "refused"
    assert "p0002@alpha.example" not in server.counts()
    assert not any("p0002" in line for line in server.lines)


def test_a_large_message_is_written_before_its_dot(
    serve: Callable[..., MailServer], path: Path, commits: list[list[Step]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A break in the middle of a large body is safe: its dot was not written yet, so it is tried again."""
    # More than both ends' buffers hold.
    monkeypatch.setattr(rehearsal, "MESSAGE", Message("Hi", text=("long " * 14 + "\n") * 120_000))
    server = serve(answer("DATA", Answer(b"354 Go on\r\n", then="reset"), recipient="p0000@alpha.example"))
    start([relay(server.port, max_connections=1)], people(2), path).wait(20)
    assert set(states(path).values()) == {"accepted"}
    dotted = [step.send_id for commit in commits for step in commit if isinstance(step, Dotted)]
    # Whether the kernel still took the body before it heard of the reset is its affair; the dot it did not take.
    assert set(dotted) == {1, 2}
    assert server.counts() == dict.fromkeys(states(path), 1)


def test_what_is_put_off_at_its_dot_comes_again(serve: Callable[..., MailServer], path: Path) -> None:
    """A message that is put off while the next envelope is under way is written down before it can be claimed again."""
    later = [Answer(b"451 4.3.0 Later\r\n")] * 2
    server = serve(answer("dot", *later, recipient="p0001@alpha.example"), latency=LATE)
    start([relay(server.port, max_connections=2)], people(6), path).wait(20)
    assert set(states(path).values()) == {"accepted"}
    assert Ledger(path).sends().set_index("email")["attempts"]["p0001@alpha.example"] == 3


def test_who_is_suppressed_needs_no_message(serve: Callable[..., MailServer], path: Path) -> None:
    """A message that cannot be written for somebody who is suppressed meanwhile is withheld as any other."""
    ledger = Ledger(path)

    def script(asked: Asked) -> Answer | None:
        if asked.recipient == "p0000@alpha.example" and asked.step == "dot":
            ledger.suppress(pd.DataFrame({"email": ["jörg@alpha.example"]}))
        return None

    server = serve(script, extensions=("8BITMIME",))
    audience = people(3)
    audience.loc[1, "email"] = "jörg@alpha.example"
    audience.loc[1, "first_name"] = "Jörg"
    start([relay(server.port, max_connections=1)], audience, path).wait(20)
    assert states(path) == {
        "p0000@alpha.example": "accepted",
        "jörg@alpha.example": "refused",
        "p0002@alpha.example": "accepted",
    }


def test_a_worn_connection_takes_nothing_along(serve: Callable[..., MailServer], path: Path) -> None:
    """The last message of a connection takes no envelope along, and the next connection goes on."""
    server = serve()
    start([relay(server.port, max_connections=1)], people(130), path).wait(30)
    assert server.counts() == dict.fromkeys(people(130)["email"], 1)
    per_connection = [sum(taken.connection == number for taken in server.mail) for number in (1, 2)]
    assert per_connection == [100, 30]
