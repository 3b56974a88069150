"""How the charts look: their template, colours that colour-blind people tell apart, titles that say the finding."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from typing import Any, Final

import plotly.graph_objects as go
import plotly.io as pio

TEMPLATE: Final = "bulkkit"
"""The name under which the template is registered with plotly."""

BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
GREEN: Final = "#009E73"
VERMILION: Final = "#D55E00"
SKY: Final = "#56B4E9"
PURPLE: Final = "#CC79A7"
"""Okabe & Ito, Color Universal Design (2008): told apart with every common colour blindness."""

PAPER: Final = "#ffffff"
INK: Final = "#1b1f24"
MUTED: Final = "#5c6670"
QUIET: Final = "#9aa4af"
RULE: Final = "#e3e7eb"
TRACK: Final = "#eef1f4"
PALE: Final = "#a9cfe6"

FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', Arial, sans-serif"

MODEBAR_REMOVED: Final = ("sendChartToCloud", "select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d")
"""No button that uploads the chart, and none that does nothing useful here."""

_HEAD: Final = 82
_FIRST_LINE: Final = 34
_TITLE_SIZE: Final = 18
_SUBTITLE_SIZE: Final = 13
_TITLE_WIDTH: Final = 66
_SUBTITLE_WIDTH: Final = 88
_LABEL_WIDTH: Final = 30


def figure(traces: Sequence[Any] = ()) -> go.Figure:
    """Return a figure in bulkkit's template."""
    chart = go.Figure(data=list(traces))
    chart.update_layout(template=TEMPLATE)
    return chart


def titled(chart: go.Figure, finding: str, counted: str, body: float, foot: float = 40) -> go.Figure:
    """Give a figure its finding, a line on what is counted, and room for `body` pixels of drawing."""
    title, subtitle = _wrapped(finding, _TITLE_WIDTH), _wrapped(counted, _SUBTITLE_WIDTH)
    lines = title.count("<br>") * 24 + subtitle.count("<br>") * 18
    height = body + _HEAD + lines + foot
    chart.update_layout(
        title={"text": title, "subtitle": {"text": subtitle}, "y": 1 - _FIRST_LINE / height},
        margin={"t": _HEAD + lines, "b": foot},
        height=height,
    )
    return chart


def sentence(text: str) -> go.Figure:
    """Return a figure that says one sentence, for where there is nothing to draw."""
    chart = figure()
    chart.add_annotation(
        text=_wrapped(text, 90), x=0, y=0.5, xref="paper", yref="paper", xanchor="left", showarrow=False, align="left"
    )
    chart.update_layout(xaxis={"visible": False}, yaxis={"visible": False}, height=120, margin={"t": 20, "b": 20})
    chart.update_annotations(font={"size": 15, "color": MUTED})
    return chart


def text(value: Any) -> str:
    """Return a value as literal text: plotly reads a few HTML tags in labels, and names are other people's."""
    return html.escape(" ".join(str(value).split()), quote=False)


def label(value: Any, width: int = _LABEL_WIDTH) -> str:
    """Return a name short enough for an axis, as literal text."""
    name = " ".join(str(value).split())
    return text(name if len(name) <= width else name[: width - 1].rstrip() + "…")


def hover(name: Any, *lines: str) -> str:
    """Return what a mark says when pointed at: the name in bold, then its lines, as literal text."""
    said = dict.fromkeys(part for line in lines for part in line.splitlines() if part)
    return "<br>".join([f"<b>{text(name)}</b>", *(text(part) for part in said)])


def rows_axis(labels: Sequence[str]) -> dict[str, Any]:
    """Return a vertical axis with one named row for each label, the first on top."""
    places = list(range(len(labels)))
    return {
        "tickvals": places,
        "ticktext": list(labels),
        "range": [len(labels) - 0.5, -0.5],
        "showgrid": False,
        "zeroline": False,
        "automargin": True,
        "ticklabelstandoff": 8,
    }


def _wrapped(line: str, width: int) -> str:
    """Return a line in as few as fit, about equally long."""
    lines = _lines(line, width)
    # The narrowest width with as few lines: no word is left alone on the last one.
    narrowest = next((narrow for narrow in range(width // 2, width) if len(_lines(line, narrow)) <= len(lines)), width)
    return "<br>".join(_lines(line, narrowest))


def _lines(line: str, width: int) -> list[str]:
    return textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)


_AXIS: Final = {
    "gridcolor": RULE,
    "linecolor": RULE,
    "zeroline": False,
    "ticks": "",
    "tickfont": {"color": MUTED, "size": 12},
    "title": {"font": {"color": MUTED, "size": 12}, "standoff": 12},
}
_LAYOUT: Final = {
    "font": {"family": FONT, "size": 13, "color": INK},
    "title": {
        "font": {"size": _TITLE_SIZE, "weight": 600, "color": INK},
        "subtitle": {"font": {"size": _SUBTITLE_SIZE, "color": MUTED}},
        "x": 0,
        "xref": "container",
        "xanchor": "left",
        "y": 0.9,
        "yref": "container",
        "yanchor": "bottom",
        "pad": {"l": 16},
    },
    "colorway": [BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, INK],
    "paper_bgcolor": PAPER,
    "plot_bgcolor": PAPER,
    "margin": {"l": 16, "r": 24, "t": 84, "b": 40},
    "xaxis": {**_AXIS, "showgrid": False},
    "yaxis": {**_AXIS, "showgrid": True},
    "showlegend": False,
    "bargap": 0.35,
    "hoverlabel": {
        "bgcolor": PAPER,
        "bordercolor": RULE,
        "align": "left",
        "font": {"family": FONT, "size": 13, "color": INK},
    },
    "modebar": {"remove": list(MODEBAR_REMOVED), "color": QUIET, "activecolor": INK, "bgcolor": "rgba(0,0,0,0)"},
    "annotationdefaults": {
        "showarrow": False,
        "font": {"color": INK, "size": 13},
        "hoverlabel": {"bgcolor": PAPER, "bordercolor": RULE, "font": {"family": FONT, "size": 13, "color": INK}},
    },
}

pio.templates[TEMPLATE] = go.layout.Template(layout=_LAYOUT)
