"""Events as they come in: stored once, joined to their send, and acted upon."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import pandas as pd

from bulkkit.addresses import mailbox_key
from bulkkit.errors import InputError
from bulkkit.frames import conform, require
from bulkkit.ledger.moments import from_stored, to_stored, to_stored_or_none
from bulkkit.ledger.queue import send_id_of
from bulkkit.ledger.suppressions import suppress_by_event
from bulkkit.vocabulary import EVENT_DTYPES, EventKind

MAIL_SOURCES: Final = frozenset({"dsn", "arf", "mail"})
"""Sources that anybody can write to: they count only where they name a message that was sent to that person."""

NEEDED: Final = ("event_id", "kind", "source")
"""What an event cannot be without: by its source and id it is known again."""

_MARKS: Final = ", ".join("?" * len(EVENT_DTYPES))
_INSERT: Final = f"INSERT INTO events VALUES ({_MARKS}) ON CONFLICT (source, event_id) DO NOTHING"  # noqa: S608
_SEND: Final = "SELECT campaign, mailbox, email, message_id FROM sends WHERE id = ?"


def record(connection: sqlite3.Connection, event: Mapping[str, Any]) -> bool:
    """Store one event and what follows from it; False where it was known already."""
    joined, genuine = _join(connection, event)
    at = to_stored_or_none(joined.get("at"))
    stored = [at if name == "at" else _plain(joined.get(name)) for name in EVENT_DTYPES]
    is_new = connection.execute(_INSERT, stored).rowcount == 1
    if is_new and genuine:
        suppress_by_event(connection, joined, at or 0)
    return is_new


def add_events(connection: sqlite3.Connection, frame: pd.DataFrame) -> int:
    """Store a frame of events (columns of `EVENT_DTYPES`); return how many were new."""
    require(frame, NEEDED, "The frame of events")
    events = conform(frame, EVENT_DTYPES)[list(EVENT_DTYPES)]
    is_known = events["kind"].isin(list(EventKind)) | events["kind"].isna()
    events["kind"] = events["kind"].where(is_known, str(EventKind.UNKNOWN))
    for name in NEEDED:
        if events[name].isna().any():
            row = int(events[name].isna().to_numpy().argmax())
            raise InputError(f"Row {row} of the frame of events has no {name}; none of it was stored. Fill it in.")
    return sum(
        record(connection, dict(zip(EVENT_DTYPES, row, strict=True)))
        for row in events.itertuples(index=False, name=None)
    )


def note_import(connection: sqlite3.Connection, at: datetime, count: int, new: int) -> None:
    """Remember that so many events came in, so many of them new: what nobody imported yet stops nobody's mail."""
    connection.execute("INSERT INTO imports VALUES (?, ?, ?)", (to_stored(at), count, new))


def latest(connection: sqlite3.Connection) -> datetime | None:
    """Return the moment of the latest event, of those too that the sends themselves say, or None."""
    question = """
        SELECT MAX(at) FROM (SELECT MAX(at) AS at FROM events UNION ALL
        SELECT MAX(finished_at) FROM sends WHERE state IN ('accepted', 'refused', 'expired'))
    """
    at = connection.execute(question).fetchone()[0]
    return None if at is None else from_stored(at)


def last_import(connection: sqlite3.Connection) -> datetime | None:
    """Return when events came in last, or None where none ever did."""
    at = connection.execute("SELECT MAX(at) FROM imports").fetchone()[0]
    return None if at is None else from_stored(at)


def _join(connection: sqlite3.Connection, event: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return the event with the campaign of its message, and whether it may suppress somebody."""
    joined = {name: value for name, value in event.items() if not _missing(value)}
    send = _send_of(connection, joined.get("message_id"))
    if send is not None:
        campaign, mailbox, email, _ = send
        is_theirs = mailbox_key(joined.get("email", email)) == mailbox
        if is_theirs:
            return joined | {"campaign": campaign, "email": email}, True
    if joined.get("source") in MAIL_SOURCES:
        # It counts in no campaign either: anybody may have written it.
        joined.pop("campaign", None)
        return joined, False
    return joined, True


def _send_of(connection: sqlite3.Connection, message_id: str | None) -> tuple[str, str, str, str] | None:
    number = send_id_of(message_id) if message_id else None
    if number is None:
        return None
    row = connection.execute(_SEND, (number,)).fetchone()
    return row if row and row[3].strip("<>") == str(message_id).strip().strip("<>") else None


def _plain(value: Any) -> Any:
    if _missing(value):
        return None
    return int(value) if isinstance(value, bool) or hasattr(value, "dtype") else value


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)
