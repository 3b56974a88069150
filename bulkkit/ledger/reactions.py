"""How people reacted to earlier campaigns: counted where they are stored, one row a campaign."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Final

import pandas as pd

from bulkkit.frames import from_rows
from bulkkit.ledger.moments import from_stored, to_stored
from bulkkit.vocabulary import REACTION_DTYPES

_REACTIONS: Final = """
    WITH latest AS (
        SELECT campaign, kind, created_at FROM campaigns
        WHERE kind = :kind AND created_at <= :until ORDER BY created_at DESC LIMIT :most
    ), people AS (
        SELECT campaign, kind, COUNT(DISTINCT email) AS people FROM events
        WHERE campaign IN (SELECT campaign FROM latest) AND machine IS NOT 1
        AND kind IN ('sent', 'delivered', 'clicked', 'unsubscribed', 'complained') GROUP BY campaign, kind
    ), accepted AS (
        SELECT campaign, COUNT(*) AS people FROM sends
        WHERE campaign IN (SELECT campaign FROM latest) AND state = 'accepted' GROUP BY campaign
    )
    SELECT latest.campaign, latest.kind, created_at,
        MAX(COALESCE(MAX(people.people) FILTER (WHERE people.kind IN ('sent', 'delivered')), 0),
            COALESCE(MAX(accepted.people), 0)),
        COALESCE(MAX(people.people) FILTER (WHERE people.kind = 'clicked'), 0),
        COALESCE(MAX(people.people) FILTER (WHERE people.kind = 'unsubscribed'), 0),
        COALESCE(MAX(people.people) FILTER (WHERE people.kind = 'complained'), 0)
    FROM latest LEFT JOIN people USING (campaign) LEFT JOIN accepted USING (campaign)
    GROUP BY latest.campaign ORDER BY created_at
"""


def reactions(connection: sqlite3.Connection, kind: str, until: datetime, most: int) -> pd.DataFrame:
    """Return how people reacted to the `most` latest campaigns of a kind, up to a moment, the oldest first."""
    rows = connection.execute(_REACTIONS, {"kind": kind, "until": to_stored(until), "most": most})
    return from_rows([(name, kind, from_stored(at), *counts) for name, kind, at, *counts in rows], REACTION_DTYPES)
