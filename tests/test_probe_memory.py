"""What mail servers said is not asked for twice: within a probe, after an interrupt, and from a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import pandas as pd
import pytest
from interrupts import interrupt_once
from mailboxes import ZONE, knows, probe_of
from nameserver import NameServer
from servers import DEFAULTS, Answer, Asked, MailServer

from bulkkit.probing.memory import KEPT_FOR, Memory, Question
from bulkkit.sending.clock import ScaledClock
from bulkkit.sending.throttle import Limit, Throttle
from bulkkit.verification import Resolver, verify
from bulkkit.verification.aside import Interrupted, in_thread
from bulkkit.verification.probed import Probed
from bulkkit.vocabulary import Reason

AS_OF = "2026-10-01"
YES = Probed(Reason.ACCEPTED_EMAIL, 250, "2.1.5", "RCPT: 250 2.1.5 OK")
NO = Probed(Reason.MAILBOX_NOT_FOUND, 550, "5.1.1", "RCPT: 550 5.1.1 Niemand heißt so")


UNTELLING = (Reason.PROBE_BLOCKED, Reason.GREYLISTED, Reason.TIMEOUT_EXCEEDED)


@pytest.fixture(scope="module")
def resolver() -> Iterator[Resolver]:
    """A name server that maps the test's domains to loopback."""
    with NameServer(ZONE) as server:
        yield Resolver([server.address], timeout=1.0, cache=False)


@pytest.mark.parametrize("has_file", [False, True])
def test_an_interrupt_keeps_what_was_said(
    serve: Callable[..., MailServer], resolver: Resolver, tmp_path: Path, has_file: bool
) -> None:
    """Interrupted in the middle, the same probe, or another with the same file, goes on as if it had been one run."""
    people = [f"u{n:02}@acme.example" for n in range(30)]
    frame = pd.DataFrame({"email": people})
    script = knows("u01")
    whole = verify(frame, "probe", AS_OF, resolver=resolver, probe=probe_of(serve(script).port))
    goes_on = Event()

    def tiring(asked: Asked) -> Answer | None:
        """Answer the first eight; the others once the probe was interrupted."""
        if asked.step != "RCPT" or goes_on.is_set() or sum(line.startswith("RCPT") for line in server.lines) <= 8:
            return script(asked)
        return replace(script(asked) or Answer(DEFAULTS["RCPT"]), until=goes_on.is_set)

    server = serve(tiring)
    clock = ScaledClock(2_000, datetime(2026, 10, 1, tzinfo=UTC))
    options: dict[str, Any] = {"throttle": Throttle(Limit(messages=5, window=100.0)), "clock": clock}
    options |= {"cache": tmp_path / "probe.jsonl"} if has_file else {}
    probe = probe_of(server.port, **options)
    interrupt_once(lambda: sum(line.startswith("RCPT") for line in server.lines) >= 8)
    with pytest.raises(Interrupted, match=r"stopped after \d+ of 30 mailboxes\. .* goes on from there"):
        verify(frame, "probe", AS_OF, resolver=resolver, probe=probe)
    before = [line for line in server.lines if line.startswith("RCPT")]
    goes_on.set()
    assert 8 <= len(before) < 30
    again = probe_of(server.port, **options) if has_file else probe
    told = verify(frame, "probe", AS_OF, resolver=resolver, probe=again)
    asked = [line for line in server.lines if line.startswith("RCPT")]
    assert set(asked) == {f"RCPT TO:<{one}>" for one in people}
    # The one that was open when the interrupt came is asked again.
    assert len(asked) <= 31
    pd.testing.assert_frame_equal(told, whole)


def test_what_was_answered_is_remembered(serve: Callable[..., MailServer], resolver: Resolver, tmp_path: Path) -> None:
    """The same probe does not ask twice, nor does another with its file; no repr says whom it asked about."""
    server = serve(knows("ana"))
    options = {"cache": tmp_path / "said", "clock": ScaledClock(2_000, datetime(2026, 10, 1, tzinfo=UTC))}
    probe, frame = probe_of(server.port, **options), pd.DataFrame({"email": ["ana@acme.example"]})
    first = verify(frame, "probe", AS_OF, resolver=resolver, probe=probe)
    before = len(server.lines)
    for other in (probe, probe_of(server.port, **options)):
        pd.testing.assert_frame_equal(verify(frame, "probe", AS_OF, resolver=resolver, probe=other), first)
    assert len(server.lines) == before
    assert "ana" not in repr(probe)
    assert (tmp_path / "said").stat().st_mode & 0o077 == 0


