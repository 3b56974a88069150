"""The main job from the command line, as a user runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from servers import smtp_sink

import bulkkit as bk
from bulkkit import accounts, sample
from bulkkit.addresses import mailbox_keys
from bulkkit.metrics import rates
from bulkkit.sandbox import Sandbox

CAMPAIGN = "office-move"


def demo(folder: Path, *arguments: str, check: bool = True) -> str:
    """Run `bulkkit demo` in a folder; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "bulkkit", "demo", *arguments], cwd=folder, capture_output=True, text=True, timeout=120
    )
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder in which the demo ran once with 2,000 recipients, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, demo(folder, "--recipients", "2000", "--ledger", "demo.db")


def test_numbers_reconcile(finished: tuple[Path, str]) -> None:
    """List, plan, outcomes and mailboxes add up, and nobody opened what was not accepted."""
    folder, printed = finished
    assert "FAILS" not in printed
    assert printed.count("holds") == 3
    ledger = bk.Ledger(folder / "demo.db")
    sends, events = ledger.sends(CAMPAIGN), ledger.events(CAMPAIGN)
    accepted = sends[sends["state"] == "accepted"]
    opened = events[events["kind"] == "opened"]
    assert len(sends) == 2000
    assert set(mailbox_keys(opened["email"])) <= set(mailbox_keys(accepted["email"]))


def test_mailboxes_hold_what_the_ledger_says(finished: tuple[Path, str]) -> None:
    """Each accepted message lies in its mailbox, once, and no other does."""
    folder, _ = finished
    sends = bk.Ledger(folder / "demo.db").sends(CAMPAIGN)
    with Sandbox(ledger=folder / "demo.db") as sandbox:
        inbox = sandbox.inbox
    accepted = sends.loc[sends["state"] == "accepted", "message_id"]
    lying = inbox.loc[inbox["campaign"] == CAMPAIGN, "message_id"]
    assert sorted(lying) == sorted(accepted)


def mailboxes_of(states: list[str], lying: list[str]) -> accounts.Balance:
    """Return the balance of sends `<0>`, `<1>`, … in these states, with these messages lying."""
    sends = pd.DataFrame({"message_id": [f"<{number}>" for number in range(len(states))], "state": states})
    return accounts.of_mailboxes(sends, pd.DataFrame({"message_id": pd.Series(lying, dtype="str")}))


@pytest.mark.parametrize(
    ("lying", "holds"),
    [
        (["<0>", "<1>"], True),
        (["<0>", "<1>", "<3>"], True),  # in doubt
        (["<0>", "<1>", "<of a test mail>"], True),
        (["<0>", "<2>"], False),
        (["<0>", "<0>"], False),
        (["<0>", "<1>", "<2>"], False),
        (["<0>", "<1>", "<1>"], False),
        ([], False),
    ],
)
def test_mailboxes_are_counted_by_message(lying: list[str], holds: bool) -> None:
    """The same number of other messages is no balance; a message in doubt, and one of another send, disturb none."""
    assert mailboxes_of(["accepted", "accepted", "refused", "in_doubt"], lying).holds is holds


def test_balance_says_why_it_fails_though_the_counts_agree() -> None:
    """A refused message that lies in a mailbox is told beside two equal numbers."""
    balance = mailboxes_of(["accepted", "refused"], ["<0>", "<1>"])
    assert (balance.left, balance.right) == (1, 1)
    assert "1 more" in balance.note


def test_refusals_are_the_truth(finished: tuple[Path, str]) -> None:
    """Who was refused or given up is whom the generator made so."""
    folder, _ = finished
    sends = bk.Ledger(folder / "demo.db").sends(CAMPAIGN)
    truth = pd.read_csv(sample.path() / "truth.csv").set_index("email")["mailbox"]
    behaviour = mailbox_keys(sends["email"]).map(truth)
    expected = behaviour.map({"unknown_user": "refused", "policy": "refused", "full": "expired"}).fillna("accepted")
    assert (sends["state"] == expected).all()


def test_report_says_what_the_ledger_says(finished: tuple[Path, str]) -> None:
    """The report's rates are those of the ledger's events."""
    folder, _ = finished
    ledger = bk.Ledger(folder / "demo.db")
    frame = rates(ledger.events(CAMPAIGN), ledger.sends(CAMPAIGN))
    page = (folder / "report.html").read_text(encoding="utf-8")
    clicked = frame[(frame["rate"] == "clicked") & (frame["counts"] == "all")].iloc[0]
    text = re.sub(r"<[^>]+>|\s+", " ", page)
    assert f"{clicked['numerator']:,}" in text
    assert f"{clicked['denominator']:,}" in text


