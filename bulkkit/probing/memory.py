"""What mail servers were asked and said, kept on disk for some days: no hour of questions is asked twice."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Question:
    """A mailbox that was asked about.

    Attributes
    ----------
    key : str
        Its address, or `@domain` for a name that nobody has.
    network : str
        Whose servers were asked.
    at : float
        When, in seconds since 1970.
    answer : Probed
        What was said.
    """

    key: str
    network: str
    at: float
    answer: Probed

    @property
    def is_telling(self) -> bool:
        """Whether the answer speaks of the mailbox."""
        return self.answer.reason in TELLING


class Memory:
    """One file of questions. No address stands in it for longer than it is kept, once the file is read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_lost = False

    def read(self, now: float) -> list[Question]:
        """Return what was asked lately, in the order of time."""
        try:
            rows = lines.read(self.path)
            asked = [question for question in map(_question, rows) if question]
            # What is yet to come was written by a clock that was ahead.
            kept = [question for question in asked if now - KEPT_FOR < question.at <= now]
            if len(kept) < len(rows):
                lines.rewrite(self.path, map(_row, kept))
        except OSError as error:
            self._lose(error)
            return []
        return sorted(kept, key=lambda question: question.at)

    def add(self, question: Question) -> None:
        """Keep a question."""
        if self._is_lost:
            return
        try:
            lines.add(self.path, [_row(question)])
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        self._is_lost = True
        warnings.warn(f"The answers of mail servers are not kept for the next time: {error}.", stacklevel=2)


def _row(question: Question) -> tuple[Any, ...]:
    said = question.answer
    return (
        question.key, question.network, round(question.at, 3),
        said.reason, said.smtp_code, said.enhanced_code, said.diagnostic,
    )  # fmt: skip


def _question(row: Any) -> Question | None:
    try:
        key, network, at, reason, code, enhanced, words = row
        answer = Probed(Reason(reason), None if code is None else int(code), _text(enhanced), _text(words))
        return Question(str(key), str(network), float(at), answer)
    except (ValueError, TypeError):
        return None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
