"""What the events tell of the people on any list: worked out once, and asked for each part of a list."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

import narwhals as nw
import pandas as pd

from bulkkit.outcomes import KEY, MEASURES, AnyFrame, Frame, Messages, gathered, keyed
from bulkkit.outcomes.messages import measured
from bulkkit.scoring.components import NaN, Value
from bulkkit.scoring.decay import decay
from bulkkit.scoring.expectations import BASELINE, Prior
from bulkkit.segmentation import History, moments
from bulkkit.segmentation.responses import YEAR_DAYS, responses, until
from bulkkit.statistics import wilson
from bulkkit.vocabulary import BounceType, Counts, EventKind, Rate

CAP: Final = 2
"""bulkkit's own frequency cap: two campaigns in 30 days."""

FATIGUE: Final = 6
"""bulkkit's own rule: so many messages in a row without a reaction by a person are a sign of fatigue."""

BOUNCED: Final = str(EventKind.BOUNCED)
_LEFT: Final = (str(EventKind.COMPLAINED), str(EventKind.UNSUBSCRIBED))
_PRESSURE: Final = (Rate.COMPLAINED, Rate.UNSUBSCRIBED)
_MEASURES: Final = [measure for measure in MEASURES if measure.rate in (*_PRESSURE, Rate.BOUNCED)]
_MAILBOX: Final = KEY[1]
_LOOKED_AT: Final = (*KEY, "kind", "at", "machine", "bounce_type", "source")


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What the events before a moment tell.

    Attributes
    ----------
    people
        What `bulkkit.segmentation.responses` tells of each mailbox.
    pressure
        By mailbox, of the last year: `complained_n, complained_d`, `unsubscribed_n, unsubscribed_d` (how many of its
        messages were followed by one, and of how many that is known).
    campaigns
        By campaign, of the last year: `bounced_n, bounced_d`.
    left
        Who complained, unsubscribed or bounced hard, and when first: columns `kind, mailbox, at`.
    """

    before: pd.Timestamp
    people: pd.DataFrame
    pressure: pd.DataFrame
    campaigns: pd.DataFrame
    left: pd.DataFrame

    @classmethod
    def of(cls, events: AnyFrame, before: pd.Timestamp) -> Past:
        """Take from events of any frame library what scoring needs."""
        rows = keyed(events, "events")
        year = until(rows, before, before - pd.Timedelta(days=YEAR_DAYS))
        messages = measured(Messages.of(year), _MEASURES).filter(nw.col("_known") > 0)
        pressed = [f"{rate}_{Counts.ALL}_{part}" for rate in _PRESSURE for part in "nd"]
        pressure = _totals(messages, _MAILBOX, pressed)
        bounced = [f"{Rate.BOUNCED}_{Counts.ALL}_{part}" for part in "nd"]
        campaigns = _totals(messages, KEY[0], bounced)
        return cls(before, responses(rows, before), pressure, campaigns, _left(until(rows, before)))

    @property
    def dated(self) -> bool:
        """Whether any message has a time."""
        return bool(self.people["last"].notna().any())

    def among(self, mailboxes: Collection[Any]) -> Past:
        """Return what the events tell of some mailboxes alone; what campaigns teach of bounces stays what it is."""
        people, pressure = (frame[frame.index.isin(list(mailboxes))] for frame in (self.people, self.pressure))
        left = self.left[self.left["mailbox"].isin(list(mailboxes))]
        return replace(self, people=people, pressure=pressure, left=left)

    def baseline(self) -> Prior:
        """Return the bounce rate that these campaigns teach to expect."""
        told = self.campaigns[self.campaigns[f"bounced_{Counts.ALL}_d"] > 0].astype(float)
        bounced, sent = (told[f"bounced_{Counts.ALL}_{part}"] for part in "nd")
        return BASELINE.updated(bounced, sent) if len(told) else BASELINE

    def values(self) -> dict[str, Value]:
        """Return complaints, unsubscribes, frequency and decay; missing where no source tells."""
        written_to = int((self.people["month"] > 0).sum())
        often = Value(len(self.too_often()) / max(written_to, 1) if self.dated else NaN)
        pressed = {"complaints": self._share(Rate.COMPLAINED), "unsubscribes": self._share(Rate.UNSUBSCRIBED)}
        dead = self.left.loc[self.left["kind"] == BOUNCED, "mailbox"]
        bounced = pd.Series(self.people.index.isin(dead), index=self.people.index)
        return pressed | {"frequency": often, "decay": decay(self.people["first"], self.lost(), bounced, self.before)}

    def lost(self) -> pd.Series[Any]:
        """Return when each mailbox first complained, unsubscribed or bounced hard; missing where it did not."""
        return self.left.groupby("mailbox")["at"].min().reindex(self.people.index)

    def too_often(self) -> pd.Index[Any]:
        """Return the mailboxes that were sent more campaigns in a month than our cap allows."""
        return self.people.index[self.people["month"] > CAP]

    def tired(self) -> pd.Index[Any]:
        """Return the mailboxes whose last messages brought no reaction by a person."""
        return self.people.index[self.people["unanswered"] >= FATIGUE]

    def who(self, kind: EventKind) -> pd.Series[Any]:
        """Return the mailboxes that complained or unsubscribed in the last year."""
        lately = ~(self.left["at"] < self.before - pd.Timedelta(days=YEAR_DAYS))
        return self.left.loc[(self.left["kind"] == kind) & lately, "mailbox"]

    def engagement(self, mailboxes: pd.Series[Any], untracked: pd.Series[Any]) -> pd.Series[Any]:
        """Return the band of `segmentation.ENGAGEMENT` of each mailbox."""
        return self.history.engagement(mailboxes, self.before, untracked)

    @property
    def history(self) -> History:
        """When each mailbox last got mail and last reacted."""
        frames = {"received": "last", "human": "human", "unjudged": "unjudged"}
        return History(**{name: _moments_of(self.people, column) for name, column in frames.items()})

    def _share(self, rate: Rate) -> Value:
        numerator, denominator = (float(self.pressure[f"{rate}_{Counts.ALL}_{part}"].sum()) for part in "nd")
        if not denominator:
            return Value(NaN)
        found = wilson(numerator, denominator)
        return Value(numerator / denominator, float(found.lower), float(found.upper))


def prepared(events: AnyFrame) -> Frame:
    """Return events with the mailboxes that their addresses mean, and nothing that scoring does not look at.

    Many moments and campaigns are looked back from (`Health.history`, `sunset`), and this is done once for all of them.
    """
    rows = keyed(events, "events")
    has = rows.collect_schema().names()
    return rows.select(*(name for name in _LOOKED_AT if name in has))


def _totals(messages: Frame, by: str, columns: list[str]) -> pd.DataFrame:
    sums = messages.group_by(by).agg(*(nw.col(name).sum() for name in columns))
    return gathered(sums).set_index(by)


def _left(rows: Frame) -> pd.DataFrame:
    has = rows.collect_schema().names()
    at = nw.col("at") if "at" in has else nw.lit(None, dtype=nw.Datetime("us"))
    bounce = nw.col("bounce_type") if "bounce_type" in has else nw.lit(None, dtype=nw.String)
    told = rows.select("kind", nw.col(_MAILBOX).alias("mailbox"), at.alias("at"), bounce.alias("bounce"))
    dead = (nw.col("kind") == BOUNCED) & (nw.col("bounce") == str(BounceType.HARD)).fill_null(False)
    gone = told.filter(nw.col("kind").is_in(_LEFT) | dead).group_by("kind", "mailbox").agg(nw.col("at").min())
    frame = gathered(gone)
    return frame.assign(at=moments(frame["at"]))


def _moments_of(people: pd.DataFrame, column: str) -> pd.DataFrame:
    known = people[column].dropna()
    return known.rename("at").rename_axis("mailbox").reset_index()
