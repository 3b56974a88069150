"""What earlier sends tell of the next one: how many messages were put off, and how long one took."""

from __future__ import annotations

import sqlite3
from typing import Final

LATEST: Final = 20_000
"""So many of the latest messages are looked at."""

_EXPERIENCE: Final = """
    SELECT COUNT(*), SUM(attempts > 1), SUM(attempts > 2), AVG(finished_at - claimed_at) / 1e6 FROM (
        SELECT attempts, claimed_at, finished_at FROM sends JOIN campaigns USING (campaign)
        WHERE clock = :clock AND state = 'accepted' ORDER BY id DESC LIMIT :latest
    )
"""


def experience(connection: sqlite3.Connection, clock: str) -> tuple[int, int, int, float]:
    """Return of the latest messages accepted by that clock: how many, how many of them were put off once, how many
    more than once, and how many seconds the last attempt took on average.
    """
    found = connection.execute(_EXPERIENCE, {"clock": clock, "latest": LATEST}).fetchone()
    accepted, deferred, again, seconds = (number or 0 for number in found)
    return int(accepted), int(deferred), int(again), max(0.0, float(seconds))