def own_list(folder: Path, people: int) -> tuple[str, ...]:
    """Write a list of people who agreed, and return the options that send to it and to a ledger of its own."""
    rows = [f"person{n}@club{n % 7}.example,opt_in,yes" for n in range(people)]
    (folder / "own.csv").write_text("\n".join(["email,consent_basis,tracking_consent", *rows]), encoding="utf-8")
    return "--contacts", "own.csv", "--ledger", "demo.db"


def test_run_again_sends_nothing(tmp_path: Path) -> None:
    """The same ledger again goes on where it stopped: here, with nothing left to send."""
    options = own_list(tmp_path, 60)
    demo(tmp_path, *options)
    before = bk.Ledger(tmp_path / "demo.db").sends(CAMPAIGN)
    again = demo(tmp_path, *options)
    assert "going on where it stopped" in again
    assert "as in the first run" in again
    pd.testing.assert_frame_equal(before, bk.Ledger(tmp_path / "demo.db").sends(CAMPAIGN))


def test_killed_and_run_again(tmp_path: Path) -> None:
    """Killed in the middle and run again: each mailbox holds one message, or the row is in doubt."""
    options = own_list(tmp_path, 800)
    command = [sys.executable, "-m", "bulkkit", "demo", *options]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) as process:
        wait_until(lambda: accepted_in(tmp_path / "demo.db") >= 60)
        os.kill(process.pid, signal.SIGKILL)
    assert accepted_in(tmp_path / "demo.db") < 700
    assert "FAILS" not in demo(tmp_path, *options)
    sends = bk.Ledger(tmp_path / "demo.db").sends(CAMPAIGN)
    with Sandbox(ledger=tmp_path / "demo.db") as sandbox:
        inbox = sandbox.inbox
    copies = inbox[inbox["campaign"] == CAMPAIGN].groupby("message_id").size()
    held = sends["message_id"].map(copies).fillna(0)
    assert (held[sends["state"] == "accepted"] == 1).all()
    assert (held[sends["state"] == "in_doubt"] <= 1).all()
    assert (held[sends["state"].isin(["refused", "expired"])] == 0).all()
    assert sends["state"].isin(["accepted", "refused", "expired", "in_doubt"]).all()


def test_own_list_to_a_foreign_server(tmp_path: Path) -> None:
    """Any CSV goes to any mail server on this machine."""
    rows = [f"Person {n},person{n}@club{n % 7}.example.org" for n in range(120)]
    (tmp_path / "other.csv").write_text("Name;Mail\n" + "\n".join(rows).replace(",", ";") + "\n", encoding="utf-8")
    with smtp_sink(tmp_path) as sink:
        url = f"smtp://127.0.0.1:{sink.port}"
        printed = demo(tmp_path, "--contacts", "other.csv", "--relay", url, "--ledger", "other.db")
        taken = sink.counts()
    sends = bk.Ledger(tmp_path / "other.db").sends(CAMPAIGN)
    assert (sends["state"] == "accepted").sum() == 120, printed
    assert taken == dict.fromkeys(sends["email"], 1)
    unknown = re.findall(r"(\w+) \(people\) +unknown", printed)
    assert unknown == ["opened", "clicked", "unsubscribed", "complained"]
    assert (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--relay", "smtp://192.0.2.1:25"), "this machine only"),
        (("--relay", "smtp://127.0.0.1:9"), "nothing listens there"),
        (("--relay", "ftp://127.0.0.1"), "is no relay's address"),
        (("--contacts", "empty.csv"), "empty"),
        (("--contacts", "names.csv"), "column"),
        (("--contacts", "nobody.csv"), "nobody.csv has a heading and nobody below it"),
        (("--contacts", "two.csv"), "--email"),
        (("--contacts", "two.csv", "--email", "third"), "no column 'third'"),
    ],
)
def test_bad_input_gets_a_sentence(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    """What cannot be used ends with a sentence, not with a traceback, and nothing was sent."""
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "names.csv").write_text("first,last\nAna,Li\n")
    (tmp_path / "nobody.csv").write_text("email,first_name\n")
    (tmp_path / "two.csv").write_text("one,two\na@a.example,b@a.example\n")
    printed = demo(tmp_path, "--recipients", "5", *arguments, check=False)
    assert "Error:" in printed
    assert sentence in printed
    assert "Traceback" not in printed
    assert not (tmp_path / "bulkkit-demo.db").exists() or bk.Ledger(tmp_path / "bulkkit-demo.db").sends().empty


def accepted_in(path: Path) -> int:
    """Return how many messages the ledger says were accepted."""
    return int((bk.Ledger(path).sends()["state"] == "accepted").sum()) if path.exists() else 0


def wait_until(condition: object, seconds: float = 60) -> None:
    """Wait until a condition holds, or fail."""
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)
