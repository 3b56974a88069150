"""What happened when: events in bins of time, one strip for each kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import narwhals as nw
import pandas as pd
import plotly.graph_objects as go

from bulkkit.charts import numerals, style
from bulkkit.frames import require
from bulkkit.vocabulary import EventKind

_STRIPS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        EventKind.SENT: ("Sent", style.MUTED),
        EventKind.DELIVERED: ("Delivered", style.GREEN),
        EventKind.OPENED: ("Opened", style.SKY),
        EventKind.CLICKED: ("Clicked", style.BLUE),
        EventKind.BOUNCED: ("Bounced", style.VERMILION),
        EventKind.UNSUBSCRIBED: ("Unsubscribed", style.ORANGE),
        EventKind.COMPLAINED: ("Complained", style.PURPLE),
    }
)
"""The kinds that are drawn, from top to bottom, with their colours."""

_BINS: Final = tuple(
    (pd.Timedelta(size), name)
    for size, name in (
        ("1min", "a minute"), ("5min", "5 minutes"), ("15min", "15 minutes"), ("1h", "an hour"),
        ("3h", "3 hours"), ("12h", "12 hours"), ("1D", "a day"), ("7D", "a week"), ("28D", "4 weeks"),
    )
)  # fmt: skip
_MOST_BINS: Final = 120
_STRIP: Final = 74
_LABEL: Final = 0.36


def timeline(events: Any) -> go.Figure:
    """Draw how many messages were sent, delivered, opened, clicked and bounced over time.

    Parameters
    ----------
    events
        An events frame (pandas, or any that Narwhals knows) with the columns `at` (UTC) and `kind`; `machine`,
        where there, parts people's opens and clicks (dark) from machines' and unjudged ones (light).

    Returns
    -------
    plotly.graph_objects.Figure
        One strip for each kind that occurs, each with its own scale; bins from a minute to four weeks by the
        span. Events without a time are named in the subtitle and not drawn.

    Raises
    ------
    InputError
        The frame has no column `at` or `kind`.
    """
    told = _told(events)
    dated = told.loc[told["at"].notna()]
    if dated.empty:
        return style.sentence("There is no event to draw: none has a time and a kind that is shown over time.")
    size, name = _bin(dated["at"].max() - dated["at"].min())
    strips = [
        _Strip(kind, dated.loc[dated["kind"].eq(kind)], size, name) for kind in _STRIPS if dated["kind"].eq(kind).any()
    ]
    chart = style.figure()
    for place, strip in enumerate(strips):
        _draw(chart, strip, place, len(strips))
    first = pd.Timestamp(dated["at"].min())
    chart.update_layout(barmode="stack", bargap=0, margin={"r": 64})
    chart.update_layout({f"xaxis{len(strips) if len(strips) > 1 else ''}": _clock(first)})
    return style.titled(chart, _finding(strips), _counted(name, told, strips), _STRIP * len(strips), foot=56)


@dataclass(frozen=True, slots=True)
class _Strip:
    """The events of one kind."""

    kind: str
    events: pd.DataFrame
    bin: pd.Timedelta
    bin_name: str

    @property
    def parted(self) -> bool:
        """Whether machines can have a part in it."""
        return self.kind in (EventKind.OPENED, EventKind.CLICKED)

    @property
    def human(self) -> pd.Series[Any]:
        """Which events are known to be people's."""
        return self.events["machine"].eq(False).fillna(False).astype("bool")

    @property
    def judged(self) -> bool:
        """Whether some events are known to be people's."""
        return self.parted and bool(self.human.any())

    def half(self) -> pd.Timestamp:
        """Return when half of the events had happened: people's where they are known, else all."""
        times = self.events.loc[self.human, "at"] if self.judged else self.events["at"]
        return pd.Timestamp(times.sort_values().iloc[(len(times) - 1) // 2])

    def bars(self) -> list[go.Bar]:
        title, colour = _STRIPS[self.kind]
        human = self.human
        if not self.judged or human.all():
            return [self._bar(self.events["at"], title, colour, 1.0)]
        return [
            self._bar(self.events.loc[human, "at"], f"{title} by people", colour, 1.0),
            self._bar(self.events.loc[~human, "at"], f"{title} by machines, or by whom is not known", colour, 0.35),
        ]

    def _bar(self, times: pd.Series[Any], title: str, colour: str, opacity: float) -> go.Bar:
        bins = times.dt.floor(self.bin).value_counts().sort_index()
        starts = pd.DatetimeIndex(bins.index).tz_localize(None)
        return go.Bar(
            x=starts + self.bin / 2, y=bins.to_numpy(), width=self.bin.total_seconds() * 1000 * 0.92, name=title,
            marker={"color": colour, "opacity": opacity, "line": {"width": 0}}, hoverinfo="text",
            hovertext=[
                style.hover(f"{title}: {numerals.count(number)}", f"{self.bin_name} from {start:%Y-%m-%d %H:%M} UTC")
                for start, number in zip(starts, bins, strict=True)
            ],
        )  # fmt: skip


def _told(events: Any) -> pd.DataFrame:
    frame = nw.from_native(events)
    names = frame.collect_schema().names()
    require(pd.DataFrame(columns=names), ("at", "kind"), "the events frame")
    wanted = [name for name in ("at", "kind", "campaign", "machine") if name in names]
    kept = frame.select(wanted).filter(nw.col("kind").is_in([str(kind) for kind in _STRIPS]))
    told = pd.DataFrame(kept.lazy().collect("pandas").to_native())
    machine = told["machine"].astype("boolean") if "machine" in told else pd.Series(pd.NA, told.index, dtype="boolean")
    return told.assign(at=pd.to_datetime(told["at"], utc=True), machine=machine)


def _bin(span: pd.Timedelta) -> tuple[pd.Timedelta, str]:
    return next((found for found in _BINS if span / found[0] <= _MOST_BINS), _BINS[-1])


def _draw(chart: go.Figure, strip: _Strip, place: int, strips: int) -> None:
    suffix = "" if place == 0 else str(place + 1)
    top, bottom = 1 - place / strips, 1 - (place + 1) / strips
    axes = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
    bars = strip.bars()
    chart.add_traces([bar.update(axes) for bar in bars])
    highest = max(_stacked(bars).max(), 1)
    chart.update_layout(
        {
            f"yaxis{suffix}": {
                "domain": [bottom, top - _LABEL / strips], "anchor": f"x{suffix}",
                "range": [0, highest * 1.05], "tickvals": [int(highest)], "ticktext": [numerals.count(highest)],
                "side": "right", "showgrid": True, "ticklabelstandoff": 4,
            },
            f"xaxis{suffix}": {
                "anchor": f"y{suffix}", "showticklabels": False, "showline": True, "linecolor": style.QUIET,
            } | ({"matches": "x"} if place else {}),
        }
    )  # fmt: skip
    chart.add_annotation(
        text=f"<b>{_STRIPS[strip.kind][0]}</b> {numerals.count(len(strip.events))}",
        x=0, xref="paper", xanchor="left", y=top - _LABEL / strips, yref="paper", yanchor="bottom",
        yshift=2,
    )  # fmt: skip


def _stacked(bars: list[go.Bar]) -> pd.Series[Any]:
    heights = pd.concat([pd.Series(list(bar.y), index=list(bar.x)) for bar in bars])
    return heights.groupby(level=0).sum()


def _clock(first: pd.Timestamp) -> dict[str, Any]:
    return {
        "showticklabels": True,
        "title": {"text": f"UTC, from {first.day} {first:%B %Y}"},
        "nticks": 9,
        "tickformatstops": [
            {"dtickrange": [None, 86_399_999], "value": "%H:%M\n%d %b"},
            {"dtickrange": [86_400_000, "M1"], "value": "%d %b"},
            {"dtickrange": ["M1", None], "value": "%b %Y"},
        ],
    }


def _finding(strips: list[_Strip]) -> str:
    """Return how soon half of the reactions came, where one campaign's start is known; else the totals."""
    kinds = {strip.kind: strip for strip in strips}
    start = next((kinds[kind] for kind in (EventKind.SENT, EventKind.DELIVERED) if kind in kinds), None)
    reacted = next((kinds[kind] for kind in (EventKind.CLICKED, EventKind.OPENED) if kind in kinds), None)
    if start is None or reacted is None or not _one_campaign(strips):
        said = ", ".join(f"{numerals.count(len(strip.events))} {_STRIPS[strip.kind][0].lower()}" for strip in strips)
        return said[:1].upper() + said[1:]
    after = numerals.duration(reacted.half() - start.events["at"].min())
    noun = "clicks" if reacted.kind == EventKind.CLICKED else "opens"
    whose = " by people" if reacted.judged else ""
    return f"Half of all {noun}{whose} came within {after} of the first message"


def _one_campaign(strips: list[_Strip]) -> bool:
    return len({name for strip in strips for name in strip.events.get("campaign", pd.Series(dtype="str"))}) <= 1


def _counted(bin_name: str, told: pd.DataFrame, strips: list[_Strip]) -> str:
    undated = int(told["at"].isna().sum())
    shades = " Full colour: people; pale: machines, or nobody knows." if any(len(s.bars()) == 2 for s in strips) else ""
    lost = f" {numerals.plural(undated, 'event')} without a time not drawn." if undated else ""
    return f"Events, not people, in bins of {bin_name}; each strip has its own scale.{shades}{lost}"
