"""What is kept apart: rehearsals and real sends, one ledger's people and another's, old events and new ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from servers import Sink

import bulkkit as bk


def test_what_the_ledger_said_is_no_new_event(tmp_path: Path, sink: Callable[..., Sink]) -> None:
    """Storing the ledger's own events again changes none of its counts."""
    ledger = bk.Ledger(tmp_path / "bulkkit.db")
    rows = pd.DataFrame({"email": ["ana@a.example", "ben@b.example"], "consent_basis": "opt_in"})
    campaign = bk.Campaign(
        "news", bk.Sender("news@example.org", postal_address="1 High St"), bk.Message("Hi", text="x"), rows
    )
    bk.plan(campaign, [bk.Relay(f"smtp://127.0.0.1:{sink().port}")], ledger=ledger).send(confirm=2).wait()
    before = ledger.events()
    ledger.add_events(before)
    pd.testing.assert_frame_equal(ledger.events(), before)


def test_rehearsals_and_real_sends_keep_apart(tmp_path: Path) -> None:
    """A ledger with real sends takes no rehearsal: simulated bounces would keep real people from their mail."""
    ledger = bk.Ledger(tmp_path / "real.db")
    rows = pd.DataFrame({"email": ["ana@a.example"], "consent_basis": "opt_in"})
    sender, message = bk.Sender("news@example.org", postal_address="1 High St"), bk.Message("Hi", text="x")
    bk.plan(bk.Campaign("real", sender, message, rows), [bk.Relay("smtp://127.0.0.1:2525")], ledger=ledger).queue(1)
    with bk.Sandbox(ledger=tmp_path / "other.db") as sandbox:
        campaign = bk.Campaign("trial", sender, message, rows)
        with pytest.raises(bk.LedgerError, match="holds real sends"):
            bk.plan(campaign, [sandbox.relay], ledger=ledger)


def test_the_sandbox_records_where_the_send_is(tmp_path: Path) -> None:
    """A send stored in another ledger than the sandbox's own has its reactions there, and only there."""
    with bk.Sandbox(20_000, ledger=tmp_path / "a.db") as sandbox:
        rows = pd.DataFrame(
            {
                "email": [f"p{n}@northmail.example" for n in range(60)],
                "consent_basis": "opt_in",
                "tracking_consent": True,
            }
        )
        campaign = bk.Campaign(
            "news",
            bk.Sender("news@example.org", postal_address="1 High St"),
            bk.Message("Hi", markdown="[x](https://example.org/)"),
            rows,
        )
        bk.plan(campaign, [sandbox.relay], sandbox.links, ledger=tmp_path / "b.db").send().wait()
        acts = sandbox.react()
    events = bk.Ledger(tmp_path / "b.db").events()
    assert set(acts["act"]) - {"bounced"} <= set(events["kind"])
    assert len(acts) > 0
    assert not (tmp_path / "a.db").exists()
