"""When each campaign began, and whether the events tell of what was before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import narwhals as nw
import pandas as pd

from bulkkit.outcomes import KEY, Frame, Knowledge, gathered
from bulkkit.segmentation import moments
from bulkkit.segmentation.responses import REACTED, RECEIVED

_STARTS: Final = ("claimed_at", "finished_at", "queued_at")


@dataclass(frozen=True, slots=True)
class Beginning:
    """When a campaign's first message went out (missing if nothing says so), and whether the events before it tell.

    They tell of people if anything was sent before, or nobody reacted to anything before.
    """

    start: pd.Timestamp
    tells: bool

    def at(self, dtype: Any) -> datetime | None:
        """Return the start as moments of a column are written; None if it is not known."""
        if pd.isna(self.start):
            return None
        zone = getattr(dtype, "time_zone", None)
        moment = self.start.tz_localize(None) if zone is None else self.start.tz_convert(zone)
        return moment.to_pydatetime(warn=False)


def with_moments(events: Frame, sends: Frame | None) -> tuple[Frame, Frame | None]:
    """Return events with moments as such; where they are text that is read in pandas, and so the sends go there too."""
    dtype = events.collect_schema().get("at")
    if dtype is None or isinstance(dtype, nw.Datetime):
        return events, sends
    told = gathered(events)
    written = None if sends is None else nw.from_native(gathered(sends)).lazy()
    return nw.from_native(told.assign(at=moments(told["at"]))).lazy(), written


def beginnings(knowledge: Knowledge, sends: Frame | None, campaigns: Sequence[str]) -> dict[str, Beginning]:
    """Return when each campaign's first message went out, from its events, or else from its sends."""
    received, human = _firsts(knowledge)
    starts: dict[Any, Any] = dict(received.dropna())
    for name in _STARTS if sends is not None else ():
        starts = _first(sends, name, campaigns) | starts
    return {name: _beginning(starts.get(name, pd.NaT), received.min(), human.min()) for name in campaigns}


def _beginning(start: Any, received: Any, human: Any) -> Beginning:
    return Beginning(start, bool(received < start) or not bool(human < start))


def _firsts(knowledge: Knowledge) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Return when each campaign's first mail was received, and when people first reacted."""
    seen = knowledge.firsts
    if seen is None:
        return pd.Series(dtype="datetime64[ns, UTC]"), pd.Series(dtype="datetime64[ns, UTC]")
    at = moments(seen["at"])
    received, human = seen["kind"].isin(RECEIVED), seen["kind"].isin(REACTED) & seen["human"].astype(bool)
    return at[received].groupby(seen[KEY[0]]).min(), at[human]


def _first(sends: Frame | None, column: str, campaigns: Sequence[str]) -> dict[Any, Any]:
    if sends is None or column not in sends.collect_schema().names():
        return {}
    first = sends.filter(nw.col(KEY[0]).is_in(list(campaigns))).group_by(KEY[0]).agg(nw.col(column).min())
    return dict(moments(gathered(first).set_index(KEY[0])[column]).dropna())
