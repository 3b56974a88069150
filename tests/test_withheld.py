"""People who are suppressed between the plan and their turn: withheld, and nobody else with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
from servers import Sink

import bulkkit as bk


def test_only_the_suppressed_are_withheld(tmp_path: Path, sink: Callable[..., Sink]) -> None:
    """Ten of three hundred unsubscribe after the plan: the other 290 get their message, and the counts agree."""
    people = [f"person{number}@club{number % 20}.example" for number in range(300)]
    running, ledger = sink(), bk.Ledger(tmp_path / "bulkkit.db")
    campaign = bk.Campaign(
        name="news",
        sender=bk.Sender("News <news@example.org>", postal_address="1 High St"),
        message=bk.Message("Hi", text="Hello"),
        audience=pd.DataFrame({"email": people, "consent_basis": "opt_in"}),
    )
    relays = [bk.Relay(f"smtp://127.0.0.1:{running.port}", max_connections=20)]
    plan = bk.plan(campaign, relays, throttle=bk.Throttle.unlimited(), ledger=ledger)
    ledger.suppress(pd.DataFrame({"email": people[::30]}))
    progress = plan.send(confirm=300).wait()
    states = ledger.sends().groupby("state").size().to_dict()
    assert states == {"accepted": 290, "refused": 10}
    assert (progress.accepted, progress.refused) == (290, 10)
    assert set(running.counts()) == set(people) - set(people[::30])
    assert (ledger.events()["kind"] == "rejected").sum() == 10


def test_a_row_that_may_be_written_to_goes_before_one_that_may_not(tmp_path: Path) -> None:
    """A person with one row without consent and one with it is written to once."""
    rows = pd.DataFrame(
        {
            "email": ["ana@a.example", "Ana@a.example", "ben@a.example", "ben@a.example"],
            "consent_basis": ["unknown", "opt_in", "opt_in", "bought"],
        }
    )
    campaign = bk.Campaign(
        "news", bk.Sender("news@example.org", postal_address="1 High St"), bk.Message("Hi", text="x"), rows
    )
    plan = bk.plan(campaign, [bk.Relay("smtp://127.0.0.1:2525")], ledger=tmp_path / "bulkkit.db")
    assert plan.fate.tolist() == ["duplicate", "recipient", "recipient", "duplicate"]
