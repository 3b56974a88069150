"""Who is behind a figure: each message's person with what the contacts, the sends and the events say of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, Final

import pandas as pd

from bulkkit.drilling.messages import DELIVERED, SENT, Messages
from bulkkit.outcomes import KEY
from bulkkit.vocabulary import Counts, EventKind, Rate

_KINDS: Final[Mapping[str, tuple[EventKind, ...]]] = MappingProxyType(
    {
        SENT: (EventKind.SENT, EventKind.DELIVERED),
        DELIVERED: (EventKind.DELIVERED, EventKind.SENT),
        Rate.OPENED: (EventKind.OPENED,),
        Rate.CLICKED: (EventKind.CLICKED,),
        Rate.CLICK_TO_OPEN: (EventKind.CLICKED,),
        Rate.BOUNCED: (EventKind.BOUNCED,),
        Rate.HARD_BOUNCED: (EventKind.BOUNCED,),
        Rate.SOFT_BOUNCED: (EventKind.BOUNCED,),
        Rate.UNSUBSCRIBED: (EventKind.UNSUBSCRIBED,),
        Rate.COMPLAINED: (EventKind.COMPLAINED,),
    }
)
"""Which events tell of it."""

_DETAILS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        EventKind.BOUNCED: ("bounce_type", "bounce_class", "smtp_code", "enhanced_code", "diagnostic"),
        EventKind.CLICKED: ("url",),
    }
)
"""What an event of a kind has to say beside its time."""

_OF_SENDS: Final = ("network", "relay", "state", "reason", "attempts")
_JUDGED: Final = (EventKind.OPENED, EventKind.CLICKED)


def described(messages: Messages, people: pd.DataFrame, what: str, counts: str = Counts.ALL) -> pd.DataFrame:
    """Return a row for each message of `people` (`Messages.people`), in their order.

    Returns
    -------
    pandas.DataFrame
        `campaign, email, at` (when it happened first, in UTC) and what else the events say of it, then the contact's
        own columns, or without contacts the send's. Columns of the same name bear the ending `_contact` or `_send`.
    """
    kinds = _KINDS[what]
    events = messages.events[messages.events["kind"].isin([str(kind) for kind in kinds])]
    if counts == Counts.HUMAN and kinds[0] in _JUDGED:
        events = events[by_people(events)]
    return _joined(messages, people, events, _DETAILS.get(kinds[0], ()))


def happened(
    messages: Messages, kind: str, since: pd.Timestamp, until: pd.Timestamp, human: bool | None = None
) -> pd.DataFrame:
    """Return a row for each message to which an event of a kind happened in a span of time (UTC).

    `human` asks for what people are known to have done, or for all the rest; None for everything.
    """
    events = messages.events
    chosen = (events["kind"] == kind) & (events["at"] >= since) & (events["at"] < until)
    if human is not None:
        chosen &= by_people(events) == human
    events = events[chosen]
    return _joined(messages, events[list(KEY)].drop_duplicates(), events, _DETAILS.get(kind, ()))


def by_people(events: pd.DataFrame) -> pd.Series[Any]:
    """Return which events are known not to be a machine's."""
    if "machine" not in events.columns:
        return pd.Series(False, index=events.index)
    return events["machine"].astype("boolean").eq(False).fillna(False).astype(bool)


def _joined(messages: Messages, people: pd.DataFrame, events: pd.DataFrame, details: Collection[str]) -> pd.DataFrame:
    wanted = [name for name in ("email", "at", *details) if name in events.columns]
    first = events.sort_values("at", kind="stable") if "at" in events.columns else events
    found = people.merge(first.drop_duplicates(list(KEY))[[*KEY, *wanted]], on=list(KEY), how="left")
    found = _beside(found.assign(campaign=found[KEY[0]]), messages)
    known = found["email"].astype("str").fillna(found[KEY[1]])
    if "email_contact" in found.columns:
        known = found["email_contact"].astype("str").fillna(known)
    rest = found.drop(columns=[*KEY, "campaign", "email", "email_contact"], errors="ignore")
    return pd.concat([found[["campaign"]].assign(email=known), rest], axis=1)


def _beside(found: pd.DataFrame, messages: Messages) -> pd.DataFrame:
    """Return the people with the columns of their contacts or, without contacts, of their sends."""
    if messages.contacts is not None:
        contacts = messages.contacts.drop_duplicates(KEY[1])
        return found.merge(contacts, on=KEY[1], how="left", suffixes=("", "_contact"))
    if messages.sends is None or messages.sends.empty:
        return found
    columns = [name for name in _OF_SENDS if name in messages.sends.columns]
    sends = messages.sends[[*KEY, *columns]].drop_duplicates(list(KEY))
    return found.merge(sends, on=list(KEY), how="left", suffixes=("", "_send"))
