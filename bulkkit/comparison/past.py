"""What was known of people before a campaign: how strongly each event tells of engagement, and the time since joining.

Each event before the campaign gets a number, and the greatest of a person's
numbers says the band of engagement (as `segmentation.History.engagement`): a
whole history needs one number a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from bulkkit.outcomes import Frame
from bulkkit.outcomes.facts import is_no
from bulkkit.segmentation import ENGAGEMENT, OCCASIONAL_DAYS, TENURE, UNKNOWN
from bulkkit.segmentation.dividing import TENURE_DAYS
from bulkkit.segmentation.history import ACTIVE_DAYS
from bulkkit.segmentation.responses import REACTED, RECEIVED

BANDS: Final = {"engagement": ENGAGEMENT, "tenure": TENURE}

_ENGAGED: Final = ("new", "inactive", "inactive", UNKNOWN, "occasional", UNKNOWN, "active")
"""By number: nothing at all; a reaction longer ago than `OCCASIONAL_DAYS`; mail that was received; a reaction within
these days that nobody judged; a person's; an unjudged one within `ACTIVE_DAYS`; a person's."""
_RECEIVED_ONLY: Final = 2

_JOINED: Final = (UNKNOWN, *list(TENURE)[: len(TENURE_DAYS)])
"""By how many of `TENURE_DAYS` have passed since somebody joined."""


def marks(events: Frame) -> dict[str, nw.Expr]:
    """Return whether an event is one of received mail, a reaction by a person, or one that nobody judged."""
    judged = "machine" in events.collect_schema().names()
    reacted = nw.col("kind").is_in(REACTED)
    return {
        "_received": nw.col("kind").is_in(RECEIVED),
        "_human": reacted & is_no(events, "machine"),
        "_unjudged": reacted & nw.col("machine").is_null() if judged else reacted,
    }


def evidence(start: datetime) -> nw.Expr:
    """Return the number of an event that has `marks` and a moment `at`."""
    received, human, reacted = nw.col("_received"), nw.col("_human"), nw.col("_human") | nw.col("_unjudged")
    before = (nw.col("at") < start).fill_null(False)
    lately, within_a_year = (
        before & (nw.col("at") >= start - timedelta(days)) for days in (ACTIVE_DAYS, OCCASIONAL_DAYS)
    )
    # Sums of truth values are quicker than cases, and the same in all libraries.
    twice = _number(received & before) + _number(reacted & within_a_year) + _number(reacted & lately)
    return twice + twice + _number(reacted & before) + _number(human & within_a_year)


def engagement(numbers: NDArray[Any], untracked: NDArray[Any], *, tells: bool) -> NDArray[Any]:
    """Return the band for each number; of `untracked` silence tells nothing.

    Without a single send before, "never sent anything" is only believable if nobody reacted either (`tells`).
    """
    found = np.array(_ENGAGED, dtype=object)[numbers]
    found[(numbers == _RECEIVED_ONLY) & untracked] = UNKNOWN
    return found if tells else np.where(numbers == 0, UNKNOWN, found)


def time_since(start: datetime) -> nw.Expr:
    """Return how many of `TENURE_DAYS` had passed between the column `_created` and a moment."""
    return sum_of([(nw.col("_created") <= start - timedelta(days)).fill_null(False) for days in TENURE_DAYS])


def tenure(numbers: NDArray[Any]) -> NDArray[Any]:
    """Return the band for each number of `time_since`."""
    return np.asarray(np.array(_JOINED, dtype=object)[numbers])


def sum_of(truths: Sequence[nw.Expr]) -> nw.Expr:
    """Return how many of these hold."""
    first, *others = map(_number, truths)
    for other in others:
        first = first + other
    return first


def _number(truth: nw.Expr) -> nw.Expr:
    return truth.cast(nw.Int8)
