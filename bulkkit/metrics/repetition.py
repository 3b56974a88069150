"""How alike a person's messages are: what several messages to the same people are worth beside as many people.

Several messages to one person are no independent evidence: who reacts once is
likely to react again. The design effect (Kish 1965, "Survey Sampling") is how
many times wider that makes the variance of a rate, by the linearisation of a
ratio of sums over people; the interval is taken at the messages divided by it
(Korn and Graubard 1998).

Few events tell little of how alike people's messages are, and none tell
nothing. So one pair of a person's messages that came out alike is added to the
pairs that were seen. Where nobody did it, people and not messages are counted:
whatever a person's messages have in common, that many people who all did not
do it show no less (the chance that none of m people does is (1 - p)^m at most;
Hanley and Lippman-Hand 1983 with people as the trials). What ends the messages
to a person happens once at the most, and each event is another person's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bulkkit.outcomes import KEY, MEASURES, Frame, Measure, Messages, gathered, merged
from bulkkit.outcomes.messages import with_measures
from bulkkit.vocabulary import Rate

_PRODUCTS: Final = {"nn": ("n", "n"), "nd": ("n", "d"), "dd": ("d", "d")}
SQUARES: Final = tuple(f"{measure.name}_{product}" for measure in MEASURES for product in _PRODUCTS)
"""Sums over people of the products of how many of their messages count and could have: `opened_all_nd`."""

ONCE: Final = (Rate.HARD_BOUNCED, Rate.UNSUBSCRIBED, Rate.COMPLAINED)
"""After these nobody is written to again; where somebody was all the same, that is seen and counts."""


def squares(messages: Frame, groups: Sequence[str]) -> pd.DataFrame:
    """Return `SQUARES` by group, of messages with `_known` and the columns `<name>_n, <name>_d` of `outcomes`."""
    people = _by_person(messages, groups, MEASURES, "nd")
    return _summed(people, groups, MEASURES, ("nn", "nd", "dd"))


def squares_of_parts(
    messages: Messages,
    rows: Frame,
    happened: Frame,
    own: Sequence[str],
    traits: Sequence[str],
    measures: Sequence[Measure],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the same where reactions are divided and messages are not: `dd` by what messages are grouped by, and `nn`
    and `nd` by the traits of reactions as well.

    Parameters
    ----------
    messages, rows
        What became of the messages, and the same rows with the columns `own` to group by.
    happened
        What `reactions.divided` returned for them.
    own, traits
        The names of the columns that divide messages, and of those that divide reactions.
    measures
        Those that were counted.
    """
    whole = _by_person(with_measures(messages, rows, own, measures), own, measures, "d")
    known = messages.knowledge.of_campaign("known").cast(nw.Int64).alias("_known")
    counts = ((nw.col(m.name) * messages.known(m).cast(nw.Int64)).alias(f"{m.name}_n") for m in measures)
    parts = _by_person(happened.with_columns(known, *counts), [*own, *traits], measures, "n")
    same = [*(f"_same_{name}" for name in own), "_known", KEY[1]]
    could = _named_safely(whole, own).select(*same, *(f"{m.name}_d" for m in measures))
    both = merged(_named_safely(parts, own), could, same, "inner")
    return _summed(whole, own, measures, ("dd",)), _summed(both, [*own, *traits], measures, ("nn", "nd"))


def _by_person(messages: Frame, groups: Sequence[str], measures: Iterable[Measure], parts: str) -> Frame:
    sums = (nw.col(f"{measure.name}_{part}").sum() for measure in measures for part in parts)
    return messages.group_by(*groups, "_known", KEY[1]).agg(*sums)


def _named_safely(people: Frame, groups: Sequence[str]) -> Frame:
    """Add the groups as words: libraries do not join what is missing with what is missing."""
    if not groups:
        return people
    return people.with_columns(*(nw.col(name).cast(nw.String).fill_null("").alias(f"_same_{name}") for name in groups))


def _summed(people: Frame, groups: Sequence[str], measures: Sequence[Measure], products: Sequence[str]) -> pd.DataFrame:
    names = {f"{m.name}_{product}": [f"{m.name}_{part}" for part in product] for m in measures for product in products}
    multiplied = people.with_columns(*((nw.col(one) * nw.col(two)).alias(name) for name, (one, two) in names.items()))
    summed = multiplied.group_by(*groups, "_known").agg(*(nw.col(name).sum() for name in names))
    return gathered(summed).astype(dict.fromkeys(names, "float64"))


def design_effect(counts: pd.DataFrame, name: str, *, once: bool = False) -> NDArray[Any]:
    """Return how much wider a measure's variance is than of as many people's single messages; 1 at the least.

    `once` says that no pair is added to those that were seen, for a person does it once.
    """
    n, d, nn, nd, dd = (counts[f"{name}_{part}"].to_numpy(float) for part in ("n", "d", *_PRODUCTS))
    with np.errstate(divide="ignore", invalid="ignore"):
        rate, most = n / d, np.ones(len(n)) if once else dd / d
        seen = (nn - 2 * rate * nd + rate**2 * dd) / (d * rate * (1 - rate))
        pairs = np.minimum(nd - n, dd - nd - (d - n))
    seen = np.where(np.isfinite(seen), np.maximum(seen, 1), 1.0)
    return np.where(np.isfinite(most), seen + np.maximum(most - seen, 0) / (1 + np.maximum(pairs, 0)), 1.0)


def as_people(
    counts: pd.DataFrame, name: str, *, once: bool = False
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return totals, squares and trials of so many people as the messages went to, with the same mean and variance."""
    n, d, nn, nd, dd = (counts[f"{name}_{part}"].to_numpy(float) for part in ("n", "d", *_PRODUCTS))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, people = n / d, d if once else d**2 / dd
        variance = people * (nn - 2 * mean * nd + mean**2 * dd) / d**2
    return mean * people, people * (variance + mean**2), people
