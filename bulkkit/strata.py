"""The people of a comparison in groups of people alike, by what was known of them before they were written to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import narwhals as nw
import pandas as pd
from narwhals.typing import IntoFrame

from bulkkit.addresses import mailbox_keys
from bulkkit.contacts.tracking import untracked
from bulkkit.errors import InputError
from bulkkit.frames import require
from bulkkit.outcomes import KEY, NOT_TOLD, Frame, keyed
from bulkkit.segmentation import ENGAGEMENT, TENURE, UNKNOWN, History, moments, tenure
from bulkkit.vocabulary import EventKind

OPTIONAL: Final = ("provider", "tenure", "engagement")
"""What may be adjusted for even where nobody knows it: then everybody is "unknown" in it."""

_BANDS: Final = {"engagement": ENGAGEMENT, "tenure": TENURE}
_STARTS: Final = ("claimed_at", "finished_at", "queued_at")


def stratify(
    messages: pd.DataFrame,
    adjust: Sequence[str],
    events: Frame,
    sends: IntoFrame | None,
    contacts: IntoFrame | None,
) -> pd.DataFrame:
    """Return the columns of `adjust` for each message, in the order of `messages` (columns `_campaign, _mailbox`).

    Engagement and tenure are those just before the campaign's first message went out.
    """
    people = _people(contacts, adjust)
    if unknown := [name for name in adjust if name not in OPTIONAL and name not in people.columns]:
        has = ", ".join(map(str, people.columns)) or "none"
        raise InputError(f"adjust names {', '.join(unknown)}, which is no column of contacts (they have {has}).")
    known = people.reindex(messages[KEY[1]]).set_axis(messages.index)
    timed = _timed(messages, known, adjust, events, sends)
    return pd.DataFrame({name: timed[name] if name in timed else _own(known, name) for name in adjust}, messages.index)


def _people(contacts: IntoFrame | None, adjust: Sequence[str]) -> pd.DataFrame:
    """Return one row a mailbox, the first of each, with the columns that are needed."""
    if contacts is None:
        return pd.DataFrame(index=pd.Index([], dtype="str"))
    lazy = nw.from_native(contacts).lazy()
    wanted = {"email", "created_at", "tracking_consent", *adjust} - {"tenure", "engagement"}
    has = [name for name in lazy.collect_schema().names() if name in wanted]
    people: pd.DataFrame = lazy.select(*has).collect("pandas").to_native()
    require(people, ["email"], "the contacts frame")
    people = people.set_axis(mailbox_keys(people["email"].astype("str")))
    return people[~people.index.duplicated()]


def _timed(
    messages: pd.DataFrame, known: pd.DataFrame, adjust: Sequence[str], events: Frame, sends: IntoFrame | None
) -> pd.DataFrame:
    """Return engagement and tenure, each campaign's messages at the campaign's own start."""
    starts = _starts(list(messages[KEY[0]].unique()), events, sends)
    history = History.of(events) if "engagement" in adjust else None
    parts = []
    for campaign, part in messages.groupby(KEY[0]):
        start, people = starts.get(campaign, pd.NaT), known.loc[part.index]
        timed = pd.DataFrame(UNKNOWN, index=part.index, columns=list(_BANDS))
        if not pd.isna(start):
            timed["tenure"] = tenure(people, start).astype("str")
        if not pd.isna(start) and history is not None:
            timed["engagement"] = history.engagement(part[KEY[1]], start, untracked(people)).astype("str")
        parts.append(timed)
    asked = {name: pd.CategoricalDtype(list(bands)) for name, bands in _BANDS.items() if name in adjust}
    return pd.concat(parts).reindex(messages.index)[list(asked)].astype(asked)


def _starts(campaigns: list[str], events: Frame, sends: IntoFrame | None) -> dict[Any, Any]:
    """Return when each campaign's first message went out, from its events, or else from its sends."""
    went_out = nw.col("kind").is_in([str(EventKind.SENT), str(EventKind.DELIVERED)])
    starts = _first(events.filter(went_out), "at", campaigns)
    if sends is not None:
        for name in _STARTS:
            starts = _first(keyed(sends, "sends"), name, campaigns) | starts
    return starts


def _first(rows: Frame, column: str, campaigns: list[str]) -> dict[Any, Any]:
    if column not in rows.collect_schema().names():
        return {}
    first = rows.filter(nw.col(KEY[0]).is_in(campaigns)).group_by(KEY[0]).agg(nw.col(column).min())
    table: pd.DataFrame = first.collect("pandas").to_native()
    return dict(moments(table.set_index(KEY[0])[column]).dropna())


def _own(known: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name not in known.columns:
        return pd.Series(NOT_TOLD, index=known.index, dtype="str")
    return known[name].astype("str").fillna(NOT_TOLD)
