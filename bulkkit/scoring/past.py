"""What the events tell of the people on any list: worked out once, and asked for each part of a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw
import pandas as pd
from narwhals.typing import IntoFrame

from bulkkit.benchmarks import NaN
from bulkkit.errors import InputError
from bulkkit.expectations import BASELINE, Prior
from bulkkit.metrics import rates
from bulkkit.outcomes import KEY, Frame, keyed
from bulkkit.segmentation import History
from bulkkit.vocabulary import EventKind, Rate

PRESSURE_DAYS: Final = 365
CAP_DAYS: Final = 30
CAP: Final = 2
"""bulkkit's own frequency cap: two campaigns in 30 days."""

_LEFT: Final = (str(EventKind.COMPLAINED), str(EventKind.UNSUBSCRIBED))


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What the events before a moment tell.

    Attributes
    ----------
    history
        When each mailbox last got mail and last reacted.
    rates
        The rates of the campaigns of the last year.
    mailed
        How many campaigns each mailbox was sent in the last month.
    left
        Who complained and who unsubscribed in the last year: columns `kind, mailbox`.
    dated
        Whether any message has a time.
    """

    before: pd.Timestamp
    history: History
    rates: pd.DataFrame
    mailed: pd.Series[Any]
    left: pd.DataFrame
    dated: bool

    @classmethod
    def of(cls, events: IntoFrame, before: pd.Timestamp) -> Past:
        """Take from events of any frame library what scoring needs."""
        rows, history = keyed(events, "events"), History.of(events)
        year, month = (_between(rows, before - pd.Timedelta(days=days), before) for days in (PRESSURE_DAYS, CAP_DAYS))
        received = month.filter(nw.col("kind").is_in([str(EventKind.SENT), str(EventKind.DELIVERED)]))
        messages: pd.DataFrame = received.select(*KEY).unique().collect("pandas").to_native()
        gone = year.filter(nw.col("kind").is_in(_LEFT)).select("kind", nw.col(KEY[1]).alias("mailbox")).unique()
        left: pd.DataFrame = gone.collect("pandas").to_native()
        dated = bool(history.received["at"].notna().any())
        return cls(before, history.latest(before), rates(year), messages[KEY[1]].value_counts(), left, dated)

    def baseline(self) -> Prior:
        """Return the bounce rate that these campaigns teach to expect."""
        table = self._known(Rate.BOUNCED)
        return BASELINE.updated(table["numerator"], table["denominator"]) if len(table) else BASELINE

    def pressure(self) -> dict[str, float]:
        """Return complaints, unsubscribes and frequency; missing where no source tells."""
        return {
            "complaints": self._overall(Rate.COMPLAINED),
            "unsubscribes": self._overall(Rate.UNSUBSCRIBED),
            "frequency": float(len(self.too_often()) / max(len(self.mailed), 1)) if self.dated else NaN,
        }

    def too_often(self) -> pd.Index[Any]:
        """Return the mailboxes that were sent more campaigns in a month than our cap allows."""
        return self.mailed.index[self.mailed > CAP]

    def who(self, kind: EventKind) -> pd.Series[Any]:
        """Return the mailboxes that complained or unsubscribed in the last year."""
        return self.left.loc[self.left["kind"] == kind, "mailbox"]

    def engagement(self, mailboxes: pd.Series[Any], untracked: pd.Series[Any]) -> pd.Series[Any]:
        """Return the band of `segmentation.ENGAGEMENT` of each mailbox."""
        return self.history.engagement(mailboxes, self.before, untracked)

    def _overall(self, rate: Rate) -> float:
        table = self._known(rate)
        return float(table["numerator"].sum() / table["denominator"].sum()) if len(table) else NaN

    def _known(self, rate: Rate) -> pd.DataFrame:
        chosen = (self.rates["rate"] == rate) & self.rates["value"].notna()
        return self.rates.loc[chosen, ["numerator", "denominator"]].astype(float)


def _between(rows: Frame, since: pd.Timestamp, before: pd.Timestamp) -> Frame:
    """Return the events of a span of time; all of them where they have no times."""
    kind = rows.collect_schema().get("at")
    if kind is None:
        return rows
    if not isinstance(kind, nw.Datetime):
        raise InputError("The events' column at holds no moments; make them with pd.to_datetime(…, utc=True).")
    if kind.time_zone is None:
        since, before = since.tz_localize(None), before.tz_localize(None)
    at = nw.col("at")
    return rows.filter((at >= since.to_pydatetime(warn=False)) & (at < before.to_pydatetime(warn=False)))
