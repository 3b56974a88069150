"""The commands, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from commands import free_port, running, status_of, until

import bulkkit as bk
from bulkkit import sample
from bulkkit.cli import main


def run(*arguments: str, status: int = 0) -> str:
    """Run a command in this process; return what it printed."""
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == status, done.output
    return done.output


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A ledger with the sample's campaigns, and their events not yet in it."""
    path = tmp_path / "history.db"
    bk.Ledger(path).add_campaigns(pd.read_csv(sample.path() / "campaigns.csv"))
    return path


def test_import_twice_is_import_once(history: Path) -> None:
    """Events that are known already are not counted again."""
    events = str(sample.path() / "events.parquet")
    assert "98,402 events read, 98,402 of them new" in run("import", events, "--ledger", str(history))
    assert "98,402 events read, 0 of them new" in run("import", events, "--ledger", str(history))


def test_import_names_the_unusable_line(history: Path, tmp_path: Path) -> None:
    """A line that is no event is named with its number, and the others are kept."""
    line = json.dumps({"email": "ana@example.org", "event": "open", "timestamp": 1_790_000_000, "sg_event_id": "x1"})
    (tmp_path / "export.json").write_text(f"{line}\n{{broken\n", encoding="utf-8")
    printed = run("import", str(tmp_path / "export.json"), "--ledger", str(history))
    assert "1 events read, 1 of them new" in printed
    assert "export.json:2:" in printed


def test_report_is_written(history: Path, tmp_path: Path) -> None:
    """`bulkkit report` writes one file and says where."""
    run("import", str(sample.path() / "events.parquet"), "--ledger", str(history))
    target = tmp_path / "spring.html"
    arguments = ["--ledger", str(history), "--path", str(target), "--contacts", str(sample.path() / "contacts.csv")]
    assert str(target) in run("report", "spring", *arguments).replace("\n", "")
    assert "spring" in target.read_text(encoding="utf-8")


def test_status_shows_each_campaign(history: Path) -> None:
    """`bulkkit status` names the campaigns and how old the knowledge is."""
    printed = run("status", "--ledger", str(history))
    assert all(name in printed for name in ("spring", "summer-update", "no day yet"))


def test_status_fits_a_narrow_terminal(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In 80 columns each heading and number is whole, and a long name folds."""
    monkeypatch.setenv("COLUMNS", "80")
    bk.Ledger(history).add_campaigns(pd.DataFrame({"campaign": ["Z" * 80], "kind": ["blast"]}))
    printed = run("status", "--ledger", str(history))
    assert "…" not in printed
    assert max(map(len, printed.splitlines()[:-2])) <= 80
    assert all(word in printed for word in ("accepted", "refused", "given", "doubt", "waiting", "4,197"))
    assert printed.count("Z") == 80


@pytest.mark.parametrize("command", [("demo", "--report"), ("demo", "--ledger"), ("report", "spring", "--path")])
def test_missing_folder_is_named_before_any_work(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file to be written in a folder that is not there is refused at once, and nothing was made."""
    monkeypatch.chdir(tmp_path)
    assert "the folder missing is not there; make it first" in run(*command, "missing/file", status=2)
    assert list(tmp_path.iterdir()) == []


def test_report_takes_the_column_of_addresses(history: Path, tmp_path: Path) -> None:
    """A list with two columns of addresses is told of --email, and with it the report is written."""
    contacts, target = tmp_path / "two.csv", tmp_path / "spring.html"
    contacts.write_text("one,two\na@a.example,b@a.example\n", encoding="utf-8")
    run("import", str(sample.path() / "events.parquet"), "--ledger", str(history))
    command = ("report", "spring", "--ledger", str(history), "--path", str(target), "--contacts", str(contacts))
    assert "--email" in run(*command, status=1)
    run(*command, "--email", "two")
    assert target.exists()


@pytest.mark.parametrize("command", [("status",), ("report", "spring"), ("track", "--base-url", "http://127.0.0.1")])
def test_missing_ledger_is_named(command: tuple[str, ...], tmp_path: Path) -> None:
    """A ledger that is not there is named, and none is made."""
    path = tmp_path / "none.db"
    assert "There is no ledger" in run(*command, "--ledger", str(path), status=1)
    assert not path.exists()


def test_unknown_campaign_lists_the_known(history: Path) -> None:
    """A campaign that the ledger does not have gets the names of those that it has."""
    assert "summer-update" in run("report", "sprung", "--ledger", str(history), status=1)


def test_track_serves_the_tracker(history: Path, tmp_path: Path) -> None:
    """`bulkkit track` answers, and a token that nobody signed is not found."""
    port = free_port()
    arguments = ["track", "--ledger", str(history), "--base-url", f"http://127.0.0.1:{port}", "--port", str(port)]
    with running(*arguments, folder=tmp_path, BULKKIT_LINK_KEY="ab" * 32):
        until(lambda: status_of(f"http://127.0.0.1:{port}/u/forged"), 404)
