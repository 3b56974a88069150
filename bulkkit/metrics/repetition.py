"""How alike a person's messages are: what several messages to the same people are worth beside as many people.

Several messages to one person are no independent evidence: who reacts once is
likely to react again. The design effect (Kish 1965, "Survey Sampling") is how
many times wider that makes the variance of a rate, by the linearisation of a
ratio of sums over people; the interval is taken at the messages divided by it
(Korn and Graubard 1998).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd

from bulkkit.outcomes import KEY, MEASURES, Frame, gathered

_PRODUCTS: Final = {"nn": ("n", "n"), "nd": ("n", "d"), "dd": ("d", "d")}
SQUARES: Final = tuple(f"{measure.name}_{product}" for measure in MEASURES for product in _PRODUCTS)
"""Sums over people of the products of how many of their messages count and could have: `opened_all_nd`."""


def squares(messages: Frame, groups: Sequence[str]) -> pd.DataFrame:
    """Return `SQUARES` by group, of messages with `_known` and the columns `<name>_n, <name>_d` of `outcomes`."""
    parts = [f"{measure.name}_{part}" for measure in MEASURES for part in "nd"]
    people = messages.group_by(*groups, "_known", KEY[1]).agg(*(nw.col(name).sum() for name in parts))
    products = (
        (nw.col(f"{measure.name}_{one}") * nw.col(f"{measure.name}_{two}")).alias(f"{measure.name}_{product}")
        for measure in MEASURES
        for product, (one, two) in _PRODUCTS.items()
    )
    multiplied = people.with_columns(*products)
    summed = multiplied.group_by(*groups, "_known").agg(*(nw.col(name).sum() for name in SQUARES))
    return gathered(summed).astype(dict.fromkeys(SQUARES, "float64"))


def design_effect(counts: pd.DataFrame, name: str) -> Any:
    """Return how much wider a measure's variance is than of as many people's single messages.

    It is 1 at the least, and where nobody or everybody did it, for then nothing tells how alike people are.
    """
    n, d, nn, nd, dd = (counts[f"{name}_{part}"].to_numpy(float) for part in ("n", "d", *_PRODUCTS))
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = n / d
        effect = (nn - 2 * rate * nd + rate**2 * dd) / (d * rate * (1 - rate))
    return np.where(np.isfinite(effect), np.maximum(effect, 1), 1.0)
