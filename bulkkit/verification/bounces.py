"""Which bounces say that a mailbox is dead."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from bulkkit.refusals import DEAD, is_about_sender, says_dead
from bulkkit.vocabulary import BounceType, EventKind

_ASKED: Final = ("bounce_class", "smtp_code", "enhanced_code")


def are_dead(events: pd.DataFrame) -> pd.Series[Any]:
    """Tell which events are hard bounces of a dead mailbox.

    Parameters
    ----------
    events : pandas.DataFrame
        Columns `kind, bounce_type, bounce_class, smtp_code, enhanced_code`.

    Returns
    -------
    pandas.Series
        `bool`: what the ledger suppresses for (`refusals.DEAD`, by class or by
        code), and the hard bounces of which nothing more is known. A hard bounce
        whose class or code speaks of the sender, the message or nothing in
        particular is none.
    """
    hard = events["kind"].eq(EventKind.BOUNCED) & events["bounce_type"].eq(BounceType.HARD)
    told = events.loc[hard, list(_ASKED)]
    named = told["enhanced_code"].dropna().unique()
    about_us = told["enhanced_code"].isin([code for code in named if is_about_sender(code)])
    classes = told["bounce_class"].isin([str(name) for name in DEAD]) & ~about_us
    codes = told["enhanced_code"].isin([code for code in named if says_dead(code)])
    nothing_more = told.isna().all(axis="columns")
    return (classes | codes | nothing_more).reindex(events.index, fill_value=False).astype(bool)
