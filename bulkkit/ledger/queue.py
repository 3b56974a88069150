"""The campaigns and their messages: queued in one transaction, taken up again after a restart."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import repeat
from math import inf
from secrets import token_hex
from typing import Any, Final

import pandas as pd

from bulkkit.errors import InputError
from bulkkit.frames import conform, require
from bulkkit.ledger.moments import from_stored, to_stored, to_stored_or_none
from bulkkit.transitions import CampaignRecord, PastClaim, Pending, Recipient, Stamp
from bulkkit.vocabulary import CAMPAIGN_DTYPES, SendState

CHUNK: Final = 500
"""Rows asked for in one question; SQLite takes up to 32,766 parameters."""

SECRET_BYTES: Final = 12
"""Of a Message-ID: 96 bits, as many as sign a link."""

_OUR_ID: Final = re.compile(r"<?([0-9a-f]{1,15})\.")
"""A Message-ID of ours begins with the row's number; 15 digits fit into SQLite's integers."""

_NEW_SEND: Final = """
    INSERT INTO sends (id, campaign, email, mailbox, message_id, network, state, queued_at, due_at, tracked)
    VALUES (?, ?, ?, ?, ?, ?, 'queued', ?, ?, ?)
"""
_RECIPIENTS: Final = """
    SELECT id, campaign, email, message_id, tracked, queued_at, sends.attempts, fields,
        COALESCE(attempts.claimed_at, sends.claimed_at)
    FROM sends JOIN merge_fields ON merge_fields.send_id = id
    LEFT JOIN attempts ON attempts.send_id = id AND attempt = 1
    WHERE id IN ({marks})
"""
_PENDING: Final = """
    SELECT network, state, due_at, json_group_array(id) FROM sends
    WHERE campaign = ? AND state IN ('queued', 'deferred')
    GROUP BY network, state, due_at ORDER BY MIN(id)
"""
_RECOVER: Final = """
    UPDATE sends SET state = iif(state = 'claimed', 'queued', 'in_doubt'), due_at = NULL,
        reason = iif(state = 'claimed', reason, 'interrupted')
    WHERE campaign = ? AND state IN ('claimed', 'dotted') RETURNING state
"""
"""In one look at all rows. A claim has taken a row's due time off already."""
_PAST_CLAIMS: Final = """
    SELECT network, sends.relay, sends.claimed_at, sends.boot_id, sends.boot_seconds, sends.finished_at
    FROM sends JOIN campaigns USING (campaign)
    WHERE clock = :clock AND sends.claimed_at IS NOT NULL
    AND (sends.claimed_at > :since OR sends.finished_at > :since
        OR (sends.boot_id = :boot AND sends.boot_seconds > :boot_since))
    AND NOT EXISTS (SELECT 1 FROM attempts WHERE send_id = id AND attempt = sends.attempts)
    UNION ALL
    SELECT network, attempts.relay, attempts.claimed_at, attempts.boot_id, attempts.boot_seconds, attempts.finished_at
    FROM attempts JOIN sends ON id = send_id JOIN campaigns USING (campaign)
    WHERE clock = :clock
    AND (attempts.claimed_at > :since OR attempts.finished_at > :since
        OR (attempts.boot_id = :boot AND attempts.boot_seconds > :boot_since))
"""


def store(connection: sqlite3.Connection, record: CampaignRecord, rows: pd.DataFrame) -> None:
    """Store a campaign and a queued message for each of `rows` (email, mailbox, network, tracked, fields)."""
    if connection.execute("SELECT 1 FROM campaigns WHERE campaign = ?", (record.campaign,)).fetchone():
        raise InputError(
            f"The ledger has a campaign {record.campaign!r} already. Go on with it by "
            f"bulkkit.resume({record.campaign!r}), or give the new one another name."
        )
    queued_at = to_stored(record.created_at)
    connection.execute(
        "INSERT INTO campaigns VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(record.campaign, record.kind, record.purpose, queued_at, len(rows)),
            *(record.sender, record.subject, record.clock, json.dumps(record.spec)),
        ),
    )
    connection.executemany(
        "INSERT INTO links VALUES (?, ?, ?)", [(record.campaign, n, url) for n, url in enumerate(record.link_urls)]
    )
    first = connection.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM sends").fetchone()[0]
    connection.executemany(_NEW_SEND, _new_sends(record, rows, first, queued_at))
    connection.executemany(
        "INSERT INTO merge_fields VALUES (?, ?)", enumerate(rows["fields"].to_numpy(object), start=first)
    )


