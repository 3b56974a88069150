"""The people of a comparison in groups of people alike, by what was known of them before they were written to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from bulkkit.addresses import mailbox_keys
from bulkkit.contacts.tracking import untracked
from bulkkit.errors import InputError
from bulkkit.frames import require
from bulkkit.outcomes import KEY, NOT_TOLD, Frame, gathered
from bulkkit.outcomes.facts import is_no
from bulkkit.segmentation import ENGAGEMENT, TENURE, UNKNOWN, History, moments, tenure
from bulkkit.vocabulary import EventKind

OPTIONAL: Final = ("provider", "tenure", "engagement")
"""What may be adjusted for even where nobody knows it: then everybody is "unknown" in it."""

FEW_VALUES: Final = 10
"""Numbers of more values than this are cut at their quantiles."""

_BANDS: Final = {"engagement": ENGAGEMENT, "tenure": TENURE}
_REACTIONS: Final = (str(EventKind.OPENED), str(EventKind.CLICKED))
_RECEIVED: Final = (str(EventKind.SENT), str(EventKind.DELIVERED))
_STARTS: Final = ("claimed_at", "finished_at", "queued_at")


@dataclass(frozen=True, slots=True, eq=False)
class Covariates:
    """What was known of each message's person: a row a message.

    Attributes
    ----------
    labels
        Columns of words, numbers with few values among them.
    numbers
        Columns of numbers (or moments) that are cut into groups of equal size.
    order
        The names of both as they were asked for.
    """

    labels: pd.DataFrame
    numbers: pd.DataFrame
    order: tuple[str, ...]

    def cut(self, groups: int, alone: Mapping[str, pd.Series[Any]]) -> pd.DataFrame:
        """Return all columns as labels, numbers cut at their quantiles into so many groups at most.

        Where `alone` has a label of a number for a message, that one stays, and only the rest is cut.
        """
        cuts = {name: _cut_beside(self.numbers[name], groups, alone[str(name)]) for name in self.numbers}
        return pd.DataFrame({n: cuts[n] if n in cuts else self.labels[n] for n in self.order}, self.labels.index)

    def of(self, chosen: Any) -> Covariates:
        """Return the rows of some messages."""
        return Covariates(self.labels[chosen], self.numbers[chosen], self.order)


def covariates(
    messages: pd.DataFrame,
    adjust: Sequence[str],
    events: Frame,
    sends: Frame | None,
    contacts: IntoFrame | None,
) -> Covariates:
    """Return the columns of `adjust` for each message, in the order of `messages` (columns `_campaign, _mailbox`).

    Engagement and tenure are those just before the campaign's first message went out.
    """
    people = _people(contacts, adjust)
    if unknown := [name for name in adjust if name not in OPTIONAL and name not in people.columns]:
        has = ", ".join(map(str, people.columns)) or "none"
        raise InputError(f"adjust names {', '.join(unknown)}, which is no column of contacts (they have {has}).")
    known = people.reindex(messages[KEY[1]]) if len(people) else pd.DataFrame(index=messages[KEY[1]])
    known = known.set_axis(messages.index)
    timed = _timed(messages, known, adjust, events, sends)
    numbers = [name for name in adjust if name not in timed and name in known and _is_fine(known[name])]
    words = {name: timed[name] if name in timed else _own(known, name) for name in adjust if name not in numbers}
    return Covariates(pd.DataFrame(words, messages.index), known[numbers], tuple(adjust))


def _is_fine(column: pd.Series[Any]) -> bool:
    """Return whether a column holds numbers or moments of too many values to be groups by themselves."""
    measured = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    return (measured or pd.api.types.is_datetime64_any_dtype(column)) and column.nunique() > FEW_VALUES


def _cut_beside(column: pd.Series[Any], groups: int, alone: pd.Series[Any]) -> pd.Series[Any]:
    """Return quantile groups of those who have no label yet, beside the labels of the others, in order."""
    free = alone.isna()
    if free.all():
        return cut(column, groups)
    told = column.where(free)
    if told.isna().all():
        words = alone.fillna(NOT_TOLD)
    else:
        words = cut(told, groups, is_least=told.min() == column.min()).astype("str").where(free, alone)
    order = column.groupby(words).min().sort_values().index
    return words.astype(pd.CategoricalDtype(list(order), ordered=True))


def cut(column: pd.Series[Any], groups: int, *, is_least: bool = True) -> pd.Series[Any]:
    """Return quantile groups, named by their bounds (the first by its upper one, if nothing lies below it).

    Who has no number is a group of its own.
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column.dt.tz_localize(None)
    edges = np.unique(column.dropna().quantile(np.linspace(0, 1, groups + 1), interpolation="lower").to_numpy())
    inner = edges[1:-1] if len(edges) > 2 else edges[:1]
    names = _bounds_named(list(edges[:1]) + list(inner), [*inner, edges[-1]], is_least)
    place = np.where(column.isna(), len(names), np.searchsorted(inner, column.to_numpy(), side="left"))
    dtype = pd.CategoricalDtype([*names, NOT_TOLD], ordered=True)
    return pd.Series(pd.Categorical.from_codes(place, dtype=dtype), column.index)


