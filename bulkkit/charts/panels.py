"""A grid of small panels, one for each rate, with a row for each group: dots, whiskers, and floor linked to ceiling."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go

from bulkkit.charts import numerals, style
from bulkkit.charts.shares import Band, Share

COLUMNS: Final = 4
_ROOM_FOR_ONE: Final = 1.6
_ROOM_FOR_RANGE: Final = 2.3
_ROW: Final = 26
_HEAD: Final = 34
_FOOT: Final = 40
_GAP: Final = 0.04


@dataclass(frozen=True, slots=True)
class Grid:
    """Where each panel stands: columns of equal width, rows of equal height."""

    names: list[str]
    rates: list[str]
    highlight: str | None
    most: int = COLUMNS

    @property
    def columns(self) -> int:
        """How many panels stand in a line."""
        return min(self.most, len(self.rates))

    @property
    def panel_height(self) -> int:
        """How high a panel is with its heading and its scale, in pixels."""
        return _HEAD + max(_ROW * len(self.names), 34) + _FOOT

    @property
    def height(self) -> int:
        """How high all panels are together, in pixels."""
        return math.ceil(len(self.rates) / self.columns) * self.panel_height

    def domains(self, place: int) -> tuple[list[float], list[float]]:
        """Return where a panel's rows stand, across and upward, as fractions of the whole."""
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

    def chosen(self, name: str) -> bool:
        """Whether a group is shown in colour."""
        return self.highlight is None or name == self.highlight

    def ink(self, name: str) -> str:
        """Return the colour in which a group's numbers are written."""
        if self.highlight is None:
            return style.INK
        return style.BLUE if name == self.highlight else style.MUTED


@dataclass(frozen=True, slots=True)
class Panel:
    """One rate: a row for each group that has it."""

    grid: Grid
    place: int
    bands: Mapping[str, Band]

    @property
    def suffix(self) -> str:
        """What plotly puts behind the names of this panel's axes."""
        return "" if self.place == 0 else str(self.place + 1)

    def axes(self) -> dict[str, dict[str, Any]]:
        """Return the panel's two axes."""
        across, upward = self.grid.domains(self.place)
        rows = style.rows_axis(self.grid.labels(self.place))
        return {
            f"xaxis{self.suffix}": {**_scale(self.bands), "domain": across, "anchor": f"y{self.suffix}"},
            f"yaxis{self.suffix}": {**rows, "domain": upward, "anchor": f"x{self.suffix}"},
        }

    def heading(self, text: str) -> dict[str, Any]:
        """Return the note above the panel."""
        across, upward = self.grid.domains(self.place)
        return {
            "text": text, "x": across[0], "y": upward[1], "xref": "paper", "yref": "paper",
            "xanchor": "left", "yanchor": "bottom", "yshift": 4, "align": "left",
        }  # fmt: skip

    def numbers(self) -> list[dict[str, Any]]:
        """Return the notes at the right that write down each group's rate."""
        return [
            _number(name, row, self.bands[name], self.grid.ink(name), self.suffix)
            for row, name in enumerate(self.grid.names)
            if name in self.bands
        ]

    def traces(self) -> list[go.Scatter]:
        """Return the links of floor and ceiling, then the dots, in grey before those in colour."""
        axes = {"xaxis": f"x{self.suffix}", "yaxis": f"y{self.suffix}", "cliponaxis": False}
        drawn = []
        for chosen, ink, pale in ((False, style.QUIET, style.RULE), (True, style.BLUE, style.PALE)):
            marks = [mark for mark in self._marks() if self.grid.chosen(mark.name) == chosen]
            filled, hollow = ([mark for mark in marks if mark.hollow == is_hollow] for is_hollow in (False, True))
            links = _links([mark for mark in marks if mark.linked], pale, axes)
            drawn += [links, _dots(filled, ink, ink, axes), _dots(hollow, style.PAPER, ink, axes)]
        return [trace for trace in drawn if len(trace.x)]

    def _marks(self) -> list[_Mark]:
        return [
            _Mark(name, row, share, self.bands[name].is_ceiling(share), len(self.bands[name].known) == 2)
            for row, name in enumerate(self.grid.names)
            if name in self.bands
            for share in self.bands[name].known
        ]


@dataclass(frozen=True, slots=True)
class _Mark:
    """One dot: whose, in which row, whether machines are counted in it, and whether it has a counterpart."""

    name: str
    row: int
    share: Share
    hollow: bool
    linked: bool


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


def _links(marks: Sequence[_Mark], colour: str, axes: Mapping[str, Any]) -> go.Scatter:
    """Return lines between floors and ceilings; a gap after each ceiling, which stands second."""
    ends: list[tuple[float | None, int | None]] = []
    for mark in marks:
        ends += [(mark.share.value, mark.row), (None, None)] if mark.hollow else [(mark.share.value, mark.row)]
    return go.Scatter(
        x=[x for x, _ in ends], y=[y for _, y in ends], mode="lines",
        line={"color": colour, "width": 8}, hoverinfo="skip", **axes,
    )  # fmt: skip


def _dots(marks: Sequence[_Mark], fill: str, colour: str, axes: Mapping[str, Any]) -> go.Scatter:
    shares = [mark.share for mark in marks]
    return go.Scatter(
        x=[share.value for share in shares], y=[mark.row for mark in marks], mode="markers",
        marker={"size": 8, "color": fill, "line": {"color": colour, "width": 1.6}},
        error_x={
            "type": "data", "symmetric": False, "array": [share.upper - share.value for share in shares],
            "arrayminus": [share.value - share.lower for share in shares],
            "color": colour, "thickness": 1.3, "width": 0,
        },
        hovertext=[style.hover(mark.name, mark.share.spoken(), mark.share.verdict) for mark in marks],
        hoverinfo="text", **axes,
    )  # fmt: skip


def _number(name: str, row: int, band: Band, colour: str, suffix: str) -> dict[str, Any]:
    spoken = "\n".join(share.spoken() for share in (band.floor, band.ceiling) if share is not None)
    return {
        "text": band.spoken().replace("at most", "≤"),
        "font": {"size": 12, "color": colour if band.known else style.MUTED},
        "x": 1, "xref": f"x{suffix} domain", "xanchor": "right", "y": row, "yref": f"y{suffix}", "yanchor": "middle",
        "hovertext": style.hover(name, spoken),
    }  # fmt: skip
