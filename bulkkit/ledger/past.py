"""What earlier sends tell a new one: since when each relay is in use, when a campaign began, who put us off lately."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import Final

from bulkkit.ledger.moments import from_stored, to_stored
from bulkkit.transitions import PastDeferral, Stamp

_CLAIMS: Final = """
    SELECT relay, claimed_at, boot_id, boot_seconds FROM sends WHERE campaign IN
        (SELECT campaign FROM campaigns WHERE clock = :clock) AND claimed_at IS NOT NULL
    UNION ALL
    SELECT attempts.relay, attempts.claimed_at, attempts.boot_id, attempts.boot_seconds
    FROM attempts JOIN sends ON id = send_id JOIN campaigns USING (campaign) WHERE clock = :clock
"""
_FIRST_CLAIMS: Final = f"""
    WITH claims AS ({_CLAIMS}), steps AS (
        SELECT *, claimed_at - LAG(claimed_at) OVER (PARTITION BY relay ORDER BY claimed_at) AS pause FROM claims
    )
    SELECT relay, MAX(claimed_at), boot_id, boot_seconds FROM steps WHERE pause IS NULL OR pause > :pause GROUP BY relay
"""  # noqa: S608 - both halves are of this module
_BEGAN: Final = """
    SELECT MIN(at), boot, seconds FROM (
        SELECT claimed_at AS at, boot_id AS boot, boot_seconds AS seconds FROM sends
        WHERE campaign = :campaign AND claimed_at IS NOT NULL
        UNION ALL
        SELECT attempts.claimed_at, attempts.boot_id, attempts.boot_seconds
        FROM attempts JOIN sends ON id = send_id WHERE campaign = :campaign
    )
"""
_DEFERRALS: Final = """
    SELECT network, sends.finished_at, sends.reason, sends.smtp_code, sends.enhanced_code, sends.reply
    FROM sends JOIN campaigns USING (campaign)
    WHERE clock = :clock AND sends.finished_at > :since AND sends.smtp_code BETWEEN 400 AND 499
    UNION ALL
    SELECT network, attempts.finished_at, attempts.reason, attempts.smtp_code, attempts.enhanced_code, attempts.reply
    FROM attempts JOIN sends ON id = send_id JOIN campaigns USING (campaign)
    WHERE clock = :clock AND attempts.finished_at > :since AND attempts.smtp_code BETWEEN 400 AND 499
    ORDER BY 2
"""


def first_claims(connection: sqlite3.Connection, clock: str, pause: float) -> dict[str, Stamp]:
    """Return when each relay was first used, counted anew after `pause` seconds without use."""
    rows = connection.execute(_FIRST_CLAIMS, {"clock": clock, "pause": int(pause * 1e6)})
    return {relay: _stamp(at, boot, seconds) for relay, at, boot, seconds in rows}


def began(connection: sqlite3.Connection, campaign: str) -> Stamp | None:
    """Return when the first message of a campaign was taken up, or None where none was."""
    at, boot, seconds = connection.execute(_BEGAN, {"campaign": campaign}).fetchone()
    return None if at is None else _stamp(at, boot, seconds)


def deferrals_since(connection: sqlite3.Connection, now: Stamp, seconds: float, clock: str) -> list[PastDeferral]:
    """Return who answered 4xx in the last seconds, in campaigns of that clock, the oldest first."""
    since = to_stored(now.at - timedelta(seconds=seconds))
    rows = connection.execute(_DEFERRALS, {"clock": clock, "since": since})
    return [PastDeferral(network, from_stored(at), *said) for network, at, *said in rows]


def _stamp(at: int, boot: str | None, seconds: float | None) -> Stamp:
    return Stamp(from_stored(at), boot or "", seconds or 0.0)
