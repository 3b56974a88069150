"""The SQLite file of a ledger: opened, guarded, one transaction at a time."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from bulkkit.errors import LedgerError
from bulkkit.ledger.filesystem import read_mountinfo, refusal
from bulkkit.ledger.schema import VERSION, is_foreign, is_newer, migrate

Result = TypeVar("Result")

CACHE_KIB: Final = 64 * 1024
BUSY_SECONDS: Final = 30.0
"""How long a write waits for another process's transaction; each of ours takes milliseconds."""


class Database:
    """One connection that writes and one that reads, each used by one thread at a time.

    With a write-ahead log, a reader never waits for a writer's commit.
    """

    def __init__(self, path: Path, mountinfo: Callable[[], str] = read_mountinfo) -> None:
        self.path = path
        _require_local(path, mountinfo())
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        with self._explained():
            self._connection = _open(path)
            weakref.finalize(self, self._connection.close)
            self._prepare()
            self._reader = _open(path)
            weakref.finalize(self, self._reader.close)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection inside one transaction: all of it is kept, or nothing."""
        with self._lock, self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.rollback()
                raise
            self._connection.commit()

    def stage(self, work: Callable[[sqlite3.Connection], Result]) -> Result | None:
        """Do work in a transaction and leave it open for `commit`; return None where somebody else writes just now."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            with self._explained():
                if self._begin_at_once():
                    return work(self._connection)
        except BaseException:
            self._connection.rollback()
            self._lock.release()
            raise
        self._lock.release()
        return None

    def commit(self) -> None:
        """Keep what was staged, or nothing of it; any thread may call this."""
        try:
            with self._explained():
                self._connection.commit()
        except BaseException:
            self._connection.rollback()
            raise
        finally:
            self._lock.release()

    def _begin_at_once(self) -> bool:
        connection = self._connection
        connection.execute("PRAGMA busy_timeout = 0")
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            return False
        finally:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")
        return True

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection for questions that change nothing."""
        with self._reading, self._explained():
            yield self._reader

    def check(self) -> None:
        """Raise `LedgerError` where the file is damaged (SQLite's `quick_check`)."""
        with self.reading() as connection:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise LedgerError(_damaged(self.path, " ".join(verdict.split())))

    def close(self) -> None:
        """Close the file; the ledger cannot be used afterwards."""
        with self._lock, self._reading:
            self._reader.close()
            self._connection.close()

    def _prepare(self) -> None:
        connection = self._connection
        if is_foreign(connection):
            raise LedgerError(f"{self.path} is no ledger but another program's database. Choose another file.")
        if is_newer(connection):
            raise LedgerError(
                f"{self.path} was written by a newer bulkkit (this one knows version {VERSION}). Update bulkkit."
            )
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL, not NORMAL: a commit must survive a power cut, or a message could go out twice.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # What a transaction changes beyond its cache is written twice, and a campaign is stored in one.
        connection.execute(f"PRAGMA cache_size = {-CACHE_KIB}")
        migrate(connection)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise LedgerError(_explain(self.path, error)) from error


def _require_local(path: Path, mountinfo: str) -> None:
    why = refusal(path.resolve(), mountinfo)
    if why is not None:
        raise LedgerError(f"{path} lies on {why}. Keep the ledger on a disk of the machine that sends.")


def _open(path: Path) -> sqlite3.Connection:
    if not path.parent.is_dir():
        raise LedgerError(f"{path.parent} is no folder, so the ledger {path.name} cannot be made there.")
    if not path.exists():
        path.touch(mode=0o600)
    return sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def _explain(path: Path, error: sqlite3.Error) -> str:
    text = str(error)
    if isinstance(error, sqlite3.DatabaseError) and ("malformed" in text or "not a database" in text):
        return _damaged(path, text)
    if "disk is full" in text:
        return f"The disk that holds {path} is full. Nothing that was not stored was sent; make room and resume."
    if "readonly" in text or "unable to open" in text:
        return f"{path} cannot be written ({text}). Make the file and its folder writable, or choose another ledger."
    if "locked" in text:
        return f"Another program has held {path} locked for {BUSY_SECONDS:.0f} s. Close it and resume."
    return f"The ledger {path} could not be used: {text}."


def _damaged(path: Path, detail: str) -> str:
    return (
        f"{path} is damaged ({detail}), so who has had their message cannot be told from it and nothing is sent. "
        "Put back the last copy of it, or try SQLite's `.recover` into a new file."
    )
