"""Who judges the pieces of one list: by what was asked about all of it before, each piece as the whole would be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from bulkkit.screening.own_columns import Heading
from bulkkit.verification.domains import Domains
from bulkkit.verification.history import with_history
from bulkkit.verification.partition import judge
from bulkkit.verification.past import Past
from bulkkit.verification.probed import Probed, Target, with_probe

Ask = Callable[[Sequence[Target]], Mapping[str, Probed]]


@dataclass(frozen=True, slots=True)
class Judge:
    """What a piece is judged by.

    Attributes
    ----------
    heading
        Which columns are what.
    before
        The moment for which it holds.
    past
        What earlier mail tells.
    table, domains
        What is known of the list's domains, and who asked DNS about them, if it
        was asked.
    said
        What mail servers said, by address, where they were asked.
    """

    heading: Heading
    before: date
    past: Past | None
    table: pd.DataFrame
    domains: Domains | None = None
    said: Mapping[str, Probed] | None = None

    def __call__(self, piece: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series[Any]]:
        """Return the verdicts on a piece, and what was repaired in it, in words."""
        said = self.said
        return self._judged(piece, None if said is None else lambda _: said)

    def open_mailboxes(self, pieces: Iterable[pd.DataFrame]) -> list[Target]:
        """Return the mailboxes of the whole list that only their mail servers know more of."""
        targets: dict[Target, None] = {}

        def noted(these: Sequence[Target]) -> Mapping[str, Probed]:
            targets.update(dict.fromkeys(these))
            return {}

        for piece in pieces:
            self._judged(piece, noted)
        return list(targets)

    def _judged(self, piece: pd.DataFrame, ask: Ask | None) -> tuple[pd.DataFrame, pd.Series[Any]]:
        people, words = self.heading.judged(piece)
        checked = judge(people, self.table, as_of=self.before)
        if ask is not None and self.domains is not None:
            checked = with_probe(checked, self._with_past(checked), ask, self.domains)
        return self._with_past(checked), words

    def _with_past(self, checked: pd.DataFrame) -> pd.DataFrame:
        return checked if self.past is None else with_history(checked, self.past)