def _bounds_named(lows: list[Any], highs: list[Any], is_least: bool) -> list[str]:
    """Return a name for each group, with as many figures as keep them apart."""
    for figures in (6, 12, 17):
        names = [
            f"{_written(low, figures)} to {_written(high, figures)}" for low, high in zip(lows, highs, strict=True)
        ]
        if is_least:
            names[0] = f"up to {_written(highs[0], figures)}"
        if len(set(names)) == len(names):
            break
    return names


def _written(value: Any, figures: int) -> str:
    if isinstance(value, np.datetime64):
        return str(np.datetime_as_string(value, unit="D" if figures == 6 else "s"))
    return f"{value:.{figures}g}"


def _people(contacts: IntoFrame | None, adjust: Sequence[str]) -> pd.DataFrame:
    """Return one row a mailbox, the first of each, with the columns that are needed."""
    if contacts is None:
        return pd.DataFrame(index=pd.Index([], dtype="str"))
    lazy = nw.from_native(contacts).lazy()
    wanted = {"email", "created_at", "tracking_consent", *adjust} - {"tenure", "engagement"}
    has = [name for name in lazy.collect_schema().names() if name in wanted]
    people = gathered(lazy.select(*has))
    require(people, ["email"], "the contacts frame")
    people = people.set_axis(mailbox_keys(people["email"].astype("str")))
    return people[~people.index.duplicated()]


def _timed(
    messages: pd.DataFrame, known: pd.DataFrame, adjust: Sequence[str], events: Frame, sends: Frame | None
) -> pd.DataFrame:
    """Return engagement and tenure, each campaign's messages at the campaign's own start."""
    starts = _starts(list(messages[KEY[0]].unique()), events, sends)
    asks = "engagement" in adjust
    parts = []
    for campaign, part in messages.groupby(KEY[0]):
        start, people = starts.get(campaign, pd.NaT), known.loc[part.index]
        timed = pd.DataFrame(UNKNOWN, index=part.index, columns=list(_BANDS))
        if not pd.isna(start):
            timed["tenure"] = tenure(people, start).astype("str")
        if not pd.isna(start) and asks:
            history, mailboxes = _history(events, start, part[KEY[1]])
            timed["engagement"] = history.engagement(mailboxes, start, untracked(people)).astype("str")
        parts.append(timed)
    asked = {name: pd.CategoricalDtype(list(bands)) for name, bands in _BANDS.items() if name in adjust}
    return pd.concat(parts).reindex(messages.index)[list(asked)].astype(asked)


def _history(events: Frame, start: pd.Timestamp, mailboxes: pd.Series[Any]) -> tuple[History, pd.Series[Any]]:
    """Return when each mailbox last got mail and last reacted before a moment, and the mailboxes as it names them.

    It is worked out where the events lie. Mailboxes become numbers: text is compared once.
    """
    has = events.collect_schema()
    at = has.get("at")
    if not isinstance(at, nw.Datetime):
        return History.of(events), mailboxes
    limit = (start.tz_localize(None) if at.time_zone is None else start).to_pydatetime(warn=False)
    reacted = nw.col("kind").is_in(_REACTIONS)
    judged = nw.col("machine").is_null() if "machine" in has.names() else nw.lit(True)
    when = {
        "received": nw.col("kind").is_in(_RECEIVED),
        "human": reacted & is_no(events, "machine"),
        "unjudged": reacted & judged,
    }
    earlier = events.filter((nw.col("at") < limit) & nw.col("kind").is_in([*_REACTIONS, *_RECEIVED]))
    marked = earlier.select(KEY[1], *(nw.when(true).then(nw.col("at")).alias(name) for name, true in when.items()))
    last = gathered(marked.group_by(KEY[1]).agg(*(nw.col(name).max() for name in when)))
    found = {name: pd.DataFrame({"mailbox": last.index, "at": moments(last[name])}).dropna() for name in when}
    places = pd.Index(last[KEY[1]]).get_indexer(pd.Index(mailboxes))
    return History(**found), pd.Series(places, mailboxes.index)


def _starts(campaigns: list[str], events: Frame, sends: Frame | None) -> dict[Any, Any]:
    """Return when each campaign's first message went out, from its events, or else from its sends."""
    went_out = nw.col("kind").is_in(_RECEIVED)
    starts = _first(events.filter(went_out), "at", campaigns)
    if sends is not None:
        for name in _STARTS:
            starts = _first(sends, name, campaigns) | starts
    return starts


def _first(rows: Frame, column: str, campaigns: list[str]) -> dict[Any, Any]:
    if column not in rows.collect_schema().names():
        return {}
    first = rows.filter(nw.col(KEY[0]).is_in(campaigns)).group_by(KEY[0]).agg(nw.col(column).min())
    return dict(moments(gathered(first).set_index(KEY[0])[column]).dropna())


def _own(known: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name not in known.columns:
        return pd.Series(NOT_TOLD, index=known.index, dtype="str")
    own = known[name]
    whole = own.convert_dtypes() if pd.api.types.is_numeric_dtype(own) else own  # 1, and not 1.0, beside a missing one
    return whole.astype("str").fillna(NOT_TOLD)
