"""Who is never written to again, and the events that say so."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import pandas as pd

from bulkkit.addresses import mailbox_key, mailbox_keys
from bulkkit.errors import InputError
from bulkkit.frames import require
from bulkkit.ledger.moments import to_stored
from bulkkit.refusals import DEAD, is_about_sender, says_dead
from bulkkit.vocabulary import BounceType, EventKind, SuppressionReason

_INSERT: Final = "INSERT OR IGNORE INTO suppressions VALUES (?, ?, ?, ?, ?, ?)"


def suppress(connection: sqlite3.Connection, frame: pd.DataFrame, reason: str, now: datetime) -> int:
    """Suppress the frame's addresses; a `reason` and an `at` column decide row by row where they are known.

    Returns how many were not suppressed before.
    """
    require(frame, ["email"], "The frame of addresses to suppress")
    rows = frame[frame["email"].notna()]
    keys = mailbox_keys(rows["email"].astype("str"))
    reasons = _reasons(rows, reason)
    moments = _moments(rows, now)
    source = "import"
    values = [
        (k, str(e), r, to_stored(a), source, None)
        for k, e, r, a in zip(keys, rows["email"], reasons, moments, strict=True)
    ]
    before = connection.total_changes
    connection.executemany(_INSERT, values)
    return connection.total_changes - before


def _reasons(rows: pd.DataFrame, reason: str) -> list[str]:
    known = {member.value for member in SuppressionReason}
    if reason not in known:
        raise InputError(f"{reason!r} is no reason to suppress somebody; use one of {', '.join(sorted(known))}.")
    if "reason" not in rows.columns:
        return [reason] * len(rows)
    return [value if value in known else reason for value in rows["reason"]]


def _moments(rows: pd.DataFrame, now: datetime) -> list[datetime]:
    if "at" not in rows.columns:
        return [now] * len(rows)
    moments = pd.to_datetime(rows["at"], utc=True, errors="coerce", format="mixed").fillna(pd.Timestamp(now))
    return [moment.to_pydatetime() for moment in moments]


def reason_of(event: Mapping[str, Any]) -> SuppressionReason | None:
    """Return why an event suppresses its person, or None where it does not."""
    kind = event.get("kind")
    if kind == EventKind.UNSUBSCRIBED:
        return SuppressionReason.UNSUBSCRIBED
    if kind == EventKind.COMPLAINED:
        return SuppressionReason.COMPLAINED
    if kind == EventKind.BOUNCED and event.get("bounce_type") == BounceType.HARD and _is_dead(event):
        return SuppressionReason.BOUNCED
    return None


def _is_dead(event: Mapping[str, Any]) -> bool:
    # Not every 5.1.x is: 5.1.7 and 5.1.8 are about the sender's address. And who refuses us says nothing of anybody.
    enhanced = event.get("enhanced_code")
    return says_dead(enhanced) or (event.get("bounce_class") in DEAD and not is_about_sender(enhanced))


def suppress_by_event(connection: sqlite3.Connection, event: Mapping[str, Any], at: int) -> None:
    """Suppress the person of an event where its kind says so."""
    reason, email = reason_of(event), event.get("email")
    if reason and email:
        values = (mailbox_key(email), email, reason, at, event.get("source"), event.get("campaign"))
        connection.execute(_INSERT, values)
