"""The kinds of people of a comparison, with a row for each of their messages.

People are of one kind if all that is looked at is the same of them. How many
there are is all that the estimates and their intervals need to know: a kind
stands for its people, and the messages of each person hang together.
"""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from bulkkit.comparison.beginning import Beginning
from bulkkit.comparison.listing import Listing
from bulkkit.comparison.past import engagement, tenure
from bulkkit.comparison.people import PEOPLE, Question
from bulkkit.outcomes import KEY, Frame, gathered
from bulkkit.segmentation import UNKNOWN


def by_message(kinds: Frame, question: Question, listing: Listing | None) -> pd.DataFrame:
    """Return the kinds of `people.kinds_of_people`, each as often as they had messages that could count.

    Returns
    -------
    pandas.DataFrame
        `_campaign`, `_kind` (a number), `_people`, `_outcome` (0 or 1), and what is to be adjusted for: the bands by
        their names, and the columns that contacts have.
    """
    table = gathered(kinds)
    names = {} if listing is None else listing.names
    parts = []
    for place, (campaign, begun) in enumerate(question.beginnings.items()):
        rows = table[table[f"_came_{place}"] > 0]
        came = {KEY[0]: campaign, "_kind": rows.index, PEOPLE: rows[PEOPLE], "_outcome": rows[f"_came_{place}"] - 1}
        bands = {band: name(rows, place, begun) for band, name in _NAMED.items() if band in question.adjust}
        parts.append(pd.DataFrame({**came, **bands, **{name: rows[alias] for alias, name in names.items()}}))
    return pd.concat(parts, ignore_index=True)


def _engagement(rows: pd.DataFrame, place: int, begun: Beginning) -> Any:
    if pd.isna(begun.start):
        return UNKNOWN
    none = pd.Series(0, index=rows.index)
    numbers = rows.get(f"_past_{place}", none).fillna(0).to_numpy(int)
    agreed = rows.get("_consents", none + 1).astype("boolean").fillna(False).to_numpy(bool)
    return engagement(numbers, ~agreed, tells=begun.tells)


def _tenure(rows: pd.DataFrame, place: int, _: Beginning) -> Any:
    none = pd.Series(0, index=rows.index)
    return tenure(rows.get(f"_since_{place}", none).to_numpy(int))


_NAMED: Final = {"engagement": _engagement, "tenure": _tenure}
