"""The sandbox's folder beside its ledger: what outlives a restart.

bulkkit.db.sandbox/
├── key         the secret of its links, readable for its owner only
├── clock       the last simulated moment
├── ports       where its servers listened last, so that links already sent go on working
├── senders     whose mail comes back
├── mailboxes/  a Maildir: what arrived, unread in new and reacted to in cur
└── returns/    a Maildir: bounces, complaints and answers to the sender
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_bytes
from typing import Final

from filelock import FileLock, Timeout

from bulkkit.errors import LeaseError, LedgerError

KEY_BYTES: Final = 32


class Folder:
    """The folder, held by one live sandbox at a time until `release`.

    Raises
    ------
    LeaseError
        Where another process's sandbox holds it.
    LedgerError
        Where it cannot be made or written.
    """

    def __init__(self, ledger: Path) -> None:
        self.path = self.beside(ledger)
        self.mailboxes = self.path / "mailboxes"
        self.returns = self.path / "returns"
        try:
            self.path.mkdir(mode=0o700, exist_ok=True)
            self._lock = FileLock(self.path / "lock", thread_local=False)
            self._lock.acquire(blocking=False)
            self._identity = _identity(self.path)
        except Timeout:
            raise LeaseError(
                f"Another process has a sandbox open beside {ledger}. Close it there with its close(), restart that "
                "kernel, or give this one another ledger."
            ) from None
        except OSError as error:
            raise LedgerError(f"{self.path} cannot be made ({error.strerror}). Choose a ledger elsewhere.") from None

    @staticmethod
    def beside(ledger: Path) -> Path:
        """Return where the folder of a ledger lies."""
        return ledger.with_name(ledger.name + ".sandbox").resolve()

    @property
    def is_there(self) -> bool:
        """Whether the held folder still lies there: somebody may have removed it."""
        try:
            return _identity(self.path) == self._identity
        except OSError:
            return False

    def key(self) -> bytes:
        """Return the key of the links; it is made once."""
        path = self.path / "key"
        if not path.exists():
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
                file.write(token_bytes(KEY_BYTES))
        return path.read_bytes()

    def moment(self) -> datetime | None:
        """Return the last simulated moment that was kept."""
        try:
            return datetime.fromisoformat((self.path / "clock").read_text()).astimezone(UTC)
        except (OSError, ValueError):
            return None

    def keep_moment(self, moment: datetime) -> None:
        """Keep a simulated moment; an earlier one than the kept changes nothing."""
        kept = self.moment()
        if kept is None or moment > kept:
            self._replace("clock", moment.isoformat())

    def ports(self) -> tuple[int, int]:
        """Return the last ports of the mail server and the tracker; 0 where there were none."""
        try:
            smtp, http = json.loads((self.path / "ports").read_text())
            return int(smtp), int(http)
        except (OSError, ValueError, TypeError):
            return 0, 0

    def keep_ports(self, smtp: int, http: int) -> None:
        """Keep the ports for the next sandbox here."""
        self._replace("ports", json.dumps([smtp, http]))

    def senders(self) -> set[str]:
        """Return the mailbox keys of those whose messages were accepted here."""
        try:
            return set((self.path / "senders").read_text(encoding="utf-8").splitlines())
        except OSError:
            return set()

    def keep_senders(self, senders: set[str]) -> None:
        """Keep the senders."""
        self._replace("senders", "\n".join(sorted(senders)))

    def release(self) -> None:
        """Let another sandbox have the folder."""
        self._lock.release()

    def _replace(self, name: str, text: str) -> None:
        """Write a file whole or not at all."""
        beside = self.path / f"{name}.new"
        beside.write_text(text, encoding="utf-8")
        beside.replace(self.path / name)


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
