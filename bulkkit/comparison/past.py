"""What was known of people before a campaign: how strongly each event tells of engagement, and the time since joining.

Each event before the campaign gets a number, and the greatest of a person's
numbers says the band of engagement (as `segmentation.History.engagement`): a
whole history needs one number a person.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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

BANDS: Final = {"engagement": ENGAGEMENT, "tenure": TENURE}

_ENGAGED: Final = ("new", "inactive", "inactive", UNKNOWN, "occasional", UNKNOWN, "active")
"""By number: nothing at all; a reaction longer ago than `OCCASIONAL_DAYS`; mail that was received; a reaction within
these days that nobody judged; a person's; an unjudged one within `ACTIVE_DAYS`; a person's."""
_RECEIVED_ONLY: Final = 2

_JOINED: Final = (UNKNOWN, *list(TENURE)[: len(TENURE_DAYS)])
"""By how many of `TENURE_DAYS` have passed since somebody joined."""


def marks(events: Frame, reactions: Collection[str], starts: Mapping[int, datetime]) -> dict[str, nw.Expr]:
    """Return of each event what `evidence` takes together, each a truth value of its own so that it is found out once.

    They are `_judged`, `_reacted` (a person did, or nobody judged who; `reactions` is how the kinds are spelt), and for
    each start whether it was `_before_<place>`, and after the beginning of the days that count `_within_<place>` and
    `_lately_<place>`.
    """
    judged = ~nw.col("machine").is_null() if "machine" in events.collect_schema().names() else nw.lit(False)
    reacted = nw.col("kind").is_in(list(reactions)) if reactions else nw.lit(False)
    found = {"_judged": judged, "_reacted": reacted & (~judged | is_no(events, "machine"))}
    for place, start in starts.items():
        found[f"_before_{place}"] = nw.col("at") < start
        for name, days in (("within", OCCASIONAL_DAYS), ("lately", ACTIVE_DAYS)):
            found[f"_{name}_{place}"] = nw.col("at") >= start - timedelta(days)
    return found


def evidence(place: int) -> nw.Expr:
    """Return the number of an event that has `marks` and whether it tells of mail `_sent`; missing if it has no moment.

    Sums of truth values are quicker than cases, and the same in all libraries.
    """
    reacted, within = nw.col("_reacted"), nw.col(f"_within_{place}")
    twice = sum_of([nw.col("_sent"), reacted & within, reacted & nw.col(f"_lately_{place}")])
    told = twice + twice + sum_of([reacted, reacted & within & nw.col("_judged")])
    return told * _number(nw.col(f"_before_{place}"))


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
