"""The ledger as the sandbox's tracker sees it: opened when there is one."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bulkkit.ledger import Ledger
from bulkkit.transitions import Recipient


class LateLedger:
    """A ledger that need not be there yet, and may be replaced: the sandbox comes first, the send makes the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._ledger: Ledger | None = None
        self._file: tuple[int, int] | None = None

    def follow(self, path: Path) -> None:
        """Look into another file from now on: the one that the sandbox's latest send is in."""
        with self._lock:
            self.path = path

    def now(self) -> Ledger | None:
        """Return the ledger that stands in the file now, or None where there is no file."""
        with self._lock:
            file = _identity(self.path)
            if file != self._file:
                self._ledger = Ledger(self.path) if file else None
                self._file = file
            return self._ledger

    def recipient(self, send_id: int) -> Recipient | None:
        """Return who a send is for, or None."""
        ledger = self.now()
        return ledger.recipient(send_id) if ledger else None

    def link(self, campaign: str, number: int) -> str | None:
        """Return where a link leads, or None."""
        ledger = self.now()
        return ledger.link(campaign, number) if ledger else None

    def record(self, event: Mapping[str, Any]) -> bool:
        """Store one event; False where it was known or there is no ledger."""
        ledger = self.now()
        return ledger.record(event) if ledger else False


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
