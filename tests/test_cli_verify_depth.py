"""`bulkkit verify --depth dns` and `--depth probe`: real name and mail servers, the whole list at once, and stopped."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pytest
from click.testing import CliRunner
from nameserver import PATIENCE, NameServer
from servers import Answer, Asked, MailServer

from bulkkit.cli import main
from bulkkit.probing import Probe
from bulkkit.screening import Order, screen
from bulkkit.sending.clock import ScaledClock
from bulkkit.verification import Resolver, verify

HERE: Final = ["127.0.0.1"]
ZONE: Final[dict[str, Any]] = {
    "probe.example": {"A": HERE},
    "1.0.0.127.in-addr.arpa": {"PTR": ["probe.example."]},
    "acme.example": {"MX": ["10 mx.acme.example."]},
    "mx.acme.example": {"A": HERE},
    "null.example": {"MX": ["0 ."]},
    "servfail.example": {"how": "SERVFAIL"},
    **{f"d{n}.example": {"MX": ["10 aspmx.l.google.com."]} for n in range(600)},
}
AS_OF: Final = "2026-10-01"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    """A name server, and a cache of its answers of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with NameServer(ZONE) as running:
        yield running


def listed(path: Path, *emails: str) -> Path:
    """Write a list."""
    path.write_text("\n".join(["email", *emails]))
    return path


def run(*arguments: object, status: int = 0) -> str:
    """Run `bulkkit verify` in this process; return what it printed."""
    done = CliRunner().invoke(main, ["verify", *map(str, arguments)])
    assert done.exit_code == status, done.output
    return " ".join(done.output.split())


def test_dns_is_asked_where_the_command_says(tmp_path: Path, server: NameServer) -> None:
    """Facts, and what is unknown, stand in the file; a second run asks only about what is unknown."""
    source = listed(tmp_path / "in.csv", *(f"ana@{name}.example" for name in ("acme", "null", "absent", "servfail")))
    command = (source, tmp_path / "out.parquet", "--depth", "dns", "--resolver", server.address, "--force")
    printed = run(*command)
    told = pd.read_parquet(tmp_path / "out.parquet")
    assert told["reason"].tolist() == ["not_probed", "does_not_accept_mail", "no_dns_entries", "dns_error"]
    assert told["depth"].eq("dns").all()
    assert "the domain says that it takes no mail" in printed
    server.asked.clear()
    run(*command)
    assert {name for name, _ in server.asked} == {"servfail.example"}


def test_stopped_by_the_keyboard_it_goes_on_from_the_cache(tmp_path: Path, server: NameServer) -> None:
    """Interrupted, it says so and leaves no file; the same command asks only for the rest."""
    names = [name for name in ZONE if name.startswith("d")]
    listed(tmp_path / "in.csv", *(f"ana@{name}" for name in names))
    command = [sys.executable, "-m", "bulkkit", "verify", "in.csv", "out.csv", "--depth", "dns"]
    command += ["--resolver", server.address]
    server.latency = 0.3
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + PATIENCE
        while server.questions < 150 and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, printed) == (1, "")
    assert "Nothing was written: stopped after" in said
    assert "of 600 domains. What was answered is kept" in said
    assert "Traceback" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "in.csv"]
    assert 150 <= server.questions < len(names)
    server.latency = 0.0
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0
    # The questions that were open when the interrupt came are asked again.
    assert len(names) <= server.questions <= len(names) + 100
    assert pd.read_csv(tmp_path / "out.csv")["provider"].eq("Google").all()


def knows_ana(asked: Asked) -> Answer | None:
    """Answer as a server that knows Ana alone."""
    return None if asked.step != "RCPT" or asked.recipient.startswith("ana@") else Answer(b"550 5.1.1 No such user\r\n")


