"""Who was kept without a campaign's message on purpose: stored with the campaign, before anything is sent."""

from __future__ import annotations

import sqlite3
from itertools import repeat

import pandas as pd

from bulkkit.ledger.moments import to_stored
from bulkkit.transitions import CampaignRecord


def store(connection: sqlite3.Connection, record: CampaignRecord, rows: pd.DataFrame) -> None:
    """Store who is held out of a campaign (email, mailbox)."""
    at = repeat(to_stored(record.created_at), len(rows))
    values = zip(repeat(record.campaign, len(rows)), rows["mailbox"], rows["email"], at, strict=True)
    connection.executemany("INSERT INTO holdouts VALUES (?, ?, ?, ?)", values)
