"""Messages in doubt, and what a person decided about them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final

import pandas as pd

from bulkkit.addresses import mailbox_key
from bulkkit.errors import InputError
from bulkkit.ledger import tables
from bulkkit.vocabulary import SendState

SKIPPED: Final = "skipped"

_DECISIONS: Final = {
    "skip": "UPDATE sends SET reason = 'skipped' WHERE campaign = ? AND mailbox = ? AND state = 'in_doubt'",
    "resend": "UPDATE sends SET state = 'queued', reason = 'resend', due_at = NULL"
    " WHERE campaign = ? AND mailbox = ? AND state = 'in_doubt'",
}


def in_doubt(connection: sqlite3.Connection, campaign: str) -> pd.DataFrame:
    """Return a campaign's messages that are in doubt and not yet decided (columns of `SEND_DTYPES`)."""
    found = tables.sends(connection, campaign, SendState.IN_DOUBT)
    return found[found["reason"] != SKIPPED].reset_index(drop=True)


def resolve(connection: sqlite3.Connection, campaign: str, emails: Iterable[str], choice: str) -> int:
    """Skip or resend these addresses' messages; return how many were in doubt and are decided now."""
    if choice not in _DECISIONS:
        raise InputError(f"{choice!r} is no choice for messages in doubt; it is 'skip' or 'resend'.")
    keys = [(campaign, mailbox_key(email)) for email in emails]
    return sum(connection.execute(_DECISIONS[choice], key).rowcount for key in keys)
