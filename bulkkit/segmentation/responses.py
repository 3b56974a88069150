"""What the events before a moment tell of each mailbox: one row each, aggregated where the events lie."""

from __future__ import annotations

from typing import Final

import narwhals as nw
import pandas as pd

from bulkkit.errors import InputError
from bulkkit.outcomes import KEY, AnyFrame, Frame, gathered, keyed, merged
from bulkkit.outcomes.facts import is_no
from bulkkit.vocabulary import EventKind

YEAR_DAYS: Final = 365
MONTH_DAYS: Final = 30

RECEIVED: Final = (str(EventKind.SENT), str(EventKind.DELIVERED))
REACTED: Final = (str(EventKind.OPENED), str(EventKind.CLICKED))

_MAILBOX: Final = KEY[1]
_TIMES: Final = {"first": "received", "last": "received", "human": "human", "unjudged": "unjudged"}
_COUNTS: Final = ("year", "month", "answered", "perhaps_answered", "clicked", "perhaps_clicked")


def responses(events: AnyFrame, before: pd.Timestamp) -> pd.DataFrame:
    """Return how often each mailbox was written to and how it reacted, up to a moment.

    Parameters
    ----------
    events
        Columns `kind, campaign, email, at`, and `machine` for telling people from machines; any frame that Narwhals
        knows. What has no time is not counted.
    before
        The moment, in UTC.

    Returns
    -------
    pandas.DataFrame
        By mailbox key: `first`, `last` (when the first and the last message reached or was sent to it), `human`,
        `unjudged` (its last open or click by a person, and of those that nobody judged); `year`, `month` (messages of
        the last 365 and 30 days), `answered`, `clicked` (of the year's, how many a person opened or clicked, and
        clicked), `perhaps_answered`, `perhaps_clicked` (the same with those that nobody judged), and `unanswered`
        (messages since the last reaction by a person).

    Raises
    ------
    InputError
        The events lack a column, or `at` holds no moments.
    """
    found = gathered(responding(events, before))
    times = {name: pd.to_datetime(found[name], utc=True) for name in _TIMES}
    counts = {name: found[name].fillna(0).astype("int64") for name in (*_COUNTS, "unanswered")}
    return found.assign(**times, **counts).set_index(_MAILBOX)[[*_TIMES, *_COUNTS, "unanswered"]]


def responding(events: AnyFrame, before: pd.Timestamp) -> Frame:
    """Return the same where the events lie: the mailbox in `_mailbox`, times as the events have them."""
    rows = until(keyed(events, "events"), before)
    messages = _flagged(_messages(rows), own_clock(rows, before))
    people = messages.group_by(_MAILBOX).agg(
        nw.col("received").min().alias("first"),
        nw.col("received").max().alias("last"),
        *(nw.col(name).max() for name in ("human", "unjudged")),
        *(nw.col(name).sum() for name in _COUNTS),
    )
    since = merged(messages, people.select(_MAILBOX, nw.col("human").alias("_reacted")), [_MAILBOX])
    later = _flag(nw.col("received") > nw.col("_reacted")) + _flag(nw.col("_reacted").is_null()) * _there("received")
    unanswered = since.with_columns(later.alias("unanswered")).group_by(_MAILBOX).agg(nw.col("unanswered").sum())
    return merged(people, unanswered, [_MAILBOX])


def until(rows: Frame, before: pd.Timestamp, since: pd.Timestamp | None = None) -> Frame:
    """Return the events of a span of time; all of them where they have no times.

    Raises
    ------
    InputError
        The column `at` holds no moments.
    """
    if "at" not in rows.collect_schema().names():
        return rows
    at = nw.col("at")
    early = rows.filter(at < own_clock(rows, before).to_pydatetime(warn=False))
    return early if since is None else early.filter(at >= own_clock(rows, since).to_pydatetime(warn=False))


def own_clock(rows: Frame, moment: pd.Timestamp) -> pd.Timestamp:
    """Return a moment as the frame writes it: with a time zone or, meaning UTC, without."""
    kind = rows.collect_schema().get("at")
    if kind is None:
        return moment.tz_localize(None)
    if not isinstance(kind, nw.Datetime):
        raise InputError("The events' column at holds no moments; make them with pd.to_datetime(…, utc=True).")
    return moment if kind.time_zone else moment.tz_localize(None)


def _messages(rows: Frame) -> Frame:
    """Return one row a message: when it was sent, and when a person and somebody unjudged last reacted to it."""
    has = rows.collect_schema().names()
    untimed = nw.lit(None, dtype=nw.Datetime("us"))
    at = nw.col("at") if "at" in has else untimed
    unjudged = nw.col("machine").is_null() if "machine" in has else nw.lit(True)
    told = rows.filter(nw.col("kind").is_in([*RECEIVED, *REACTED])).with_columns(
        at.alias("_at"), is_no(rows, "machine").alias("_human"), unjudged.alias("_unjudged")
    )
    human, unjudged = nw.col("_human"), nw.col("_unjudged")
    reacted, clicked = nw.col("kind").is_in(REACTED), nw.col("kind") == str(EventKind.CLICKED)
    marks = {
        "received": nw.col("kind").is_in(RECEIVED),
        "human": reacted & human,
        "unjudged": reacted & unjudged,
        "human_click": clicked & human,
        "unjudged_click": clicked & unjudged,
    }
    times = [nw.when(chosen).then(nw.col("_at")).alias(name) for name, chosen in marks.items()]
    one = told.select(*KEY, *times).group_by(*KEY)
    return one.agg(nw.col("received").min(), *(nw.col(name).max() for name in marks if name != "received"))


def _flagged(messages: Frame, before: pd.Timestamp) -> Frame:
    """Add, as 0 or 1, whether each message is of the last year and month, and whether it was answered and clicked."""
    year, month = (
        _flag(nw.col("received") >= (before - pd.Timedelta(days=days)).to_pydatetime(warn=False))
        for days in (YEAR_DAYS, MONTH_DAYS)
    )
    human, click = _there("human"), _there("human_click")
    flags = {
        "year": year,
        "month": month,
        "answered": year * human,
        "perhaps_answered": year * _flag(human + _there("unjudged") > 0),
        "clicked": year * click,
        "perhaps_clicked": year * _flag(click + _there("unjudged_click") > 0),
    }
    return messages.with_columns(*(flag.alias(name) for name, flag in flags.items()))


def _there(name: str) -> nw.Expr:
    return _flag(~nw.col(name).is_null())


def _flag(condition: nw.Expr) -> nw.Expr:
    return condition.fill_null(False).cast(nw.Int64)
