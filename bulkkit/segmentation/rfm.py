"""How lately, how often and how deeply people react: recency, frequency, and the two with clicks as one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bulkkit.outcomes import NOT_TOLD

_SECONDS: Final = 86_400.0
_NEW: Final = {"new": "was never sent anything before"}
_UNKNOWN: Final = {
    NOT_TOLD: "the events do not tell: no history, unjudged reactions only, or no consent to tracking",
}

RECENCY: Final = {
    "30 days": "a person opened or clicked in the last 30 days",
    "31-90 days": "the last time was 31 to 90 days ago",
    "91-180 days": "the last time was 91 to 180 days ago",
    "181-365 days": "the last time was 181 to 365 days ago",
    "over a year": "got mail, and no person opened or clicked in the last 365 days",
    **_NEW,
    **_UNKNOWN,
}
"""Bands of the last reaction by a person, and what each means."""

FREQUENCY: Final = {
    "often": "a person opened or clicked four messages of the last 365 days, or more",
    "sometimes": "two or three messages of the last 365 days",
    "once": "one message of the last 365 days",
    "never": "none of the last 365 days",
    **_NEW,
    **_UNKNOWN,
}
"""Bands of how many of a year's messages brought a reaction by a person, and what each means."""

RFM: Final = {
    "devoted": "reacted in the last 90 days, to four messages of the year or more, and clicked in one of them",
    "engaged": "reacted in the last 90 days, and to two messages of the year or more",
    "curious": "reacted in the last 90 days, and to one message of the year only",
    "cooling": "reacted 91 to 365 days ago",
    "silent": "got mail, and no person opened or clicked in the last 365 days",
    **_NEW,
    **_UNKNOWN,
}
"""Recency and frequency together, with clicks in the place of money, and what each means."""

_DAYS: Final = (30, 90, 180, 365)
_TIMES: Final = (4, 2, 1)
_ACTIVE, _YEAR = _DAYS[1], _DAYS[3]

MEANINGS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {"recency": RECENCY, "frequency": FREQUENCY, "rfm": RFM}
)
"""What each segmentation's bands mean."""


def banded(name: str, people: pd.DataFrame, before: pd.Timestamp, unseen: pd.Series[Any]) -> pd.Series[Any]:
    """Return the band of each person.

    Parameters
    ----------
    name
        One of `MEANINGS`.
    people
        A row a person, as `bulkkit.segmentation.responses` tells of the mailbox; all missing where it tells nothing.
    before
        The moment for which it holds.
    unseen
        Who refused tracking: their silence tells nothing.
    """
    meanings, band = MEANINGS[name], _BANDS[name]
    surely = band(_days(before, people["human"]), people["answered"], people["clicked"])
    latest = people[["human", "unjudged"]].max(axis=1)
    perhaps = band(_days(before, latest), people["perhaps_answered"], people["perhaps_clicked"])
    # What nobody judged may have been a person: where that would change the band, nobody can tell.
    told = np.where(surely == perhaps, surely, NOT_TOLD)
    heard = latest.notna()
    told = np.where((people["last"].isna() & ~heard).to_numpy(bool), "new", told)
    told = np.where((unseen & ~heard & people["last"].notna()).to_numpy(bool), NOT_TOLD, told)
    return pd.Series(pd.Categorical(told, categories=list(meanings)), index=people.index)


def _days(before: pd.Timestamp, happened: pd.Series[Any]) -> NDArray[Any]:
    return (-(happened - before).dt.total_seconds() / _SECONDS).fillna(np.inf).to_numpy(float)


def _recency(days: NDArray[Any], _answered: Any, _clicked: Any) -> NDArray[Any]:
    return np.array(list(RECENCY))[np.searchsorted(_DAYS, days)]


def _frequency(_days: Any, answered: pd.Series[Any], _clicked: Any) -> NDArray[Any]:
    tests = [answered.ge(times).to_numpy(bool) for times in _TIMES]
    return np.select(tests, list(FREQUENCY)[: len(_TIMES)], "never")


def _rfm(days: NDArray[Any], answered: pd.Series[Any], clicked: pd.Series[Any]) -> NDArray[Any]:
    active = days <= _ACTIVE
    tests = {
        "devoted": active & answered.ge(_TIMES[0]).to_numpy(bool) & clicked.gt(0).to_numpy(bool),
        "engaged": active & answered.ge(_TIMES[1]).to_numpy(bool),
        "curious": active,
        "cooling": days <= _YEAR,
    }
    return np.select(list(tests.values()), list(tests), "silent")


_BANDS: Final = {"recency": _recency, "frequency": _frequency, "rfm": _rfm}