def _new_sends(record: CampaignRecord, rows: pd.DataFrame, first: int, queued_at: int) -> Iterator[tuple[Any, ...]]:
    # Arrow's own iterator takes five times as long.
    email, mailbox, network = (rows[name].to_numpy(object) for name in ("email", "mailbox", "network"))
    numbers, due_at = range(first, first + len(rows)), to_stored_or_none(record.start_at)
    campaign, queued, due = (repeat(value, len(rows)) for value in (record.campaign, queued_at, due_at))
    message_ids, tracked = _message_ids(numbers, record.sender_domain), rows["tracked"].astype(int).tolist()
    return zip(numbers, campaign, email, mailbox, message_ids, network, queued, due, tracked, strict=True)


def _message_ids(send_ids: range, domain: str) -> Iterator[str]:
    # The number finds the row; what follows cannot be guessed, so a forged report of it suppresses nobody.
    secrets = token_hex(SECRET_BYTES * len(send_ids))
    length = 2 * SECRET_BYTES
    return (
        f"<{send_id:x}.{secrets[start : start + length]}@{domain}>"
        for send_id, start in zip(send_ids, range(0, len(secrets), length), strict=True)
    )


def send_id_of(message_id: str) -> int | None:
    """Return the number that a Message-ID of ours begins with, or None for a foreign one."""
    found = _OUR_ID.match(message_id.strip())
    return int(found[1], 16) if found else None


def spec(connection: sqlite3.Connection, campaign: str) -> dict[str, Any]:
    """Return what was stored to go on with a campaign; `InputError` names those that there are."""
    row = connection.execute("SELECT spec FROM campaigns WHERE campaign = ?", (campaign,)).fetchone()
    if row is None:
        raise InputError(f"The ledger has no campaign {campaign!r}; it has {_names(connection)}.")
    return dict(json.loads(row[0]))


def waterfall(connection: sqlite3.Connection, campaign: str) -> pd.DataFrame:
    """Return the plan's waterfall as it was stored: columns step, rows, remaining; empty where there was no plan."""
    stored = connection.execute("SELECT spec ->> 'waterfall' FROM campaigns WHERE campaign = ?", (campaign,)).fetchone()
    steps = json.loads(stored[0]) if stored and stored[0] else []
    return pd.DataFrame.from_records(steps, columns=["step", "rows", "remaining"])


def _names(connection: sqlite3.Connection) -> str:
    rows = connection.execute("SELECT campaign FROM campaigns ORDER BY created_at DESC LIMIT 12").fetchall()
    return ", ".join(repr(name) for (name,) in rows) or "none"


def pending(connection: sqlite3.Connection, campaign: str) -> list[Pending]:
    """Return what still has to go out, oldest first; messages that differ in nothing else stand together."""
    return [
        Pending(network, SendState(state), None if due is None else from_stored(due), sorted(json.loads(numbers)))
        for network, state, due, numbers in connection.execute(_PENDING, (campaign,))
    ]


def recipients(connection: sqlite3.Connection, send_ids: Iterable[int]) -> list[Recipient]:
    """Return these recipients in this order; numbers that nobody has are left out."""
    wanted = list(send_ids)
    found: dict[int, Recipient] = {}
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        question = _RECIPIENTS.format(marks=",".join("?" * len(chunk)))
        rows = connection.execute(question, chunk).fetchall()
        # Read at once: a call for each takes several times as long.
        fields = json.loads(f"[{','.join(row[7] for row in rows)}]")
        found.update((row[0], _recipient(row, own)) for row, own in zip(rows, fields, strict=True))
    return [found[number] for number in wanted if number in found]


