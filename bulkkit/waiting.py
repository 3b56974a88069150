"""How long people take to open and to click: the share that has, hour by hour, of those who could be watched so long.

The estimator is Kaplan and Meier's (1958): who has not reacted when the data end
is censored there, and counts for as long as it was watched. Intervals are
Greenwood's on the scale of log(-log) (Kalbfleisch and Prentice 1980), which stay
within 0 and 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bulkkit.errors import InputError
from bulkkit.outcomes import KEY, AnyFrame, Frame, alike, gathered, keyed, merged, outcomes
from bulkkit.outcomes.facts import is_no
from bulkkit.vocabulary import Counts, EventKind, Rate

WAITING_COLUMNS: Final = ("campaign", "rate", "counts", "hours", "at_risk", "reacted", "value", "lower", "upper", "n")
RATES: Final = (Rate.OPENED, Rate.CLICKED)
MOST_HOURS: Final = 14 * 24.0
_Z: Final = 1.959964
_STARTS: Final = (str(EventKind.DELIVERED), str(EventKind.SENT))


def waiting(
    events: AnyFrame,
    sends: AnyFrame | None = None,
    campaigns: Sequence[str] | None = None,
    hours: float = MOST_HOURS,
) -> pd.DataFrame:
    """Return which share of the people had opened and clicked after so many hours.

    Parameters
    ----------
    events
        Columns `kind, campaign, email, at`, and `machine` where there is one. Any frame that Narwhals knows.
    sends
        The ledger's sends, from the same library: who was `tracked`.
    campaigns
        Those to look at, one or several; by default all.
    hours
        How far to look; two weeks if left out.

    Returns
    -------
    pandas.DataFrame
        A row for each campaign, rate ("opened", "clicked"), way of counting and hour at which somebody reacted:
        `campaign, rate, counts, hours` (since delivery, or since sending where nobody says when it was delivered),
        `at_risk` (people watched so long who had not reacted), `reacted` (people, in that moment), `value, lower,
        upper` (fractions with a 95 % interval), `n` (people delivered to who can be seen). "human" counts reactions
        known to be people's, "all" every one. A rate that no source can tell has no row.

    Raises
    ------
    InputError
        A needed column is missing, or `at` holds no moments.
    """
    rows = keyed(events, "events")
    if not isinstance(rows.collect_schema().get("at"), nw.Datetime):
        raise InputError("The events' column at holds no moments; make them with pd.to_datetime(…, utc=True).")
    told = _told(rows, sends, campaigns)
    curves = [_curve(name, rate, counts, people, hours) for name, rate, counts, people in _groups(told)]
    return pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=list(WAITING_COLUMNS))


def _told(rows: Frame, sends: AnyFrame | None, campaigns: Sequence[str] | None) -> pd.DataFrame:
    """Return one row a message: when it arrived, the first reactions, whether each is known, and when the data end."""
    wanted = [f"{rate}_{counts}_{part}" for rate in RATES for counts in Counts for part in "dk"]
    own = None if sends is None else alike(keyed(sends, "sends"), rows)
    messages = outcomes(rows, own, campaigns).filter(nw.col("_known") > 0).select(*KEY, *wanted)
    found = gathered(merged(messages, _firsts(rows), KEY))
    last = gathered(rows.select(nw.col("at").max()))["at"].iloc[0]
    return found.assign(end=last)


def _firsts(rows: Frame) -> Frame:
    told = rows.with_columns(is_no(rows, "machine").alias("_human"))
    times = {start: nw.col("kind") == start for start in _STARTS}
    for rate in RATES:
        times |= {f"{rate}_all": nw.col("kind") == str(rate)}
        times |= {f"{rate}_human": (nw.col("kind") == str(rate)) & nw.col("_human")}
    marks = [nw.when(test).then(nw.col("at")).alias(f"_{name}") for name, test in times.items()]
    return told.select(*KEY, *marks).group_by(*KEY).agg(*(nw.col(f"_{name}").min() for name in times))


def _groups(told: pd.DataFrame) -> list[tuple[str, Rate, Counts, pd.DataFrame]]:
    return [
        (str(name), rate, counts, people)
        for name, campaign in told.groupby(KEY[0], sort=False)
        for rate in RATES
        for counts in Counts
        if len(people := _people(campaign, rate, counts))
    ]


def _people(campaign: pd.DataFrame, rate: Rate, counts: Counts) -> pd.DataFrame:
    """Return who can be seen: how many hours each was watched, and whether that ended with the reaction."""
    stem = f"{rate}_{counts}"
    seen = campaign[(campaign[f"{stem}_d"] > 0) & (campaign[f"{stem}_k"] > 0)]
    start = seen["_delivered"].fillna(seen["_sent"])
    reacted = seen[f"_{stem}"]
    until = (reacted.fillna(seen["end"]) - start).dt.total_seconds() / 3600
    # A clock that is behind another's makes a reaction seem earlier than the delivery: it came at once.
    people = pd.DataFrame({"hours": until.clip(lower=0), "reacted": reacted.notna()})
    return people[start.notna()]


def _curve(name: str, rate: Rate, counts: Counts, people: pd.DataFrame, most: float) -> pd.DataFrame:
    times, ending = np.unique(people["hours"].to_numpy(float), return_inverse=True)
    reacted = np.bincount(ending, people["reacted"].to_numpy(float), len(times))
    at_risk = len(people) - np.concatenate([[0], np.cumsum(np.bincount(ending, minlength=len(times)))[:-1]])
    value, lower, upper = kaplan_meier(reacted, at_risk)
    shown = (reacted > 0) & (times <= most)
    table = {"hours": times, "at_risk": at_risk, "reacted": reacted.astype(int)}
    curve = pd.DataFrame(table | {"value": value, "lower": lower, "upper": upper})[shown]
    return curve.assign(campaign=name, rate=str(rate), counts=str(counts), n=len(people))[list(WAITING_COLUMNS)]


def kaplan_meier(reacted: NDArray[Any], at_risk: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return the share that has reacted at each time, with the bounds of its 95 % interval.

    Parameters
    ----------
    reacted, at_risk
        By time, in order: how many reacted then, and how many were watched until then without having reacted.
    """
    left = np.cumprod(1 - reacted / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(reacted / (at_risk * (at_risk - reacted)))
        spread = _Z * np.sqrt(greenwood) / np.abs(np.log(left))
        lower, upper = left ** np.exp(spread), left ** np.exp(-spread)
    inside = (left > 0) & (left < 1)
    bounds = [np.where(inside, 1 - bound, 1 - left) for bound in (upper, lower)]
    return 1 - left, bounds[0], bounds[1]
