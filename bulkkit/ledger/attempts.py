"""Each attempt to hand a message over, with what was answered: those before the last one, and the last one itself."""

from __future__ import annotations

import sqlite3
from typing import Final

import pandas as pd

from bulkkit.ledger.tables import typed
from bulkkit.vocabulary import TIMESTAMP

ATTEMPT_DTYPES: Final = {
    "campaign": "str",
    "email": "str",
    "message_id": "str",
    "attempt": "Int64",
    "network": "str",
    "relay": "str",
    "claimed_at": TIMESTAMP,
    "finished_at": TIMESTAMP,
    "reason": "str",
    "smtp_code": "Int64",
    "enhanced_code": "str",
    "reply": "str",
}
"""A frame of attempts: one row each, counted from 1. `reason` says why it was put off or refused."""

_ATTEMPTS: Final = """
    SELECT campaign, email, message_id, attempt, network, attempts.relay, attempts.claimed_at, attempts.finished_at,
        attempts.reason, attempts.smtp_code, attempts.enhanced_code, attempts.reply, id
    FROM attempts JOIN sends ON id = send_id WHERE :campaign IS NULL OR campaign = :campaign
    UNION ALL
    SELECT campaign, email, message_id, attempts, network, relay, claimed_at, finished_at,
        reason, smtp_code, enhanced_code, reply, id
    FROM sends WHERE attempts > 0 AND (:campaign IS NULL OR campaign = :campaign)
    AND NOT EXISTS (SELECT 1 FROM attempts AS kept WHERE kept.send_id = id AND kept.attempt = sends.attempts)
    ORDER BY id, attempt
"""


def attempts(connection: sqlite3.Connection, campaign: str | None) -> pd.DataFrame:
    """Return one row an attempt, those of one message in their order, with the columns of `ATTEMPT_DTYPES`."""
    rows = connection.execute(_ATTEMPTS, {"campaign": campaign}).fetchall()
    return typed(pd.DataFrame.from_records(rows, columns=[*ATTEMPT_DTYPES, "id"]), ATTEMPT_DTYPES)
