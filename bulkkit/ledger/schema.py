"""The tables of a ledger, and the steps from one version of them to the next.

Moments are integers: microseconds since 1970, UTC. `mailbox` is the key under
which two spellings of one person are the same.
"""

from __future__ import annotations

import sqlite3
from typing import Final

MIGRATIONS: Final = (
    """
    CREATE TABLE campaigns (
        campaign TEXT PRIMARY KEY, kind TEXT NOT NULL, purpose TEXT NOT NULL, created_at INTEGER NOT NULL,
        recipients INTEGER NOT NULL, sender TEXT, subject TEXT, clock TEXT NOT NULL, spec TEXT NOT NULL
    ) STRICT;

    CREATE TABLE sends (
        id INTEGER PRIMARY KEY, campaign TEXT NOT NULL REFERENCES campaigns, email TEXT NOT NULL,
        mailbox TEXT NOT NULL, message_id TEXT NOT NULL, network TEXT NOT NULL, relay TEXT,
        state TEXT NOT NULL, reason TEXT, attempts INTEGER NOT NULL DEFAULT 0, queued_at INTEGER NOT NULL,
        due_at INTEGER, claimed_at INTEGER, boot_id TEXT, boot_seconds REAL, finished_at INTEGER,
        smtp_code INTEGER, enhanced_code TEXT, reply TEXT, tracked INTEGER NOT NULL,
        UNIQUE (campaign, mailbox)
    ) STRICT;

    CREATE TABLE merge_fields (send_id INTEGER PRIMARY KEY REFERENCES sends, fields TEXT NOT NULL) STRICT;

    CREATE TABLE attempts (
        send_id INTEGER NOT NULL REFERENCES sends, attempt INTEGER NOT NULL, relay TEXT, claimed_at INTEGER NOT NULL,
        boot_id TEXT, boot_seconds REAL, finished_at INTEGER, reason TEXT, smtp_code INTEGER, enhanced_code TEXT,
        reply TEXT, PRIMARY KEY (send_id, attempt)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE links (
        campaign TEXT NOT NULL REFERENCES campaigns, number INTEGER NOT NULL, url TEXT NOT NULL,
        PRIMARY KEY (campaign, number)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE events (
        event_id TEXT NOT NULL, at INTEGER, kind TEXT NOT NULL, source TEXT NOT NULL, campaign TEXT, message_id TEXT,
        email TEXT, bounce_type TEXT, bounce_class TEXT, smtp_code INTEGER, enhanced_code TEXT, diagnostic TEXT,
        url TEXT, ip TEXT, user_agent TEXT, machine INTEGER, machine_basis TEXT, raw TEXT,
        PRIMARY KEY (source, event_id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE suppressions (
        mailbox TEXT PRIMARY KEY, email TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL, source TEXT,
        campaign TEXT
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE sender (
        only INTEGER PRIMARY KEY CHECK (only = 1), process INTEGER NOT NULL, host TEXT NOT NULL,
        campaign TEXT NOT NULL, since INTEGER NOT NULL
    ) STRICT;
    """,
    """
    CREATE TABLE imports (at INTEGER NOT NULL, events INTEGER NOT NULL, new INTEGER NOT NULL) STRICT;
    """,
    """
    CREATE TABLE holdouts (
        campaign TEXT NOT NULL REFERENCES campaigns, mailbox TEXT NOT NULL, email TEXT NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (campaign, mailbox)
    ) STRICT, WITHOUT ROWID;
    """,
)
"""Migration n brings a ledger from version n to n + 1; they are never changed, only added to."""

VERSION: Final = len(MIGRATIONS)

APPLICATION: Final = int.from_bytes(b"bulk", "big")
"""What SQLite's header calls a ledger (`PRAGMA application_id`), so that no other program's file is taken for one."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the ledger to `VERSION`, the migrations and the number in one commit."""
    if _version(connection) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    # Read again under the lock: another process may have done it meanwhile.
    for script in MIGRATIONS[_version(connection) :]:
        for statement in filter(str.strip, script.split(";")):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute("COMMIT")


def is_newer(connection: sqlite3.Connection) -> bool:
    """Return whether a later bulkkit wrote this ledger."""
    return _version(connection) > VERSION


def is_foreign(connection: sqlite3.Connection) -> bool:
    """Return whether another program's tables are in this file."""
    # One question, so that no other process can make the tables between its halves.
    question = "SELECT 1 FROM sqlite_master, pragma_application_id WHERE application_id != ? LIMIT 1"
    return connection.execute(question, (APPLICATION,)).fetchone() is not None


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
