"""Who agreed to tracking: nobody else gets a pixel or a tracked link, and nobody else's silence tells anything."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from bulkkit.contacts.values import booleans

COLUMN: Final = "tracking_consent"


def tracking_consent(people: pd.DataFrame) -> pd.Series[Any]:
    """Return who agreed to tracking: yes, no, or missing where it is not known (`boolean`, on the frame's index)."""
    if COLUMN not in people.columns:
        return pd.Series(pd.NA, index=people.index, dtype="boolean")
    return booleans(people[COLUMN])


def may_track(people: pd.DataFrame) -> pd.Series[Any]:
    """Tell to whom a pixel and tracked links may go (`bool`): to those who are known to have agreed."""
    return tracking_consent(people).fillna(False).astype(bool)


def untracked(people: pd.DataFrame) -> pd.Series[Any]:
    """Tell whose silence says nothing (`bool`): who refused tracking, and of whom consent is not known.

    A list without a column for consent does not say whom its sender left out.
    There the events alone tell what was measured.
    """
    if COLUMN not in people.columns:
        return pd.Series(False, index=people.index)
    return ~may_track(people)
