"""Messages in doubt: who, since when, and a person's decision on each or on all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bulkkit.widgets.markup import markup
from bulkkit.widgets.standing import moment
from bulkkit.widgets.view import View

MOST_ROWS: Final = 200
"""Rows that a page shows; `send.in_doubt` has all."""
LONGEST_REPLY: Final = 300

REASONS: Final = {
    "no_reply_after_dot": "no answer came",
    "interrupted": "the sending process ended before the answer came",
}

Decide = Callable[[list[str], str], None]


@dataclass(frozen=True, slots=True)
class Doubt:
    """One message in doubt."""

    email: str
    since: str
    heard: str


def doubts(rows: pd.DataFrame) -> list[Doubt]:
    """Return the first `MOST_ROWS` of the rows in doubt (columns of `vocabulary.SEND_DTYPES`)."""
    return [Doubt(str(row.email), _since(row), _heard(row)) for row in rows.head(MOST_ROWS).itertuples()]


def _since(row: Any) -> str:
    at = row.claimed_at if pd.isna(row.finished_at) else row.finished_at
    return "" if pd.isna(at) else moment(at)


def _heard(row: Any) -> str:
    return REASONS.get(row.reason, "") if pd.isna(row.reply) else str(row.reply)[:LONGEST_REPLY]


class DoubtView(View):
    """Shows the messages in doubt and hears what is decided.

    Parameters
    ----------
    decide
        Called with addresses and `skip` or `resend`.
    """

    def __init__(self, decide: Decide) -> None:
        super().__init__()
        self._decide = decide
        self._rows: pd.DataFrame | None = None
        for choice in ("skip", "resend"):
            self.on(choice, self._one(choice))
            self.on(f"{choice}-all", self._all(choice))

    def show_count(self, number: int) -> None:
        """Show how many are in doubt while nobody can decide yet."""
        self._rows = None
        drawn = markup("doubt_count", number=number) if number else ""
        if drawn != self.told:
            self.show(drawn)

    def show_rows(self, rows: pd.DataFrame, left: int = 0) -> None:
        """Show rows on which a person may decide, and how many were `left` as they are."""
        self._rows = rows
        self.show(markup("doubt", number=len(rows), rows=doubts(rows), left=left))

    def _one(self, choice: str) -> Callable[[str], None]:
        return lambda email: self._decide_on([email], choice)

    def _all(self, choice: str) -> Callable[[str], None]:
        return lambda _: self._decide_on([] if self._rows is None else self._rows["email"], choice)

    def _decide_on(self, emails: Iterable[str], choice: str) -> None:
        # While a page of the last run is still open, nothing can be decided.
        if self._rows is not None:
            self._decide(list(emails), choice)
