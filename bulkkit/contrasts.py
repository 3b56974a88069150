"""Each group of a rates frame against all the others together: which of many stand out by more than chance."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from bulkkit.errors import InputError
from bulkkit.frames import require
from bulkkit.metrics import RATE_COLUMNS
from bulkkit.reactions import TRAITS
from bulkkit.statistics import benjamini_hochberg, enough, holm, newcombe, two_proportions

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

_FAMILY: Final = ["rate", "counts"]


def against_rest(rates: pd.DataFrame, correction: str = "holm") -> pd.DataFrame:
    """Return a rates frame with each group set against all the others together.

    Parameters
    ----------
    rates
        What `bulkkit.rates` returned, of groups that share no messages, best of one campaign or of one message a
        person: several messages to the same people are taken for as many people, and too much stands out. All its rows are one family of tests: leave
        only the rates that you look at, for instance `rates.query("rate == 'clicked' and counts == 'human'")`.
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


def _contrasts(rates: pd.DataFrame, correction: str) -> dict[str, Any]:
    known = rates["value"].notna()
    counts = rates[["numerator", "denominator"]].astype("Float64").where(known)
    rest = counts.groupby([rates[name] for name in _FAMILY]).transform("sum") - counts
    x, n, others, most = (frame[name].to_numpy(float, na_value=np.nan) for frame in (counts, rest) for name in counts)
    told = (n > 0) & (most > 0)
    x, n, others, most = (np.where(told, values, np.nan) for values in (x, n, others, most))
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
