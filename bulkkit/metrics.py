"""The rates of campaigns, each with its interval, what it counts, and whether there is data enough to lean on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import narwhals as nw
import pandas as pd
from numpy.typing import NDArray

from bulkkit import conclusions
from bulkkit.errors import InputError
from bulkkit.outcomes import (
    KEY,
    MEASURES,
    NOT_TOLD,
    AnyFrame,
    Frame,
    Knowledge,
    Measure,
    Messages,
    alike,
    keyed,
    mailboxes,
)
from bulkkit.statistics import wilson
from bulkkit.vocabulary import Counts, Rate

RATE_COLUMNS: Final = ("rate", "counts", "numerator", "denominator", "value", "lower", "upper", "verdict")


def rates(
    events: AnyFrame,
    sends: AnyFrame | None = None,
    contacts: AnyFrame | None = None,
    by: str | Sequence[str] = "campaign",
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
        One or several columns: "campaign", or any column of sends, contacts or events, looked for in this order.
        A column of events that differs among one message's events counts with its first value in sorting order.

    Returns
    -------
    pandas.DataFrame
        The `by` columns, then `rate, counts, numerator, denominator, value, lower, upper, verdict`: a row for each
        group, rate and way of counting (`human`, the floor, and `all`, the ceiling, for opens and clicks). A person
        counts once a campaign. `value, lower, upper` are fractions with Wilson's 95 % interval. What no source can
        tell is missing, never 0, and the verdict says so.

    Raises
    ------
    InputError
        A needed column is missing, or the frames come from different libraries.

    Notes
    -----
    Bounces are of what was sent; unsubscribes and complaints of what was delivered (sent, not rejected, not bounced);
    opens and clicks of what was delivered to people who were not left untracked. Complaints reported by events count
    whoever's network they come from: Gmail reports none, so a sender's own rate is a floor of what Gmail sees.
    Messages of campaigns about which a source is silent stand in no row beside those about which it is known.
    """
    groups = [by] if isinstance(by, str) else list(by)
    if not groups:
        raise InputError('by names no column; use by="campaign", or the columns to group by.')
    rows = keyed(events, "events")
    messages = Messages.of(rows, sends)
    counted = _counted(messages, groups, {"sends": sends, "contacts": contacts, "events": rows})
    return _table(_most_known(counted, _aliases(groups)), groups)


def _counted(messages: Messages, groups: list[str], frames: Mapping[str, AnyFrame | None]) -> pd.DataFrame:
    """Return how many messages of each group and campaign each measure counts, and could have counted."""
    own = {alias: name for alias, name in zip(_aliases(groups), groups, strict=True) if name != "campaign"}
    rows = _joined(messages.rows, own, frames)
    bases = {measure.base: f"_base_{place}" for place, measure in enumerate(MEASURES)}
    sums = {name: messages.truth(*base) for base, name in bases.items()}
    sums |= {measure.name: messages.truth(*measure.event, *measure.base) for measure in MEASURES}
    truths = rows.select(*own, KEY[0], *(truth.alias(name) for name, truth in sums.items()))
    found = truths.group_by(*own, KEY[0]).agg(*(nw.col(name).sum() for name in sums)).collect("pandas").to_native()
    return _by_group(found.astype(dict.fromkeys(sums, "int64")), messages.knowledge, groups, bases)


def _by_group(
    found: pd.DataFrame, knowledge: Knowledge, groups: list[str], bases: Mapping[tuple[str, ...], str]
) -> pd.DataFrame:
    """Add up the campaigns of each group; what is not known of a campaign counts nowhere."""
    told = knowledge.campaigns.reindex(found[KEY[0]]).set_axis(found.index)
    columns = {
        alias: found[KEY[0]] if name == "campaign" else found[alias]
        for alias, name in zip(_aliases(groups), groups, strict=True)
    } | {"_known": told["known"].astype("int64")}
    for measure in MEASURES:
        known = told[list(measure.known)].all(axis=1).astype("int64")
        counts = {"n": found[measure.name] * known, "d": found[bases[measure.base]] * known, "k": known}
        columns |= {f"{measure.name}_{part}": count for part, count in counts.items()}
    return pd.DataFrame(columns)


def tabulated(messages: Frame, groups: list[str]) -> pd.DataFrame:
    """Return the rates frame of messages that `labelled` gave their groups."""
    sums = [nw.col(f"{measure.name}_{part}").sum() for measure in MEASURES for part in "ndk"]
    counted = messages.group_by(*_aliases(groups), "_known").agg(*sums).collect("pandas").to_native()
    return _table(_most_known(counted, _aliases(groups)), groups)


