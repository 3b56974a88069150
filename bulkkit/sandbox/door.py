"""What a mailbox's server says to a recipient's name: the policy, without a wire or a clock."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

OK: Final = "250 2.1.5 OK"
GREYLISTED: Final = "451 4.7.1 Greylisted, please try again later"
BUSY: Final = "451 4.3.2 Too busy, please try again later"

REFUSALS: Final = {
    "unknown_user": "550 5.1.1 User unknown",
    "full": "452 4.2.2 Mailbox full",
    "policy": "550 5.7.1 Refused by policy",
}
"""RFC 5321 §4.2.3 and RFC 3463."""

GREYLISTING: Final = timedelta(minutes=5)
"""Postgrey's default delay (postgrey.schweikert.ch, 2026-11)."""
BUSY_TRIES: Final = 2


@dataclass(slots=True)
class Door:
    """Remembers first tries, by sender and recipient, as greylisting does."""

    _first: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _tries: defaultdict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))

    def answer(self, mailbox: str, sender: str, recipient: str, now: datetime) -> str:
        """Return the reply to RCPT for a mailbox of that behaviour (see `sample.Behaviour`)."""
        pair = (sender, recipient)
        if mailbox == "greylist":
            return OK if now - self._first.setdefault(pair, now) >= GREYLISTING else GREYLISTED
        if mailbox == "busy":
            self._tries[pair] += 1
            return OK if self._tries[pair] > BUSY_TRIES else BUSY
        return REFUSALS.get(mailbox, OK)
