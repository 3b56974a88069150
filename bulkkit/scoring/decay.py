"""How many people a list loses in a year: dead mailboxes, unsubscribes, complaints."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from bulkkit.scoring.components import NaN, Value
from bulkkit.segmentation.responses import YEAR_DAYS

LEAST_DAYS: Final = 90
"""How far the events must reach back: people leave with the first message more than with any later one."""

_DEAD_WITHIN: Final = pd.Timedelta(days=7)
_YEAR_SECONDS: Final = YEAR_DAYS * 86_400.0
_Z: Final = 1.959964


def decay(first: pd.Series[Any], gone: pd.Series[Any], dead: pd.Series[Any], before: pd.Timestamp) -> Value:
    """Return which share of people is lost in a year, at the rate of the last year.

    The rate is losses by person-years from the first message on, as at a constant
    hazard, with the interval of a Poisson count (Byar's approximation; Rothman and
    Boice 1979). Who was dead when first written to was never there to be lost.

    Parameters
    ----------
    first, gone, dead
        By mailbox: when it was first written to, when it was lost (missing where it was not), and whether it was
        lost by a bounce.
    before
        The moment for which it holds.
    """
    start = before - pd.Timedelta(days=YEAR_DAYS)
    since = first.where(~(first < start), start)
    years = (gone.fillna(before) - since).dt.total_seconds() / _YEAR_SECONDS
    counted = (years > 0) & ~(dead & (gone - first < _DEAD_WITHIN))
    if not counted.any() or before - since[counted].min() < pd.Timedelta(days=LEAST_DAYS):
        return Value(NaN)
    return _yearly(int((counted & gone.notna()).sum()), float(years[counted].sum()))


def _yearly(lost: int, years: float) -> Value:
    low = lost * (1 - 1 / (9 * lost) - _Z / (3 * lost**0.5)) ** 3 if lost else 0.0
    high = (lost + 1) * (1 - 1 / (9 * (lost + 1)) + _Z / (3 * (lost + 1) ** 0.5)) ** 3
    return Value(*(float(1 - np.exp(-number / years)) for number in (lost, low, high)))
