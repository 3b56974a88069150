"""The same chart in other clothes: dark for screens at night, and for paper."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import plotly.graph_objects as go
import plotly.io as pio

from bulkkit.charts import style

DARK: Final[Mapping[str, str]] = MappingProxyType(
    {
        style.PAPER: "#14181c",
        style.INK: "#e8ebee",
        style.MUTED: "#a7b1bb",
        style.QUIET: "#7d8894",
        style.RULE: "#333a42",
        style.TRACK: "#252b32",
        style.PALE: "#2c5573",
        style.BLUE: "#3c9ddd",
        style.SKY: "#8fd0f5",
        style.GREEN: "#1bb58a",
        style.VERMILION: "#ee7733",
        style.ORANGE: "#f0b429",
        style.PURPLE: "#d991b9",
    }
)
"""What each colour of the light template becomes on a dark page."""

PRINT: Final[Mapping[str, str]] = MappingProxyType(
    {
        style.INK: "#000000",
        style.MUTED: "#333333",
        style.QUIET: "#6b6b6b",
        style.RULE: "#c4c4c4",
        style.TRACK: "#e6e6e6",
        style.PALE: "#b9d3e4",
    }
)
"""What each colour becomes on paper, where pale greys vanish."""


def dark(chart: go.Figure) -> go.Figure:
    """Return a copy of a chart for a dark page.

    Parameters
    ----------
    chart
        What a function of `bulkkit.charts` returned.
    """
    return _dressed(chart, DARK)


def printed(chart: go.Figure) -> go.Figure:
    """Return a copy of a chart for paper: black ink, darker greys.

    Parameters
    ----------
    chart
        What a function of `bulkkit.charts` returned.
    """
    return _dressed(chart, PRINT)


def _dressed(chart: go.Figure, colours: Mapping[str, str]) -> go.Figure:
    return go.Figure(json.loads(recoloured(chart.to_json(), colours)), skip_invalid=False)


def recoloured(text: str, colours: Mapping[str, str]) -> str:
    """Return a chart's JSON with each colour of the light template replaced, in traces, notes and template alike."""
    wanted = re.compile("|".join(map(re.escape, colours)))
    return wanted.sub(lambda found: colours[found.group()], text)


def _register() -> None:
    """Make the variants known to plotly under names of their own."""
    plain = pio.templates[style.TEMPLATE].to_plotly_json()
    for name, colours in (("dark", DARK), ("print", PRINT)):
        text = recoloured(json.dumps(plain), colours)
        pio.templates[f"{style.TEMPLATE}-{name}"] = go.layout.Template(json.loads(text))


_register()
