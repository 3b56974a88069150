"""What mail servers said of mailboxes, kept on disk for some days: an hour of questions is not asked twice."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from bulkkit.verification import lines
from bulkkit.verification.probed import Probed
from bulkkit.vocabulary import Reason

KEPT_FOR: Final = 3 * 86_400
"""Seconds for which an answer is kept (Postfix's address_verify_negative_expire_time, the shorter of its two)."""

TELLING: Final = frozenset(
    {Reason.ACCEPTED_EMAIL, Reason.MAILBOX_NOT_FOUND, Reason.MAILBOX_DISABLED, Reason.MAILBOX_QUOTA_EXCEEDED}
)
"""Answers that speak of the mailbox; the others speak of the server, the moment or whoever asks."""


class Memory:
    """One file of answers, by address, or by `@domain` for a name that nobody has; moments are seconds since 1970.

    No address stands in it for longer than its answer holds, once the file is read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_lost = False

    def read(self, now: float) -> dict[str, Probed]:
        """Return the answers that hold at this moment."""
        try:
            rows = lines.read(self.path)
            told = dict(entry for entry in map(_entry, rows) if entry)
            # An answer that holds for longer than any may was written by a clock that was ahead.
            kept = {key: pair for key, pair in told.items() if now < pair[0] <= now + KEPT_FOR}
            if len(kept) < len(told):
                lines.rewrite(self.path, (_row(key, *pair) for key, pair in kept.items()))
        except OSError as error:
            self._lose(error)
            return {}
        return {key: answer for key, (_, answer) in kept.items()}

    def add(self, key: str, answer: Probed, now: float) -> None:
        """Keep an answer that speaks of the mailbox."""
        if self._is_lost or not answer.asked or answer.reason not in TELLING:
            return
        try:
            lines.add(self.path, [_row(key, now + KEPT_FOR, answer)])
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        self._is_lost = True
        warnings.warn(f"The answers of mail servers are not kept for the next time: {error}.", stacklevel=2)


def _row(key: str, until: float, answer: Probed) -> Iterable[Any]:
    return key, round(until), answer.reason, answer.smtp_code, answer.enhanced_code, answer.diagnostic


def _entry(row: Any) -> tuple[str, tuple[float, Probed]] | None:
    try:
        key, until, reason, code, enhanced, words = row
        answer = Probed(Reason(reason), None if code is None else int(code), _text(enhanced), _text(words))
        return (str(key), (float(until), answer)) if answer.reason in TELLING else None
    except (ValueError, TypeError):
        return None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
