"""The rates of campaigns, each with its interval, what it counts, and whether there is data enough to lean on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bulkkit import conclusions
from bulkkit.errors import InputError
from bulkkit.metrics.counting import counted, measures_in, most_known, named_alike
from bulkkit.metrics.dimensions import CAMPAIGN, Frames, aliases
from bulkkit.metrics.reactions import divides
from bulkkit.metrics.repetition import ONCE, as_people, design_effect, squares
from bulkkit.outcomes import MEASURES, AnyFrame, Frame, Measure, Messages, gathered, keyed
from bulkkit.statistics import Interval, mean_count, wilson
from bulkkit.vocabulary import Counts, Rate

Saying: TypeAlias = Callable[[Rate, int, int, float], str]
"""What says whether a numerator and a denominator are data enough, where so many messages are worth one."""

RATE_COLUMNS: Final = ("rate", "counts", "numerator", "denominator", "value", "lower", "upper", "verdict")


def rates(
    events: AnyFrame,
    sends: AnyFrame | None = None,
    contacts: AnyFrame | None = None,
    by: str | Sequence[str] = "campaign",
    *,
    unique: bool = True,
) -> pd.DataFrame:
    """Return the rates of each campaign, or of whatever else the messages are grouped by.

    Parameters
    ----------
    events
        Columns `kind, campaign, email`; also `bounce_type, machine, source` where there are any. Any frame that
        Narwhals knows (pandas, polars, PyArrow, DuckDB …); it is aggregated where it lies.
    sends
        The ledger's sends, from the same library: who was written to, and who was `tracked`.
    contacts
        From the same library, with a column `email`; for grouping by their columns.
    by
        One or several of: "campaign"; any column of sends, contacts or events, looked for in this order; "day" (UTC)
        on which the message went out. These group messages (a column of events that differs among one message's
        events by its first value in sorting order). Others divide reactions, and leave denominators whole: "hour" (0,
        1, …, whole hours since sending, each reaction in the hour in which it first happened), "device" ("phone",
        "tablet", "desktop", "unknown", by user agent), "link", and the columns of events `url, user_agent, ip,
        machine_basis, bounce_type, bounce_class, smtp_code, enhanced_code, diagnostic`. They give the rates that have
        such a thing: links have no bounces.
    unique
        True: a person counts once a campaign. False: each event counts, once by its `source, event_id`, so that 1.4
        opens a delivery are possible; the interval allows for some people opening often.

    Returns
    -------
    pandas.DataFrame
        The `by` columns, then `rate, counts, numerator, denominator, value, lower, upper, verdict`: a row for each
        group, rate and way of counting (`human`, the floor, and `all`, the ceiling, for opens and clicks). `value,
        lower, upper` are fractions with Wilson's 95 % interval. What no source can tell is missing, never 0, and the
        verdict says so. What was sent is the denominator of bounces, what was delivered that of unsubscribes.

    Raises
    ------
    InputError
        A needed column is missing, or the frames come from different libraries.

    Notes
    -----
    Bounces are of what was sent; unsubscribes of what was delivered (sent, not rejected, not bounced); complaints of
    what was delivered outside Gmail, which reports none (addresses at gmail.com, and where sends have a column
    `network`, "Google"), unless a complaint from there is among the events; opens and clicks of what was delivered to
    people who were not left untracked.
    Messages of campaigns about which a source is silent stand in no row beside those about which it is known.
    Where people had several messages of a group, as in any grouping over campaigns, interval and verdict allow for a
    person's messages being alike (design effect, Kish 1965); where nobody did it, they count people, but for what ends
    the messages to a person (hard bounces, unsubscribes, complaints) messages.
    Where many rows are looked through for one that stands out, some will by chance: see `against_rest`.
    """
    groups = [by] if isinstance(by, str) else list(by)
    if not groups:
        raise InputError('by names no column; use by="campaign", or the columns to group by.')
    rows = keyed(events, "events")
    frames: Frames = {"sends": sends, "contacts": contacts, "events": rows}
    say = conclusions.part if any(divides(name, frames) for name in groups) else conclusions.data
    counts = counted(Messages.of(rows, sends), rows, groups, frames, unique)
    return _table(counts, groups, say if unique else conclusions.total)


def tabulated(messages: Frame, groups: list[str]) -> pd.DataFrame:
    """Return the rates frame of messages (`outcomes`) that `dimensions.labelled` gave their groups."""
    sums = [nw.col(f"{measure.name}_{part}").sum() for measure in MEASURES for part in "ndk"]
    found = gathered(messages.group_by(*aliases(groups), "_known").agg(*sums))
    counts = most_known(found, aliases(groups))
    if CAMPAIGN not in groups:
        counts = counts.merge(named_alike(squares(messages, aliases(groups)), aliases(groups)), how="left")
    return _table(counts, groups)


def _table(counts: pd.DataFrame, groups: list[str], say: Saying = conclusions.data) -> pd.DataFrame:
    labels = counts[aliases(groups)].set_axis(groups, axis=1)
    parts = [pd.concat([labels, _measured(counts, measure, say)], axis=1) for measure in measures_in(counts)]
    table = pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)
    return table.astype({"rate": "str", "counts": "str", "verdict": "str"})


def _measured(counts: pd.DataFrame, measure: Measure, say: Saying) -> pd.DataFrame:
    known = counts[f"{measure.name}_k"] > 0
    numerator = counts[f"{measure.name}_n"].astype("Int64").where(known)
    denominator = _denominator(counts, measure, known)
    x, n = _floats(numerator), _floats(denominator.where(known))
    effect = _effect(counts, measure)
    interval = _interval(counts, measure, x, n, effect)
    heard = counts[f"{measure.rate}_{Counts.ALL}_k"] > 0
    told = zip(numerator, denominator, effect, heard, strict=True)
    return pd.DataFrame(
        {
            "rate": str(measure.rate), "counts": str(measure.counts),
            "numerator": numerator, "denominator": denominator,
            "value": interval.estimate, "lower": interval.lower, "upper": interval.upper,
            "verdict": [_verdict(measure, say, *row) for row in told],
        },
        index=counts.index,
    )  # fmt: skip


def _effect(counts: pd.DataFrame, measure: Measure) -> NDArray[Any]:
    if f"{measure.name}_nn" not in counts:
        return np.ones(len(counts))
    return design_effect(counts, measure.name, once=measure.rate in ONCE)


def _interval(
    counts: pd.DataFrame, measure: Measure, x: NDArray[Any], n: NDArray[Any], effect: NDArray[Any]
) -> Interval[NDArray[Any]]:
    if f"{measure.name}_q" not in counts:
        return wilson(x / effect, n / effect)
    if f"{measure.name}_nn" in counts:
        return mean_count(*as_people(counts, measure.name, once=measure.rate in ONCE))
    return mean_count(x, _floats(counts[f"{measure.name}_q"]), n)


def _denominator(counts: pd.DataFrame, measure: Measure, known: pd.Series[bool]) -> pd.Series[Any]:
    """Return out of how many: also where nothing is known of the numerator, whenever somebody else's tells."""
    denominator = counts[f"{measure.name}_d"].astype("Int64")
    if measure.rate is Rate.CLICK_TO_OPEN:
        return denominator.where(known)
    everybody = counts[f"{measure.rate}_{Counts.ALL}_d"].astype("Int64")
    return denominator.where(known, everybody.where(everybody > 0)).where(counts["_known"] > 0)


def _floats(column: pd.Series[Any]) -> NDArray[Any]:
    return column.to_numpy(float, na_value=float("nan"))


def _verdict(measure: Measure, say: Saying, numerator: Any, denominator: Any, effect: float, heard: bool) -> str:
    if pd.isna(numerator):
        return conclusions.ignorance(measure.rate, heard)
    if pd.isna(denominator):
        return conclusions.NO_RECIPIENTS
    return say(measure.rate, int(numerator), int(denominator), effect)
