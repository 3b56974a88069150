"""Rates side by side: a dot and its interval for each group, a panel for each rate, floor and ceiling as a range."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from bulkkit.charts import numerals, style
from bulkkit.charts.shares import Band, Share, bands, in_order, wording
from bulkkit.vocabulary import Rate

_COLUMNS: Final = 4
_ROOM_FOR_ONE: Final = 1.6
_ROOM_FOR_RANGE: Final = 2.3
_ROW: Final = 26
_HEAD: Final = 34
_FOOT: Final = 40
_GAP: Final = 0.04
_COUNTED: Final = (
    "Whiskers: 95 % interval. Filled dot: people only; hollow: machines included. Each panel has its own scale."
)


def rates(rates: pd.DataFrame, highlight: str | None = None) -> go.Figure:
    """Draw each rate of each group as a dot with its 95 % interval, one small panel for each rate.

    Parameters
    ----------
    rates
        A rates frame (`bulkkit.rates`): the columns by which it was grouped, then `rate, counts, numerator,
        denominator, value, lower, upper, verdict`; `value, lower, upper` are fractions.
    highlight
        The group (usually a campaign) to be shown in colour, the others in grey.

    Returns
    -------
    plotly.graph_objects.Figure
        Opens and clicks are a range from people only (filled dot) to everything (hollow dot). A rate without
        a value is written as unknown.

    Raises
    ------
    InputError
        The frame has no column `rate`, `counts` or `value`.
    """
    groups = bands(rates)
    if not groups:
        return style.sentence("There is no rate to draw: the rates frame is empty.")
    grid = _Grid(list(groups), in_order({rate for shares in groups.values() for rate in shares}), highlight)
    chart = style.figure()
    for place, rate in enumerate(grid.rates):
        panel = {name: shares[rate] for name, shares in groups.items() if rate in shares}
        _panel(chart, grid, place, panel, _heading(rate, groups))
    return style.titled(chart, _finding(groups, highlight), _COUNTED, grid.height, foot=12)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where each panel stands: columns of equal width, rows of equal height."""

    names: list[str]
    rates: list[str]
    highlight: str | None

    @property
    def columns(self) -> int:
        return min(_COLUMNS, len(self.rates))

    @property
    def panel_height(self) -> int:
        return _HEAD + max(_ROW * len(self.names), 34) + _FOOT

    @property
    def height(self) -> int:
        return math.ceil(len(self.rates) / self.columns) * self.panel_height

    def domains(self, place: int) -> tuple[list[float], list[float]]:
        row, column = divmod(place, self.columns)
        width = (1 - _GAP * (self.columns - 1)) / self.columns
        left = column * (width + _GAP)
        top = 1 - (row * self.panel_height + _HEAD) / self.height
        bottom = 1 - ((row + 1) * self.panel_height - _FOOT) / self.height
        return [left, min(left + width, 1)], [max(bottom, 0), top]

    def labels(self, place: int) -> list[str]:
        """Return the names of the rows, for the first panel of a line; one group alone needs no name."""
        if place % self.columns or len(self.names) == 1:
            return [""] * len(self.names)
        return [self._emphasised(name) for name in self.names]

    def _emphasised(self, name: str) -> str:
        shown = style.label(name)
        return f"<b style='color:{style.INK}'>{shown}</b>" if name == self.highlight else shown

    def colours(self, name: str) -> tuple[str, str]:
        chosen = self.highlight is None or name == self.highlight
        return (style.BLUE, style.PALE) if chosen else (style.QUIET, style.RULE)

    def ink(self, name: str) -> str:
        if self.highlight is None:
            return style.INK
        return style.BLUE if name == self.highlight else style.MUTED


def _panel(chart: go.Figure, grid: _Grid, place: int, panel: Mapping[str, Band], heading: str) -> None:
    suffix = "" if place == 0 else str(place + 1)
    across, upward = grid.domains(place)
    axis = style.rows_axis(grid.labels(place))
    chart.update_layout({f"yaxis{suffix}": {**axis, "domain": upward, "anchor": f"x{suffix}"}})
    chart.update_layout({f"xaxis{suffix}": {**_scale(panel), "domain": across, "anchor": f"y{suffix}"}})
    chart.add_annotation(
        text=heading, x=across[0], y=upward[1], xref="paper", yref="paper",
        xanchor="left", yanchor="bottom", yshift=4, align="left",
    )  # fmt: skip
    for row, name in enumerate(grid.names):
        if name in panel:
            chart.add_traces(_marks(name, row, panel[name], grid.colours(name), suffix))
            chart.add_annotation(_number(name, row, panel[name], grid.ink(name), suffix))


def _heading(rate: str, groups: Mapping[str, Mapping[str, Band]]) -> str:
    words = wording(rate)
    tracked = ", tracked" if _only_tracked(rate, groups.values()) else ""
    return f"<b>{style.text(words.title)}</b> <span style='color:{style.MUTED}'>{words.denominator}{tracked}</span>"


