"""How long people take: the share that had opened and clicked after so many hours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from bulkkit.charts import numerals, style
from bulkkit.charts.shares import in_order, wording
from bulkkit.frames import require
from bulkkit.vocabulary import Counts, Rate

_PANEL: Final = 170
_HEAD: Final = 30
_MOST_POINTS: Final = 160
_EARLIEST: Final = 1 / 12
_LEFT: Final = 0.1
"""Room for half of the first label."""

_TICKS: Final = {
    1 / 12: "5 min", 0.5: "30 min", 1: "1 h", 3: "3 h", 6: "6 h", 12: "12 h", 24: "1 day", 48: "2 days", 96: "4 days",
    168: "1 week", 336: "2 weeks",
}  # fmt: skip
_NEEDED: Final = ("campaign", "rate", "counts", "hours", "value", "lower", "upper", "n")


def waiting(curves: pd.DataFrame, highlight: str | None = None) -> go.Figure:
    """Draw which share of the people had opened and clicked after so many hours since delivery.

    Parameters
    ----------
    curves
        What `bulkkit.waiting.waiting` returned: `campaign, rate, counts, hours, value, lower, upper, n`.
    highlight
        The campaign to be shown in colour, the others in grey; by default the last one.

    Returns
    -------
    plotly.graph_objects.Figure
        A panel for each rate, the hours on a logarithmic scale; thick: known to be people, with its 95 % interval;
        thin: machines included.

    Raises
    ------
    InputError
        A column is missing.
    """
    require(curves, _NEEDED, "the frame of waiting times")
    if curves.empty:
        return style.sentence("There is nothing to draw: no source tells when somebody opened or clicked.")
    names = [str(name) for name in dict.fromkeys(curves["campaign"])]
    chosen = highlight if highlight is not None and highlight in names else names[-1]
    rates = in_order(set(curves["rate"]))
    chart = style.figure()
    for place, rate in enumerate(rates):
        _draw(chart, _Panel(rate, place, len(rates)), curves[curves["rate"] == rate], chosen)
    told = "Hours since delivery, on a logarithmic scale. Thick: known to be people, with its 95 % interval; thin: "
    told += "machines included. People who cannot be seen are left out."
    chart.update_layout(margin={"r": 64})
    return style.titled(
        chart, _finding(curves[curves["campaign"] == chosen], chosen, len(names)), told, _PANEL * len(rates)
    )


@dataclass(frozen=True, slots=True)
class _Panel:
    """One rate's panel: which of how many, from the top."""

    rate: str
    place: int
    panels: int

    @property
    def suffix(self) -> str:
        return "" if self.place == 0 else str(self.place + 1)

    def axes(self, top: float, longest: float) -> dict[str, dict[str, Any]]:
        upper, lower = 1 - self.place / self.panels, 1 - (self.place + 1) / self.panels
        last = self.place == self.panels - 1
        ticks = {hours: text for hours, text in _TICKS.items() if hours <= longest * 1.3}
        return {
            f"yaxis{self.suffix}": {
                "domain": [lower + (0 if last else 0.06), upper - _HEAD / (_PANEL * self.panels)], "side": "right",
                "anchor": f"x{self.suffix}", "range": [0, top * 1.06], "nticks": 4,
                "tickformat": ".0%" if top > 0.05 else ".1%",
            },
            f"xaxis{self.suffix}": {
                "type": "log", "anchor": f"y{self.suffix}", "tickvals": list(ticks), "ticktext": list(ticks.values()),
                "range": [np.log10(_EARLIEST) - _LEFT, np.log10(max(longest, 1) * 1.15)], "showticklabels": last,
                "showline": True, "linecolor": style.QUIET, "tickangle": 0,
            },
        }  # fmt: skip


def _draw(chart: go.Figure, panel: _Panel, curves: pd.DataFrame, chosen: str) -> None:
    axes = {"xaxis": f"x{panel.suffix}", "yaxis": f"y{panel.suffix}"}
    groups = curves.groupby(["campaign", "counts"], sort=False)
    for (name, counts), curve in sorted(groups, key=lambda group: (group[0][0] == chosen, group[0][1] == Counts.HUMAN)):
        if name != chosen and counts == Counts.ALL:
            continue
        if name == chosen and counts == Counts.HUMAN:
            chart.add_trace(_band(_thinned(curve)).update(axes))
        chart.add_trace(_line(_thinned(curve), str(name), str(counts), name == chosen).update(axes))
    top, longest = float(curves["value"].max()), float(curves["hours"].max())
    chart.update_layout(panel.axes(top, longest))
    words = wording(panel.rate)
    chart.add_annotation(
        text=f"<b>{words.title}</b> <span style='color:{style.MUTED}'>{words.denominator}</span>", x=0, xref="paper",
        xanchor="left", y=1 - panel.place / panel.panels, yref="paper", yanchor="top",
    )  # fmt: skip


def _line(curve: pd.DataFrame, name: str, counts: str, chosen: bool) -> go.Scatter:
    people = counts == Counts.HUMAN
    colour = (style.BLUE if people else style.SKY) if chosen else style.QUIET
    whose = "by people" if people else "machines included"
    said = [
        style.hover(
            f"{name}, {whose}: {numerals.percent(row.value)}",
            f"after {_span(row.hours)}",
            f"95 % interval {numerals.percent_range(row.lower, row.upper)}", f"n = {numerals.count(row.n)}",
        )
        for row in curve.itertuples()
    ]  # fmt: skip
    return go.Scatter(
        x=curve["hours"].clip(lower=_EARLIEST).tolist(), y=curve["value"].tolist(), mode="lines",
        name=f"{style.label(name)} {whose}",
        line={"shape": "hv", "color": colour, "width": 2.4 if chosen and people else 1.4},
        hovertext=said, hoverinfo="text",
    )  # fmt: skip


def _band(curve: pd.DataFrame) -> go.Scatter:
    hours = curve["hours"].clip(lower=_EARLIEST).tolist()
    return go.Scatter(
        x=[*hours, *hours[::-1]], y=[*curve["upper"], *curve["lower"][::-1]], mode="lines", fill="toself",
        fillcolor=style.PALE, line={"width": 0}, opacity=0.55, hoverinfo="skip",
    )  # fmt: skip


def _thinned(curve: pd.DataFrame) -> pd.DataFrame:
    """Return as many points of a curve as can be told apart."""
    if len(curve) <= _MOST_POINTS:
        return curve
    return curve.iloc[np.unique(np.linspace(0, len(curve) - 1, _MOST_POINTS).round().astype(int))]


def _finding(curves: pd.DataFrame, name: str, campaigns: int) -> str:
    rate = next((rate for rate in (Rate.CLICKED, Rate.OPENED) if (curves["rate"] == rate).any()), None)
    if rate is None:
        return f"When people reacted to {style.label(name)} is unknown"
    told = curves[curves["rate"] == rate]
    human = told[told["counts"] == Counts.HUMAN]
    curve = human if len(human) else told
    half = float(curve["hours"].to_numpy()[(curve["value"] >= curve["value"].iloc[-1] / 2).to_numpy()][0])
    whose = " by people" if len(human) else ""
    of = f" of {style.label(name)}" if campaigns > 1 else ""
    noun = "clicks" if rate == Rate.CLICKED else "opens"
    return f"Half of the {noun}{whose}{of} came within {_span(half)} of delivery"


def _span(hours: Any) -> str:
    return numerals.duration(pd.Timedelta(hours=float(hours)))
