"""The lease: one process at a time sends from a ledger.

It is an operating-system lock on a file beside the ledger, so the holder's
death frees it and no time-out ever does.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from bulkkit.errors import LeaseError, LedgerError
from bulkkit.ledger.database import Database
from bulkkit.ledger.moments import from_stored, to_stored

A_LOOK: Final = 0.2
"""Seconds for which a sender waits for the lock: somebody who looks whether it is held has it for microseconds."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who sends from a ledger; the message of a lease that is refused, and `bulkkit status`, say so."""

    process: int
    host: str
    campaign: str
    since: datetime

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}, sending {self.campaign!r} since {self.since:%F %T} UTC"


@contextmanager
def hold(database: Database, campaign: str) -> Iterator[None]:
    """Hold the lease while the block runs.

    Raises
    ------
    LeaseError
        Where another process, or another send of this one, holds it; the
        message says who, on which host and since when.
    """
    lock = FileLock(lock_path(database.path), thread_local=False)
    try:
        lock.acquire(timeout=A_LOOK, poll_interval=0.01)
    except Timeout:
        raise LeaseError(_who(database, campaign)) from None
    except OSError as error:
        raise LedgerError(
            f"The lock beside {database.path} cannot be made ({error}). Make its folder writable."
        ) from error
    try:
        with database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO sender VALUES (1, ?, ?, ?, ?)",
                (os.getpid(), socket.gethostname(), campaign, to_stored(datetime.now(UTC))),
            )
        yield
    finally:
        lock.release()


def lock_path(ledger: Path) -> Path:
    """Return the file that is locked while a process sends from this ledger."""
    return ledger.with_name(ledger.name + ".lock")


def holder(database: Database) -> Holder | None:
    """Return who sends from the ledger now, or None where nobody does."""
    last = _last(database)
    if last is None:
        return None
    lock = FileLock(lock_path(database.path), thread_local=False)
    try:
        lock.acquire(blocking=False)
    except (Timeout, OSError):
        return last
    lock.release()
    return None


def _who(database: Database, campaign: str) -> str:
    last = _last(database)
    who = "another process" if last is None else f"{last},"
    return (
        f"{campaign!r} cannot be sent now: {who} holds the ledger {database.path}. "
        "Wait for it or stop it; its death frees the ledger at once."
    )


def _last(database: Database) -> Holder | None:
    with database.reading() as connection:
        row = connection.execute("SELECT process, host, campaign, since FROM sender").fetchone()
    return None if row is None else Holder(row[0], row[1], row[2], from_stored(row[3]))