def test_the_bar_counts_this_list_alone(
    serve: Callable[..., MailServer], resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a probe remembers of another list is no part of how far it is with this one."""
    told: list[tuple[int, int]] = []

    def watched(work: Any, run: Any, title: str, total: int, done: Callable[[], int]) -> None:
        in_thread(work, run, title, total, done)
        told.append((done(), total))

    monkeypatch.setattr("bulkkit.probing.probe.in_thread", watched)
    probe = probe_of(serve(knows("ana")).port)
    for names in (["ana", "bob", "cy"], ["ana", "dan"]):
        frame = pd.DataFrame({"email": [f"{name}@acme.example" for name in names]})
        verify(frame, "probe", resolver=resolver, probe=probe)
    assert told == [(3, 3), (2, 2)]


def test_the_limits_hold_over_probes_with_one_file(
    serve: Callable[..., MailServer], resolver: Resolver, tmp_path: Path
) -> None:
    """Begun again at once, the next probe waits for the window as the first would; what was put off counts too."""
    moments: list[float] = []
    clock = ScaledClock(2_000, datetime(2026, 10, 1, tzinfo=UTC))

    def script(asked: Asked) -> Answer | None:
        if asked.step == "RCPT":
            moments.append(clock.seconds())
        return Answer(b"450 4.3.0 Later\r\n") if asked.recipient == "u0@acme.example" else knows()(asked)

    server = serve(script)
    options = {"throttle": Throttle(Limit(messages=4, window=600.0)), "clock": clock, "cache": tmp_path / "said"}
    frame = pd.DataFrame({"email": [f"u{n}@acme.example" for n in range(7)]})
    verify(frame, "probe", resolver=resolver, probe=probe_of(server.port, patience=200.0, **options))
    assert len(moments) == 4
    verify(frame, "probe", resolver=resolver, probe=probe_of(server.port, patience=650.0, **options))
    assert len(moments) == 8
    assert all(later - earlier >= 599 for earlier, later in zip(moments, moments[4:], strict=False))


def test_a_question_is_kept_for_three_days(tmp_path: Path) -> None:
    """It counts under the limits whatever was said; what is about us, the server or the moment tells nothing later."""
    memory = Memory(tmp_path / "probe.jsonl")
    asked = [
        Question("ana@acme.example", "acme.example", 0.5, YES), Question("@acme.example", "acme.example", 100.0, NO),
        *(Question("bob@acme.example", "acme.example", 200.0, Probed(reason, 450)) for reason in UNTELLING),
    ]  # fmt: skip
    for question in reversed(asked):
        memory.add(question)
    assert memory.read(201) == sorted(asked[:2] + asked[:1:-1], key=lambda question: question.at)
    assert [question.key for question in memory.read(201) if question.is_telling] == [
        "ana@acme.example",
        "@acme.example",
    ]
    assert memory.read(KEPT_FOR + 1)[0] == asked[1]
    assert "ana@" not in memory.path.read_text()
    assert memory.read(2 * KEPT_FOR) == []
    assert memory.path.read_text() == ""


def test_only_what_was_asked_is_kept(serve: Callable[..., MailServer], resolver: Resolver, tmp_path: Path) -> None:
    """Whom nobody was asked about, because the server had gone, is no question: two lost connections are two."""
    server = serve(lambda asked: Answer(then="close") if asked.step == "RCPT" else None)
    frame = pd.DataFrame({"email": [f"u{n}@acme.example" for n in range(9)]})
    probe = probe_of(server.port, cache=tmp_path / "said")
    told = verify(frame, "probe", resolver=resolver, probe=probe)
    assert told["reason"].eq("forcible_disconnect").all()
    assert len((tmp_path / "said").read_text().splitlines()) == 2


@pytest.mark.parametrize("line", [b"null", b"[]", b'["a@b","b",1,"bad",1,"",""]', b"\xff", b'["a@b","x"]', b'{"a":1}'])
def test_a_torn_or_strange_line_is_passed_over(tmp_path: Path, line: bytes) -> None:
    """Whatever stands in the file, it ends no run, and the next answer has a line of its own."""
    memory = Memory(tmp_path / "probe.jsonl")
    memory.path.write_bytes(line + b"\n" + json.dumps(["a@b.example", "b.example", 1, "accepted_email"]).encode()[:-9])
    question = Question("ana@acme.example", "acme.example", 1.0, YES)
    memory.add(question)
    assert memory.read(50) == [question]


def test_a_file_that_cannot_be_written_is_named_and_done_without(tmp_path: Path) -> None:
    """It is said once; the answers are there all the same."""
    (tmp_path / "file").touch()
    memory = Memory(tmp_path / "file" / "probe.jsonl")
    question = Question("ana@acme.example", "acme.example", 1.0, YES)
    with pytest.warns(UserWarning, match="are not kept"):
        memory.add(question)
    memory.add(question)