def _recipient(row: tuple[Any, ...], fields: dict[str, str]) -> Recipient:
    send_id, campaign, email, message_id, tracked, queued_at, attempts, _, first = row
    return Recipient(
        *(send_id, campaign, email, message_id, bool(tracked), from_stored(queued_at), attempts, fields),
        first_claimed_at=None if first is None else from_stored(first),
    )


def counts(connection: sqlite3.Connection, campaign: str) -> dict[SendState, int]:
    """Return how many of a campaign's messages stand in each state."""
    rows = connection.execute("SELECT state, COUNT(*) FROM sends WHERE campaign = ? GROUP BY state", (campaign,))
    return {SendState(state): count for state, count in rows}


def network_counts(connection: sqlite3.Connection, campaign: str) -> dict[str, dict[SendState, int]]:
    """Return how many of a campaign's messages to each network stand in each state."""
    question = "SELECT network, state, COUNT(*) FROM sends WHERE campaign = ? GROUP BY network, state"
    found: dict[str, dict[SendState, int]] = {}
    for network, state, count in connection.execute(question, (campaign,)):
        found.setdefault(network, {})[SendState(state)] = count
    return found


def recover(connection: sqlite3.Connection, campaign: str) -> int:
    """Bring what a dead process left to a safe state; return how many are in doubt since."""
    recovered = connection.execute(_RECOVER, (campaign,)).fetchall()
    return sum(state == SendState.IN_DOUBT for (state,) in recovered)


def claims_since(connection: sqlite3.Connection, now: Stamp, seconds: float, clock: str) -> list[PastClaim]:
    """Return each message handed over in the last seconds, in campaigns of that clock.

    A claim counts if either clock says so, the wall clock of its begin or its end:
    it may have been moved since, and the boot clock says nothing of an earlier boot.
    """
    since = to_stored(now.at - timedelta(seconds=seconds))
    # A clock without boots (the sandbox's) matches no boot.
    boot = {"boot": now.boot_id or None, "boot_since": now.boot_seconds - seconds}
    rows = connection.execute(_PAST_CLAIMS, {"clock": clock, "since": since, **boot})
    return [
        PastClaim(network, relay, Stamp(from_stored(at), boot or "", seconds or 0.0), _seconds(at, end))
        for network, relay, at, boot, seconds, end in rows
    ]


def _seconds(start: int, end: int | None) -> float:
    # The wall clock may have been moved back meanwhile.
    return inf if end is None else max(0, end - start) / 1e6


def add_campaigns(connection: sqlite3.Connection, frame: pd.DataFrame) -> int:
    """Store campaigns that were sent elsewhere; return how many were new."""
    require(frame, ["campaign", "kind"], "The frame of campaigns")
    rows = conform(frame, CAMPAIGN_DTYPES)[list(CAMPAIGN_DTYPES)].astype(object)
    rows = rows.where(rows.notna(), None)
    before = connection.total_changes
    values = (
        (name, kind, purpose or "announcement", to_stored_or_none(at) or 0, count or 0, sender, subject, "elsewhere")
        for name, kind, purpose, at, count, sender, subject, _ in rows.itertuples(index=False, name=None)
    )
    connection.executemany("INSERT OR IGNORE INTO campaigns VALUES (?, ?, ?, ?, ?, ?, ?, ?, '{}')", values)
    return connection.total_changes - before


def blasts_since(connection: sqlite3.Connection, moment: datetime) -> pd.DataFrame:
    """Return who was sent which blast since `moment`: columns campaign and email, one row each."""
    question = """
        SELECT campaign, email FROM sends JOIN campaigns USING (campaign)
        WHERE kind = 'blast' AND state IN ('accepted', 'in_doubt') AND claimed_at >= :since
        UNION
        SELECT events.campaign, events.email FROM events JOIN campaigns USING (campaign)
        WHERE campaigns.kind = 'blast' AND events.kind IN ('sent', 'delivered') AND events.at >= :since
        AND events.email IS NOT NULL
    """
    rows = connection.execute(question, {"since": to_stored(moment)}).fetchall()
    return pd.DataFrame.from_records(rows, columns=["campaign", "email"]).astype("str")
