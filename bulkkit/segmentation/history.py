"""When people last got mail and last reacted, and how engaged that makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd

from bulkkit.outcomes import KEY, AnyFrame, gathered, keyed
from bulkkit.outcomes.facts import is_no
from bulkkit.segmentation.responses import REACTED, RECEIVED, until

UNKNOWN: Final = "unknown"
_SECONDS: Final = 86_400.0

ENGAGEMENT: Final = {
    "active": "opened or clicked in the last 90 days",
    "occasional": "opened or clicked 91 to 365 days ago",
    "inactive": "got mail, and did not open or click in the last 365 days",
    "new": "was never sent anything before",
    UNKNOWN: "the events do not tell: no history, unjudged reactions only, or tracking refused or never agreed to",
}
"""Bands of the last reaction by a person (a machine's does not count), and what each means."""

ACTIVE_DAYS: Final = 90
OCCASIONAL_DAYS: Final = 365


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Who got mail and who reacted, and when: columns `mailbox, at`; reactions by people and unjudged ones apart."""

    received: pd.DataFrame
    human: pd.DataFrame
    unjudged: pd.DataFrame

    @classmethod
    def of(cls, events: AnyFrame) -> History:
        """Take all of it from events, one row each."""
        rows = _history(events)
        reacted = rows["kind"].isin(REACTED)
        machine = rows["machine"].astype("boolean")
        kept = {
            "received": rows["kind"].isin(RECEIVED),
            "human": reacted & ~machine.fillna(True),
            "unjudged": reacted & machine.isna(),
        }
        return cls(**{name: rows.loc[chosen, ["mailbox", "at"]] for name, chosen in kept.items()})

    @classmethod
    def last_before(cls, events: AnyFrame, before: pd.Timestamp) -> History:
        """Take the last of each from the events before a moment: one row a mailbox, worked out where the events lie.

        Times written as text cannot be compared there, and are read one by one.
        """
        rows = keyed(events, "events")
        has = rows.collect_schema()
        if not isinstance(has.get("at"), nw.Datetime):
            return cls.of(rows)
        reacted = nw.col("kind").is_in(REACTED)
        unjudged = nw.col("machine").is_null() if "machine" in has.names() else nw.lit(True)
        kept = {
            "received": nw.col("kind").is_in(RECEIVED),
            "human": reacted & is_no(rows, "machine"),
            "unjudged": reacted & unjudged,
        }
        marked = until(rows, before).filter(nw.col("kind").is_in([*REACTED, *RECEIVED]))
        times = (nw.when(which).then(nw.col("at")).alias(name) for name, which in kept.items())
        by_mailbox = marked.select(nw.col(KEY[1]).alias("mailbox"), *times).group_by("mailbox")
        last = gathered(by_mailbox.agg(*(nw.col(name).max() for name in kept)))
        return cls(**{name: _told(last, name) for name in kept})

    def latest(self, before: pd.Timestamp) -> History:
        """Return the same history with one row a mailbox: all that the bands of engagement look at."""
        frames = {"received": self.received, "human": self.human, "unjudged": self.unjudged}
        earlier = {name: frame[frame["at"] < before] for name, frame in frames.items()}
        return History(**{name: frame.groupby("mailbox")["at"].max().reset_index() for name, frame in earlier.items()})

    def engagement(self, mailboxes: pd.Series[Any], before: pd.Timestamp, untracked: pd.Series[Any]) -> pd.Series[Any]:
        """Return the band of each mailbox, from what happened before a moment; of `untracked` silence tells nothing."""
        human = _days_since(self.human, mailboxes, before)
        unjudged = _days_since(self.unjudged, mailboxes, before)
        received = _days_since(self.received, mailboxes, before).notna()
        # Without a single send before, "never sent anything" is only believable if nobody reacted either.
        tells = bool((self.received["at"] < before).any()) or not (self.human["at"] < before).any()
        tests = {
            "missing": mailboxes.isna(),
            "active": human <= ACTIVE_DAYS,
            "perhaps active": unjudged <= ACTIVE_DAYS,
            "occasional": human <= OCCASIONAL_DAYS,
            "perhaps occasional": unjudged <= OCCASIONAL_DAYS,
            "unseen": received & untracked,
            "inactive": received | human.notna() | unjudged.notna(),
        }
        names = [name if name in ENGAGEMENT else UNKNOWN for name in tests]
        found = np.select([test.to_numpy(bool) for test in tests.values()], names, "new" if tells else UNKNOWN)
        return categories(found, mailboxes.index, ENGAGEMENT)


def _history(events: AnyFrame) -> pd.DataFrame:
    """Return the sends, deliveries, opens and clicks as a pandas frame: `mailbox, kind, at, machine`."""
    rows = keyed(events, "events")
    has = rows.collect_schema().names()
    kinds = nw.col("kind").is_in([*REACTED, *RECEIVED])
    wanted = [nw.col(name) for name in ("kind", "at", "machine") if name in has]
    frame = gathered(rows.filter(kinds).select(nw.col(KEY[1]).alias("mailbox"), *wanted))
    absent = {name: pd.Series(pd.NA, index=frame.index) for name in ("at", "machine") if name not in has}
    frame = frame.assign(**absent)
    return frame.assign(at=moments(frame["at"]))


def _told(last: pd.DataFrame, name: str) -> pd.DataFrame:
    return last.assign(at=moments(last[name])).loc[last[name].notna(), ["mailbox", "at"]]


def _days_since(happened: pd.DataFrame, mailboxes: pd.Series[Any], before: pd.Timestamp) -> pd.Series[Any]:
    """Return how many days before the moment it last happened to each mailbox; missing where it never did."""
    earlier = happened[happened["at"] < before]
    last = earlier.groupby("mailbox")["at"].max()
    return days_before(before, last).reindex(mailboxes).set_axis(mailboxes.index)


def moments(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column as moments in UTC, missing where it holds none."""
    is_text = pd.api.types.is_string_dtype(column)
    return pd.to_datetime(column, utc=True, errors="coerce", format="ISO8601" if is_text else None)


def days_before(at: pd.Timestamp, happened: pd.Series[Any]) -> pd.Series[Any]:
    """Return how many days before a moment something happened."""
    return -(happened - at).dt.total_seconds() / _SECONDS


def categories(values: Any, index: pd.Index[Any], bands: Mapping[str, str]) -> pd.Series[Any]:
    """Return the bands' names as categories in their order."""
    return pd.Series(pd.Categorical(values, categories=list(bands)), index=index)
