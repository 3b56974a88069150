"""What the sources of a report's events can tell, and what they leave open: a blank is not a zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import pandas as pd

from bulkkit.charts.numerals import count, is_known, percent
from bulkkit.outcomes import NOT_TOLD, SILENT
from bulkkit.vocabulary import EventKind

_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ledger": "the sender’s own ledger",
        "tracker": "bulkkit’s tracker",
        "dsn": "bounce mails",
        "arf": "complaint mails",
        NOT_TOLD: "a source without a name",
    }
)
_SPOKEN: Final[Mapping[str, str]] = MappingProxyType(
    {
        EventKind.SENT: "sent",
        EventKind.DELIVERED: "delivered",
        EventKind.BOUNCED: "bounced",
        EventKind.OPENED: "opened",
        EventKind.CLICKED: "clicked",
        EventKind.UNSUBSCRIBED: "unsubscribed",
        EventKind.COMPLAINED: "complained",
    }
)
_REACTIONS: Final = (str(EventKind.OPENED), str(EventKind.CLICKED))


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source: how many events it has of the campaign, what they tell, what it leaves open, and until when."""

    name: str
    events: str
    tells: str
    leaves_open: str
    until: str


def source_rows(events: pd.DataFrame) -> list[SourceRow]:
    """Return a row for each source of a campaign's events, the one with the most events first."""
    sources = events["source"].astype("str").fillna(NOT_TOLD)
    return [_row(str(name), events[sources == name]) for name in sources.value_counts().index]


def _row(name: str, events: pd.DataFrame) -> SourceRow:
    kinds = events["kind"].value_counts()
    tells = [f"{spoken} ({count(kinds[kind])})" for kind, spoken in _SPOKEN.items() if kind in kinds]
    last = events["at"].max()
    return SourceRow(
        name=_NAMES.get(name, name),
        events=count(len(events)),
        tells=", ".join(tells) or "nothing that a rate counts",
        leaves_open="; ".join(_open(name, events)) or "–",
        until=f"{last:%Y-%m-%d %H:%M}" if is_known(last) else "no event has a time",
    )


def _open(name: str, events: pd.DataFrame) -> list[str]:
    """Return what a source cannot tell, or did not tell of some events."""
    cannot = [_SPOKEN[kind] for kind, silent in SILENT.items() if name in silent]
    said = [f"cannot tell who {' or '.join(cannot)}"] if cannot else []
    reactions = events[events["kind"].isin(_REACTIONS)]
    unjudged = _share(reactions["machine"].isna())
    if unjudged:
        said.append(f"{percent(unjudged)} of its opens and clicks judged neither people’s nor machines’")
    untyped = _share(events.loc[events["kind"] == EventKind.BOUNCED, "bounce_type"].isna())
    if untyped:
        said.append(f"{percent(untyped)} of its bounces neither hard nor soft")
    undated = int(events["at"].isna().sum())
    return [*said, f"{count(undated)} events without a time"] if undated else said


def _share(flags: pd.Series[Any]) -> float:
    return float(flags.mean()) if len(flags) else 0.0
