"""How many messages got how far: sent, delivered, opened, clicked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from bulkkit.charts import numerals, style
from bulkkit.charts.shares import Band, bands
from bulkkit.vocabulary import Rate

_COLUMNS: Final = 3
_STAGES: Final = 4
_ROW: Final = 34
_HEAD: Final = 34
_ROOM: Final = 1.9
_COUNTED: Final = "People, each once. Full colour: known to be people; pale: machines included."


@dataclass(frozen=True, slots=True)
class Stage:
    """How many reached one stage: people only, everything, and out of how many it could be seen."""

    name: str
    floor: float
    ceiling: float
    seen: float

    @property
    def most(self) -> float:
        """The larger of floor and ceiling; NaN where neither is known."""
        known = [number for number in (self.floor, self.ceiling) if numerals.is_known(number)]
        return max(known, default=float("nan"))

    def written(self) -> str:
        """Return the number that stands beside the bar."""
        if not numerals.is_known(self.most):
            return numerals.UNKNOWN
        if not numerals.is_known(self.floor):
            return f"≤ {numerals.count(self.ceiling)}"
        if numerals.is_known(self.ceiling) and self.ceiling != self.floor:
            return f"{numerals.count(min(self.floor, self.ceiling))} to {numerals.count(self.most)}"
        return numerals.count(self.floor)


def funnel(rates: pd.DataFrame) -> go.Figure:
    """Draw how many messages were sent and delivered, and how many people opened and clicked.

    Parameters
    ----------
    rates
        A rates frame (`bulkkit.rates`) for one campaign or several: sent is the denominator of `bounced`,
        delivered that of `unsubscribed`, opened and clicked are the numerators of their rates.

    Returns
    -------
    plotly.graph_objects.Figure
        One panel for each group; opened and clicked as a range from people only to everything. What the
        frame does not say is written as unknown.

    Raises
    ------
    InputError
        The frame has no column `rate`, `counts` or `value`.
    """
    passages = {name: stages(shares) for name, shares in bands(rates).items()}
    if not passages:
        return style.sentence("There is nothing to draw: the rates frame is empty.")
    columns = min(_COLUMNS, len(passages))
    lines = math.ceil(len(passages) / columns)
    panels = [
        _Panel(place, name if len(passages) > 1 else "", passage, columns, lines)
        for place, (name, passage) in enumerate(passages.items())
    ]
    chart = style.figure([bars for panel in panels for bars in panel.traces()])
    chart.update_layout(
        barmode="overlay", bargap=0.4, annotations=[note for panel in panels for note in panel.notes()],
        **{name: axis for panel in panels for name, axis in panel.axes().items()},
    )  # fmt: skip
    return style.titled(chart, _finding(passages), _counted(passages), lines * _height(len(passages)), foot=16)


def stages(shares: Mapping[str, Band]) -> list[Stage]:
    """Return sent, delivered, opened and clicked of one group's rates."""
    return [
        _whole("Sent", sent_of(shares)),
        _whole("Delivered", delivered_of(shares)),
        _part("Opened", shares.get(Rate.OPENED)),
        _part("Clicked", shares.get(Rate.CLICKED)),
    ]


def sent_of(shares: Mapping[str, Band]) -> float:
    """Return how many messages were sent: what the bounce rates stand on."""
    return _denominator(shares, (Rate.BOUNCED, Rate.HARD_BOUNCED, Rate.SOFT_BOUNCED))


def delivered_of(shares: Mapping[str, Band]) -> float:
    """Return how many messages were delivered: what unsubscribes stand on, else what was sent and did not bounce."""
    known = _denominator(shares, (Rate.UNSUBSCRIBED,))
    bounced = shares.get(Rate.BOUNCED)
    if numerals.is_known(known) or bounced is None or bounced.ceiling is None:
        return known
    return sent_of(shares) - bounced.ceiling.numerator


def arrival(sent: Any, delivered: Any) -> str:
    """Return in words how many of the messages were delivered."""
    if not numerals.is_known(delivered):
        return "How many messages were delivered is unknown"
    if not numerals.is_known(sent):
        return f"{numerals.plural(delivered, 'message')} {numerals.were(delivered)} delivered"
    if delivered == sent:
        return f"All {numerals.count(sent)} messages were delivered" if sent > 1 else "The one message was delivered"
    if delivered == 0:
        return f"None of {numerals.plural(sent, 'message')} was delivered"
    return f"{numerals.count(delivered)} of {numerals.plural(sent, 'message')} {numerals.were(delivered)} delivered"


def _denominator(shares: Mapping[str, Band], rates: tuple[Rate, ...]) -> float:
    found = (shares[rate].denominator for rate in rates if rate in shares)
    return next((number for number in found if numerals.is_known(number)), float("nan"))


def _whole(name: str, number: float) -> Stage:
    return Stage(name, number, number, number)


