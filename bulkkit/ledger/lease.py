"""The lease: one process at a time sends from a ledger.

It is an operating-system lock on a file beside the ledger, so the holder's
death frees it and no time-out ever does.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from bulkkit.errors import LeaseError, LedgerError
from bulkkit.ledger.database import Database
from bulkkit.ledger.moments import from_stored, to_stored


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
        lock.acquire(blocking=False)
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


def _who(database: Database, campaign: str) -> str:
    with database.reading() as connection:
        row = connection.execute("SELECT process, host, campaign, since FROM sender").fetchone()
    holder = "another process"
    if row:
        process, host, other, since = row
        holder = f"process {process} on {host}, sending {other!r} since {from_stored(since):%Y-%m-%d %H:%M:%S} UTC,"
    return (
        f"{campaign!r} cannot be sent now: {holder} holds the ledger {database.path}. "
        "Wait for it or stop it; its death frees the ledger at once."
    )