def _only_tracked(rate: str, groups: Iterable[Mapping[str, Band]]) -> bool:
    """Whether the rate stands on fewer people than were delivered to: those who may be tracked."""
    if rate not in (Rate.OPENED, Rate.CLICKED):
        return False
    pairs = [(shares.get(rate), shares.get(Rate.UNSUBSCRIBED)) for shares in groups]
    return any(some.denominator < whole.denominator for some, whole in pairs if some is not None and whole is not None)


def _scale(panel: Mapping[str, Band]) -> dict[str, Any]:
    if not any(band.known for band in panel.values()):
        return {"visible": False}
    ends = [end for band in panel.values() for share in band.known for end in (share.value, share.upper)]
    top = max((end for end in ends if numerals.is_known(end)), default=0.0) or 0.01
    ticks = (0.0, _round_number(top))
    room = _ROOM_FOR_RANGE if any(len(band.known) == 2 for band in panel.values()) else _ROOM_FOR_ONE
    return {
        "range": [-0.03 * top, top * room],
        "tickvals": ticks,
        "ticktext": [f"{tick * 100:.4g}\u00a0%" for tick in ticks],
        "tickangle": 0,
        "tickfont": {"size": 11},
        "showgrid": True,
    }


def _round_number(top: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is not above `top`."""
    size = 10.0 ** math.floor(math.log10(top))
    return max(factor * size for factor in (1, 2, 5) if factor * size <= top * 1.0001)


def _marks(name: str, row: int, band: Band, colours: tuple[str, str], suffix: str) -> list[go.Scatter]:
    axes = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}", "cliponaxis": False}
    known = band.known
    link = [_link(known, row, colours[1], axes)] if len(known) == 2 else []
    return [*link, *(_dot(name, row, share, band.is_ceiling(share), colours[0], axes) for share in known)]


def _link(known: Sequence[Share], row: int, colour: str, axes: Mapping[str, Any]) -> go.Scatter:
    line = {"color": colour, "width": 8}
    return go.Scatter(x=[s.value for s in known], y=[row, row], mode="lines", line=line, hoverinfo="skip", **axes)


def _dot(name: str, row: int, share: Share, hollow: bool, colour: str, axes: Mapping[str, Any]) -> go.Scatter:
    marker = {"size": 8, "color": "white" if hollow else colour, "line": {"color": colour, "width": 1.6}}
    return go.Scatter(
        x=[share.value], y=[row], mode="markers", marker=marker, name=style.text(name),
        error_x={
            "type": "data", "symmetric": False, "array": [share.upper - share.value],
            "arrayminus": [share.value - share.lower], "color": colour, "thickness": 1.3, "width": 0,
        },
        hovertext=hover(name, share.spoken(), share.verdict), hoverinfo="text", **axes,
    )  # fmt: skip


def _number(name: str, row: int, band: Band, colour: str, suffix: str) -> dict[str, Any]:
    spoken = "\n".join(share.spoken() for share in (band.floor, band.ceiling) if share is not None)
    return {
        "text": band.spoken().replace("at most", "≤"),
        "font": {"size": 12, "color": colour if band.known else style.MUTED},
        "x": 1, "xref": f"x{suffix} domain", "xanchor": "right", "y": row, "yref": f"y{suffix}", "yanchor": "middle",
        "hovertext": hover(name, spoken),
    }  # fmt: skip


def hover(name: str, *lines: str) -> str:
    """Return what a mark says when pointed at: the name in bold, then its lines, as literal text."""
    said = dict.fromkeys(part for line in lines for part in line.splitlines() if part)
    return "<br>".join([f"<b>{style.text(name)}</b>", *(style.text(part) for part in said)])


def _finding(groups: Mapping[str, Mapping[str, Band]], highlight: str | None) -> str:
    leading = in_order({rate for shares in groups.values() for rate in shares})
    rate = "clicked" if "clicked" in leading else leading[0]
    verb = wording(rate).verb
    said = {name: shares[rate] for name, shares in groups.items() if rate in shares}
    known = {name: band.known[0].value for name, band in said.items() if band.known}
    if not known:
        return f"How many {verb} is unknown"
    chosen = highlight if highlight in said else next(iter(said)) if len(said) == 1 else None
    if chosen is None:
        low, high = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
        return (
            f"{numerals.percent(known[high])} {verb} at the most ({style.label(high)}), "
            f"{numerals.percent(known[low])} at the least ({style.label(low)})"
        )
    return f"{style.label(chosen)}: {said[chosen].spoken()} {verb}" + _others(known, chosen)


def _others(known: Mapping[str, float], chosen: str) -> str:
    others = [value for name, value in known.items() if name != chosen]
    if not others:
        return ""
    if len(others) == 1:
        return f"; the other {numerals.percent(others[0])}"
    return f"; the others from {numerals.percent(min(others))} to {numerals.percent(max(others))}"
