"""The recipients whose turn comes next, read from the ledger some hundred at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bulkkit.transitions import Recipient, SendLedger

BATCH: Final = 256
"""Recipients in one question: beyond that the question costs nothing a row any more."""


class People:
    """Reads ahead along the order of turns; `upcoming` tells so many of the numbers that come next."""

    def __init__(self, ledger: SendLedger, upcoming: Callable[[int], list[int]]) -> None:
        self._ledger = ledger
        self._upcoming = upcoming
        self._read: dict[int, Recipient] = {}

    def of(self, send_id: int) -> Recipient:
        """Return who a send is for; `attempts` counts those that were made before."""
        if send_id not in self._read:
            if len(self._read) > 2 * BATCH:  # Their turn did not come; they are read again when it does.
                self._read.clear()
            ahead = (number for number in self._upcoming(BATCH) if number not in self._read and number != send_id)
            self._read |= {person.send_id: person for person in self._ledger.recipients([send_id, *ahead])}
        return self._read.pop(send_id)
