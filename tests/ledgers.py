"""Ledgers made by hand: a campaign stored, and the steps of a send as the ledger takes them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pandas as pd
from rehearsal import START, people

from bulkkit.ledger import Ledger
from bulkkit.transitions import CampaignRecord, Outcome, Stamp
from bulkkit.vocabulary import SendState

RELAY: Final = "relay.example:25"


def record(campaign: str = "spring", clock: str = "utc", **changes: Any) -> CampaignRecord:
    """Return a campaign as it is stored."""
    values = {
        "campaign": campaign,
        "kind": "blast",
        "purpose": "announcement",
        "created_at": START,
        "sender": "News <news@example.org>",
        "sender_domain": "example.org",
        "subject": "Hi",
        "clock": clock,
        "spec": {"a": 1},
    }
    return CampaignRecord(**values | changes)


def rows(count: int = 3, **columns: Any) -> pd.DataFrame:
    """Return messages to be stored."""
    emails = people(count)["email"]
    frame = pd.DataFrame({"email": emails, "mailbox": emails, "network": "alpha.example", "tracked": True})
    return frame.assign(**{"fields": "{}", **columns})


def stored(path: Path, count: int = 3, campaign: str = "spring", clock: str = "utc") -> Ledger:
    """Return a ledger with one queued campaign."""
    ledger = Ledger(path)
    ledger.store(record(campaign, clock), rows(count))
    return ledger


def stamp(seconds: float = 0.0, boot: str = "boot", boot_seconds: float | None = None) -> Stamp:
    """Return a moment so many seconds after the start, by both clocks."""
    return Stamp(START + timedelta(seconds=seconds), boot, seconds if boot_seconds is None else boot_seconds)


def outcome(send_id: int, state: SendState, seconds: float = 0.0, **values: Any) -> Outcome:
    """Return what became of an attempt."""
    return Outcome(send_id, state, START + timedelta(seconds=seconds), **values)
