"""What became of each message, worked out once: rates of any part of them, and whose messages a figure counts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw
import pandas as pd

from bulkkit import conclusions
from bulkkit.errors import InputError
from bulkkit.metrics import tabulated
from bulkkit.metrics.dimensions import labelled
from bulkkit.outcomes import KEY, MEASURES, NOT_TOLD, Frame, gathered, keyed, mailboxes, outcomes
from bulkkit.vocabulary import Counts, Rate

SENT: Final = "sent"
DELIVERED: Final = "delivered"
BEHIND: Final = (SENT, DELIVERED, *(str(rate) for rate in Rate))
"""What people can be asked for."""

GROUP: Final = "_by_0"
"""Where `metrics.labelled` puts the one thing that messages are grouped by here."""

_NAMES: Final = frozenset(measure.name for measure in MEASURES)


@dataclass(frozen=True, slots=True, eq=False)
class Messages:
    """A row a message, and the frames that it comes from.

    Attributes
    ----------
    table
        `_campaign, _mailbox, _known`, and for each of `outcomes.MEASURES` its `_n`, `_d`, `_k`.
    events, sends, contacts
        With the columns that join them (`outcomes.KEY`).
    """

    table: pd.DataFrame
    events: pd.DataFrame
    sends: pd.DataFrame | None = None
    contacts: pd.DataFrame | None = None

    @classmethod
    def of(
        cls, events: pd.DataFrame, sends: pd.DataFrame | None = None, contacts: pd.DataFrame | None = None
    ) -> Messages:
        """Work out what became of each message; the frames are those of `bulkkit.rates`, in pandas."""
        rows = gathered(keyed(events, "events"))
        written = None if sends is None else gathered(keyed(sends, "sends"))
        known = None if contacts is None else gathered(mailboxes(_lazy(contacts)))
        return cls(gathered(outcomes(rows, written)), rows, written, known)

    @property
    def campaigns(self) -> list[str]:
        """The campaigns of which there is any message."""
        return list(dict.fromkeys(self.table[KEY[0]]))

    def rates(self, by: str = "campaign", campaigns: Collection[str] | None = None) -> pd.DataFrame:
        """Return the rates frame (as of `bulkkit.rates`) of all messages or some campaigns', grouped by one column."""
        return tabulated(_lazy(self._labelled(by, campaigns)), [by])

    def people(
        self, what: str, counts: str, by: str = "campaign", group: Any = None, campaigns: Collection[str] | None = None
    ) -> pd.DataFrame:
        """Return the messages that a figure counts: columns `_campaign, _mailbox`.

        Parameters
        ----------
        what, counts
            One of `BEHIND`; "human" or "all", where a rate has both.
        by, group
            What the rates are grouped by, and the name of a group; None for all of them.
        campaigns
            Those whose messages are meant; None for all of them.

        Raises
        ------
        InputError
            There is no such figure, or no source tells of it.
        """
        if what not in BEHIND:
            raise InputError(f"what={what!r} is no figure of a campaign; use one of {', '.join(BEHIND)}.")
        rows = self._labelled(by, campaigns)
        if group is not None:
            rows = rows[rows[GROUP].astype("str").fillna(NOT_TOLD) == str(group)]
        # As in the rates: a group whose recipients are known leaves out campaigns of which they are not.
        rows = rows[rows["_known"] == rows.groupby(GROUP, dropna=False)["_known"].transform("max")]
        return rows.loc[_counted(rows, what, counts) > 0, list(KEY)]

    def _labelled(self, by: str, campaigns: Collection[str] | None) -> pd.DataFrame:
        table = self.table if campaigns is None else self.table[self.table[KEY[0]].isin(list(campaigns))]
        frames = {"sends": self.sends, "contacts": self.contacts, "events": self.events}
        return gathered(labelled(_lazy(table), [by], frames))


def _counted(rows: pd.DataFrame, what: str, counts: str) -> pd.Series[Any]:
    """Return 1 for each message that the figure counts, else 0."""
    if what == SENT:
        return rows["bounced_all_d"] * rows["_known"]
    if what == DELIVERED:
        return _delivered(rows) * rows["_known"]
    name = f"{what}_{counts}" if f"{what}_{counts}" in _NAMES else f"{what}_{Counts.ALL}"
    if len(rows) and not rows[f"{name}_k"].any():
        raise InputError(conclusions.not_reported(rows[KEY[0]].unique(), Rate(what), Counts(name.rpartition("_")[2])))
    return rows[f"{name}_n"]


def _delivered(rows: pd.DataFrame) -> pd.Series[Any]:
    """Return who is delivered to: whom unsubscribes are out of, else who was sent to without a bounce."""
    delivered = rows["bounced_all_d"] * (1 - rows["bounced_all_n"])
    return delivered.where(rows["unsubscribed_all_k"] == 0, rows["unsubscribed_all_d"])


def _lazy(frame: pd.DataFrame) -> Frame:
    return nw.from_native(frame).lazy()