def _part(name: str, band: Band | None) -> Stage:
    unknown = float("nan")
    if band is None:
        return Stage(name, unknown, unknown, unknown)
    floor, ceiling = (share.numerator if share is not None else unknown for share in (band.floor, band.ceiling))
    return Stage(name, ceiling if band.floor is None else floor, ceiling, band.denominator)


def _height(panels: int) -> int:
    return _STAGES * _ROW + (_HEAD if panels > 1 else 0)


@dataclass(frozen=True, slots=True)
class _Panel:
    """One group's passage, and where its panel stands in the grid."""

    place: int
    name: str
    passage: list[Stage]
    columns: int
    lines: int

    @property
    def suffix(self) -> str:
        return "" if self.place == 0 else str(self.place + 1)

    @property
    def corner(self) -> tuple[float, float]:
        """The upper left corner of the bars, below the name."""
        row, column = divmod(self.place, self.columns)
        head = _HEAD / (self.lines * _height(2)) if self.name else 0
        return column / self.columns, 1 - row / self.lines - head

    def axes(self) -> dict[str, dict[str, Any]]:
        row, column = divmod(self.place, self.columns)
        left, top = self.corner
        wide, room = (0.97 / self.columns, _ROOM) if self.columns > 1 else (1.0, 1.35)
        widest = max((stage.most for stage in self.passage if numerals.is_known(stage.most)), default=1) or 1
        rows = style.rows_axis([stage.name if column == 0 else "" for stage in self.passage])
        return {
            f"xaxis{self.suffix}": {
                "domain": [left, left + wide], "anchor": f"y{self.suffix}",
                "visible": False, "range": [0, widest * room],
            },
            f"yaxis{self.suffix}": rows
            | {
                "domain": [1 - (row + 1) / self.lines, top], "anchor": f"x{self.suffix}",
                "tickfont": {"color": style.INK},
            },
        }  # fmt: skip

    def traces(self) -> list[go.Bar]:
        most, floors = [stage.most for stage in self.passage], [stage.floor for stage in self.passage]
        return [
            _bars(numbers, colour, self.name, self.passage, self.suffix)
            for colour, numbers in ((style.PALE, most), (style.BLUE, floors))
        ]

    def notes(self) -> list[dict[str, Any]]:
        left, top = self.corner
        heading = {
            "text": f"<b>{style.label(self.name)}</b>", "x": left, "y": top, "xref": "paper", "yref": "paper",
            "xanchor": "left", "yanchor": "bottom",
        }  # fmt: skip
        delivered = self.passage[1].floor
        numbers = [_note(stage, delivered, row, self.suffix) for row, stage in enumerate(self.passage)]
        return [heading, *numbers] if self.name else numbers


def _bars(numbers: list[float], colour: str, name: str, passage: list[Stage], suffix: str) -> go.Bar:
    said = [
        style.hover(name or stage.name, f"{stage.name}: {stage.written()}", f"out of n = {numerals.count(stage.seen)}")
        for stage in passage
    ]
    lengths = [number if numerals.is_known(number) else 0 for number in numbers]
    return go.Bar(
        x=lengths, y=list(range(len(passage))), orientation="h", marker={"color": colour}, hoverinfo="text",
        hovertext=said, xaxis=f"x{suffix}", yaxis=f"y{suffix}",
    )  # fmt: skip


def _note(stage: Stage, delivered: float, row: int, suffix: str) -> dict[str, Any]:
    tracked = row >= 2 and numerals.is_known(stage.seen) and stage.seen < delivered
    whole = f" <span style='color:{style.MUTED}'>of {numerals.count(stage.seen)} tracked</span>" if tracked else ""
    return {
        "text": f"<b>{stage.written()}</b>{whole}", "x": stage.most if numerals.is_known(stage.most) else 0, "y": row,
        "xref": f"x{suffix}", "yref": f"y{suffix}", "xanchor": "left", "xshift": 6,
    }  # fmt: skip


def _finding(passages: Mapping[str, list[Stage]]) -> str:
    if len(passages) > 1:
        clicked = {name: passage[3].floor for name, passage in passages.items() if numerals.is_known(passage[3].floor)}
        if not clicked:
            return f"{len(passages)} campaigns, from sent to clicked"
        most = max(clicked, key=clicked.__getitem__)
        return f"{style.label(most)} brought the most people to click: {numerals.count(clicked[most])}"
    ((sent, delivered, _, clicked_),) = passages.values()
    return f"{arrival(sent.floor, delivered.floor)}; {_clickers(clicked_)}"


def _clickers(clicked: Stage) -> str:
    if not numerals.is_known(clicked.most):
        return "how many clicked is unknown"
    return f"{clicked.written()} {'person' if clicked.most == 1 else 'people'} clicked"


def _counted(passages: Mapping[str, list[Stage]]) -> str:
    ranges = any(stage.floor != stage.ceiling for passage in passages.values() for stage in passage[2:])
    return _COUNTED if ranges else "People, each once."