@pytest.fixture
def mail(serve: Callable[..., MailServer], monkeypatch: pytest.MonkeyPatch) -> MailServer:
    """A mail server that the probe asks instead of port 25, with hours that pass in seconds."""
    running = serve(knows_ana)
    clock = ScaledClock(2_000, datetime(2026, 10, 1, tzinfo=UTC))
    monkeypatch.setattr("bulkkit.probing.Probe", partial(Probe, port=running.port, clock=clock, seed=1))
    return running


def test_mailboxes_are_asked_about_once_for_the_whole_list(
    tmp_path: Path, server: NameServer, mail: MailServer
) -> None:
    """Whatever the pieces, who is known is told from who is not, as `verify` tells; no message is sent."""
    emails = ["ana@acme.example", "bob@acme.example", "cy@null.example", "d@@e", "ana@acme.example", "eve@acme.example"]
    options = ("--depth", "probe", "--resolver", server.address, "--as-of", AS_OF)
    source = listed(tmp_path / "in.csv", *emails)
    run(source, tmp_path / "out.parquet", *options, "--helo", "probe.example", "--sender", "bounces@probe.example")
    told = pd.read_parquet(tmp_path / "out.parquet")
    asked = [line for line in mail.lines if line.startswith("RCPT")]
    assert len(asked) == len(set(asked))
    assert told["reason"].tolist() == [
        "accepted_email", "mailbox_not_found", "does_not_accept_mail", "failed_syntax_check", "accepted_email",
        "mailbox_not_found",
    ]  # fmt: skip
    assert told["smtp_code"].fillna(0).tolist() == [250, 550, 0, 0, 250, 550]
    assert mail.taken == []

    probe = sys.modules["bulkkit.probing"].Probe("probe.example", "bounces@probe.example")
    resolver = Resolver([server.address], cache=False)
    whole = verify(pd.DataFrame({"email": emails}), "probe", AS_OF, resolver=resolver, probe=probe)
    order = Order(source, tmp_path / "pieces.parquet", None, "probe", AS_OF, (server.address,), probe=probe, rows=2)
    screen(order)
    pieces = pd.read_parquet(tmp_path / "pieces.parquet")
    pd.testing.assert_frame_equal(pieces[whole.columns].astype(whole.dtypes), whole)


def test_what_was_answered_serves_the_next_command(tmp_path: Path, server: NameServer, mail: MailServer) -> None:
    """With `--cache`, who was asked about once is not asked about again."""
    source, options = (
        listed(tmp_path / "in.csv", "ana@acme.example", "bob@acme.example"),
        f"""
        --depth probe --resolver {server.address} --helo probe.example --sender bounces@probe.example
        --cache {tmp_path / "probe.jsonl"}""".split(),
    )
    run(source, tmp_path / "first.parquet", *options)
    before = len(mail.lines)
    run(source, tmp_path / "again.parquet", *options)
    assert len(mail.lines) == before
    told = pd.read_parquet(tmp_path / "again.parquet")
    assert told["reason"].tolist() == ["accepted_email", "mailbox_not_found"]
    assert told["depth"].eq("probe").all()
    said = run(source, tmp_path / "out.csv", "--cache", "probe.jsonl", status=1)
    assert "--cache are for --depth probe" in said


def test_nobody_is_asked_where_this_machine_should_not(tmp_path: Path, server: NameServer, mail: MailServer) -> None:
    """A name in HELO that DNS does not know, no name at all, or another depth: a sentence, and no file."""
    command = (listed(tmp_path / "in.csv", "ana@acme.example"), tmp_path / "out.csv", "--resolver", server.address)
    sender = ("--sender", "bounces@probe.example")
    said = run(*command, "--depth", "probe", "--helo", "other.example", *sender, status=1)
    assert "No mail server was asked" in said
    assert "other.example" in said
    assert "add --helo and --sender" in run(*command, "--depth", "probe", status=1)
    assert "are for --depth probe" in run(*command, "--depth", "dns", *sender, status=1)
    assert not any(line.startswith(("MAIL", "RCPT")) for line in mail.lines)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "in.csv"]
