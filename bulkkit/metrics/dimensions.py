"""What messages are grouped by: columns of sends, contacts or events, and the day on which they went out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import narwhals as nw

from bulkkit.errors import InputError
from bulkkit.outcomes import KEY, AnyFrame, Frame, keyed, mailboxes, merged
from bulkkit.vocabulary import EventKind

Frames = Mapping[str, AnyFrame | None]

CAMPAIGN: Final = "campaign"
DAY: Final = "day"
_WENT_OUT: Final = (str(EventKind.SENT), str(EventKind.DELIVERED))
_HANDED: Final = ("finished_at", "claimed_at")
"""When a send happened: its answer, or else its start."""


def aliases(groups: list[str]) -> list[str]:
    """Return the names under which the groups' values travel."""
    return [f"_by_{place}" for place in range(len(groups))]


def labelled(messages: Frame, groups: list[str], frames: Frames) -> Frame:
    """Return messages with a column for each name to group by, looked for in the frames in their order."""
    named = dict(zip(aliases(groups), groups, strict=True))
    campaigns = [nw.col(KEY[0]).alias(alias) for alias, name in named.items() if name == CAMPAIGN]
    own = {alias: name for alias, name in named.items() if name != CAMPAIGN}
    return joined(messages.with_columns(*campaigns) if campaigns else messages, own, frames)


def joined(messages: Frame, named: Mapping[str, str], frames: Frames) -> Frame:
    """Return messages with columns of the frames, by alias and name."""
    for alias, name in named.items():
        keys, labels = _labels(name, alias, frames)
        messages = merged(messages, labels, keys)
    return messages


def home(name: str, frames: Frames) -> str | None:
    """Return which frame has a column, in the order in which they are looked through."""
    return next((what for what, frame in frames.items() if frame is not None and name in _columns(frame)), None)


def sent_at(frames: Frames) -> Frame:
    """Return when each message went out (columns `KEY, _sent_at`), from its events and from the ledger's sends.

    Raises
    ------
    InputError
        There is no column of moments to take it from.
    """
    parts = []
    for what, frame in frames.items():
        if what == "contacts" or frame is None:
            continue
        rows, has = keyed(frame, what), _columns(frame)
        times = [name for name in (["at"] if what == "events" else _HANDED) if isinstance(has.get(name), nw.Datetime)]
        if times:
            went_out = rows.filter(nw.col("kind").is_in(_WENT_OUT)) if what == "events" else rows
            at = nw.col(times[0]) if len(times) == 1 else nw.coalesce(*times)
            parts.append(went_out.select(*KEY, at.alias("_sent_at")))
    if not parts:
        raise InputError("Nothing says when messages went out: events need a column at of moments (pd.to_datetime).")
    return nw.concat(parts).group_by(*KEY).agg(nw.col("_sent_at").min())


def _labels(name: str, alias: str, frames: Frames) -> tuple[list[str], Frame]:
    """Return one value of a column for each message, or for each mailbox where contacts have it."""
    what = home(name, frames)
    if what is None and name == DAY:
        times = sent_at(frames)
        return list(KEY), times.select(*KEY, nw.col("_sent_at").dt.to_string("%Y-%m-%d").alias(alias))
    frame = frames.get(what or "")
    if frame is None or what is None:
        raise InputError(
            f"by={name!r} is a column of none of the frames handed in; pass the contacts or sends that have it."
        )
    keys = [KEY[1]] if what == "contacts" else list(KEY)
    rows = mailboxes(nw.from_native(frame).lazy()) if what == "contacts" else keyed(frame, what)
    value = nw.col(name).cast(nw.String) if _columns(frame)[name] in (nw.Categorical, nw.Enum) else nw.col(name)
    return keys, rows.select(*keys, value.alias(alias)).group_by(*keys).agg(nw.col(alias).min())


def _columns(frame: AnyFrame) -> Mapping[str, Any]:
    return nw.from_native(frame).lazy().collect_schema()
