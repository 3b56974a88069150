"""Each group of a rates frame against all the others together: which of many stand out by more than chance."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bulkkit.errors import InputError
from bulkkit.frames import require
from bulkkit.metrics.rating import RATE_COLUMNS
from bulkkit.metrics.reactions import TRAITS
from bulkkit.statistics import benjamini_hochberg, enough, holm, newcombe, two_proportions
from bulkkit.statistics.intervals import quantile

CORRECTIONS: Final = {"holm": holm, "benjamini-hochberg": benjamini_hochberg}
LEVEL: Final = 0.05
CONTRAST_COLUMNS: Final = (
    "others",
    "difference",
    "difference_lower",
    "difference_upper",
    "p_value",
    "p_adjusted",
    "stands_out",
)

_EXACT: Final = 1e-6
"""What bounds written in double precision tell of a million messages is right to this."""

_FAMILY: Final = ["rate", "counts"]


def against_rest(rates: pd.DataFrame, correction: str = "holm") -> pd.DataFrame:
    """Return a rates frame with each group set against all the others together.

    Parameters
    ----------
    rates
        What `bulkkit.rates` returned, of groups that share no messages. All its rows are one family of tests: leave
        only the rates that you look at, for instance `rates.query("rate == 'clicked' and counts == 'human'")`. Each
        group counts for as many messages as its interval tells: several to the same people are worth fewer.
    correction
        "holm": the chance that any group at all is called out wrongly is 5 % at most, however the groups hang
        together; the default, for a claim that is to be defended. "benjamini-hochberg": of the groups called out 5 %
        are wrong in the mean; it finds more, and suits a first look through dozens of them.

    Returns
    -------
    pandas.DataFrame
        The rows and columns as they were, and `others` (the rate of the rest), `difference` with its Newcombe 95 %
        interval `difference_lower, difference_upper` (of this row alone), `p_value` (the pooled score test),
        `p_adjusted`, and `stands_out`: "above", "below", "not shown", or "not enough data", which is not counted
        among the tests (under ten events, or non-events, on either side).

    Raises
    ------
    InputError
        No rates frame, an unknown correction, or groups that divide reactions (links, hours, devices): these share
        their messages, so that none of them is apart from the rest.

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure.
    Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate.
    """
    require(rates, RATE_COLUMNS, "the rates frame")
    if correction not in CORRECTIONS:
        raise InputError(f"correction={correction!r}: use one of {', '.join(CORRECTIONS)}.")
    if shared := [name for name in rates.columns if name in TRAITS]:
        raise InputError(
            f"The groups of {', '.join(shared)} share their messages; set groups of messages side by side."
        )
    return rates.assign(**_contrasts(rates, correction))


def _worth(rates: pd.DataFrame) -> NDArray[Any]:
    """Return how many independent messages each row's Wilson interval is of: from the product of its bounds."""
    n, value, lower, upper = (
        rates[name].astype("Float64").to_numpy(float, na_value=np.nan)
        for name in ("denominator", "value", "lower", "upper")
    )
    flip = value < 0.5
    p, low, high = (np.where(flip, 1 - bound, bound) for bound in (value, lower, upper))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = quantile(0.95) ** 2 / (p**2 / (low * high) - 1)
    return np.where((found > 0) & (found < n * (1 - _EXACT)) & (value <= 1), found, n)


def _scaled(events: NDArray[Any], trials: NDArray[Any], worth: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return events and trials of the same rate, as many as the trials are worth."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return events * (worth / trials), worth


def _contrasts(rates: pd.DataFrame, correction: str) -> dict[str, Any]:
    known = rates["value"].notna()
    counts = rates[["numerator", "denominator"]].astype("Float64").where(known).assign(worth=_worth(rates))
    rest = counts.groupby([rates[name] for name in _FAMILY]).transform("sum") - counts
    one, all_others = (
        tuple(frame[name].to_numpy(float, na_value=np.nan) for name in counts) for frame in (counts, rest)
    )
    told = (one[1] > 0) & (all_others[1] > 0)
    (x, n), (others, most) = (
        _scaled(*(np.where(told, values, np.nan) for values in side)) for side in (one, all_others)
    )
    found = newcombe(x, n, others, most)
    sure = enough(x, n) & enough(others, most)
    p_value = np.where(sure, two_proportions(x, n, others, most), np.nan)
    p_adjusted = CORRECTIONS[correction](p_value)
    shown = np.where(found.estimate > 0, "above", "below")
    words = np.select([~sure, p_adjusted < LEVEL], ["not enough data", shown], "not shown")
    values = (
        others / most,
        found.estimate,
        found.lower,
        found.upper,
        p_value,
        p_adjusted,
        pd.array(words, dtype="str"),
    )
    return dict(zip(CONTRAST_COLUMNS, values, strict=True))