def labelled(messages: Frame, groups: list[str], frames: Mapping[str, AnyFrame | None]) -> Frame:
    """Return messages with a column for each name to group by, looked for in the frames in their order."""
    named = dict(zip(_aliases(groups), groups, strict=True))
    campaigns = [nw.col(KEY[0]).alias(alias) for alias, name in named.items() if name == "campaign"]
    own = {alias: name for alias, name in named.items() if name != "campaign"}
    return _joined(messages.with_columns(*campaigns) if campaigns else messages, own, frames)


def _joined(messages: Frame, named: Mapping[str, str], frames: Mapping[str, AnyFrame | None]) -> Frame:
    for alias, name in named.items():
        keys, labels = _labels(name, alias, frames)
        messages = messages.join(alike(labels, messages), on=keys, how="left")
    return messages


def _labels(name: str, alias: str, frames: Mapping[str, AnyFrame | None]) -> tuple[list[str], Frame]:
    """Return one value of a column for each message, or for each mailbox where contacts have it."""
    for what, frame in frames.items():
        if frame is None or name not in (columns := nw.from_native(frame).lazy().collect_schema()).names():
            continue
        keys = [KEY[1]] if what == "contacts" else list(KEY)
        rows = mailboxes(nw.from_native(frame).lazy()) if what == "contacts" else keyed(frame, what)
        value = nw.col(name).cast(nw.String) if columns[name] in (nw.Categorical, nw.Enum) else nw.col(name)
        return keys, rows.with_columns(value.alias(alias)).group_by(*keys).agg(nw.col(alias).min())
    raise InputError(
        f"by={name!r} is a column of none of the frames handed in; pass the contacts or sends that have it."
    )


def _aliases(groups: list[str]) -> list[str]:
    return [f"_by_{place}" for place in range(len(groups))]


def _most_known(counted: pd.DataFrame, aliases: list[str]) -> pd.DataFrame:
    """Leave out messages of campaigns with unknown recipients where the group has others, so that rates stay whole."""
    told = {alias: _named(counted[alias]) for alias in aliases}
    counted = counted.assign(**told).groupby([*aliases, "_known"], as_index=False, dropna=False).sum()
    best = counted.groupby(aliases, dropna=False)["_known"].transform("max")
    return counted[counted["_known"] == best].reset_index(drop=True)


def _named(labels: pd.Series[Any]) -> pd.Series[Any]:
    if pd.api.types.is_string_dtype(labels) or labels.isna().all():
        return labels.astype("str").fillna(NOT_TOLD)
    return labels.convert_dtypes()  # libraries differ in how they write missing numbers and truth values


def _table(counted: pd.DataFrame, groups: list[str]) -> pd.DataFrame:
    labels = counted[_aliases(groups)].set_axis(groups, axis=1)
    parts = [pd.concat([labels, _measured(counted, measure)], axis=1) for measure in MEASURES]
    table = pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)
    return table.astype({"rate": "str", "counts": "str", "verdict": "str"})


def _measured(counted: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    known, recipients = counted[f"{measure.name}_k"] > 0, counted["_known"] > 0
    numerator = counted[f"{measure.name}_n"].astype("Int64").where(known)
    denominator = counted[f"{measure.name}_d"].astype("Int64")
    if measure.rate is Rate.CLICK_TO_OPEN:
        denominator = denominator.where(known)
    else:
        everybody = counted[f"{measure.rate}_{Counts.ALL}_d"].astype("Int64")
        denominator = denominator.where(known, everybody.where(everybody > 0)).where(recipients)
    interval = wilson(_floats(numerator), _floats(denominator.where(known)))
    heard = counted[f"{measure.rate}_{Counts.ALL}_k"] > 0
    told = zip(numerator, denominator, heard, strict=True)
    return pd.DataFrame(
        {
            "rate": str(measure.rate), "counts": str(measure.counts),
            "numerator": numerator, "denominator": denominator,
            "value": interval.estimate, "lower": interval.lower, "upper": interval.upper,
            "verdict": [_verdict(measure, *row) for row in told],
        },
        index=counted.index,
    )  # fmt: skip


def _floats(column: pd.Series[Any]) -> NDArray[Any]:
    return column.to_numpy(float, na_value=float("nan"))


def _verdict(measure: Measure, numerator: Any, denominator: Any, heard: bool) -> str:
    if pd.isna(numerator):
        return conclusions.ignorance(measure.rate, heard)
    if pd.isna(denominator):
        return conclusions.NO_RECIPIENTS
    return conclusions.data(measure.rate, int(numerator), int(denominator))
