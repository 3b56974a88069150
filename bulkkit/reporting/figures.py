"""A chart as a part of a page: its words as HTML text, its drawing as data that the page's own script draws."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Final

import plotly.graph_objects as go
from markupsafe import Markup

_TOP: Final = 12
_UNSAFE: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


@dataclass(frozen=True, slots=True)
class PageFigure:
    """One chart of a page: its words, its height in pixels, and its data as JSON for a script block."""

    name: str
    caption: str
    counted: str
    height: int
    data: Markup

    @classmethod
    def of(cls, name: str, chart: go.Figure) -> PageFigure:
        """Take a chart apart: the title becomes text that wraps and that a screen reader finds."""
        caption, counted = _plain(chart.layout.title.text), _plain(chart.layout.title.subtitle.text)
        drawn = go.Figure(chart)
        height = int(chart.layout.height or 360) - int(chart.layout.margin.t or 0) + _TOP
        drawn.update_layout(title=None, height=height, margin={"t": _TOP, "l": 0})
        return cls(name, caption, counted, height, script_safe(drawn.to_json()))


def script_safe(json: str) -> Markup:
    """Return JSON that nothing in it can end the script block around."""
    return Markup("".join(_UNSAFE.get(letter, letter) for letter in json))  # noqa: S704 - escaped just here


def _plain(text: str | None) -> str:
    return html.unescape((text or "").replace("<br>", " "))
