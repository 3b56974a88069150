"""Rates side by side: a dot and its interval for each group, a panel for each rate, floor and ceiling as a range."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from bulkkit.charts import numerals, style
from bulkkit.charts.panels import COLUMNS, Grid, Panel
from bulkkit.charts.shares import Band, bands, in_order, wording
from bulkkit.vocabulary import Rate

_COUNTED: Final = (
    "Whiskers: 95 % interval. Filled dot: people only; hollow: machines included. Each panel has its own scale."
)


def rates(rates: pd.DataFrame, highlight: str | None = None, columns: int = COLUMNS) -> go.Figure:
    """Draw each rate of each group as a dot with its 95 % interval, one small panel for each rate.

    Parameters
    ----------
    rates
        A rates frame (`bulkkit.rates`): the columns by which it was grouped, then `rate, counts, numerator,
        denominator, value, lower, upper, verdict`; `value, lower, upper` are fractions.
    highlight
        The group (usually a campaign) to be shown in colour, the others in grey.
    columns
        How many panels stand side by side; 2 where there are fewer than 760 pixels.

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
    grid = Grid(list(groups), in_order({rate for shares in groups.values() for rate in shares}), highlight, columns)
    panels = [
        Panel(grid, place, {name: shares[rate] for name, shares in groups.items() if rate in shares})
        for place, rate in enumerate(grid.rates)
    ]
    headings = [panel.heading(_heading(grid.rates[panel.place], groups)) for panel in panels]
    chart = style.figure([trace for panel in panels for trace in panel.traces()])
    chart.update_layout(
        annotations=[*headings, *(note for panel in panels for note in panel.numbers())],
        **{name: axis for panel in panels for name, axis in panel.axes().items()},
    )
    return style.titled(chart, _finding(groups, highlight), _COUNTED, grid.height, foot=12)


_SHORT: Final = {str(Rate.COMPLAINED): "outside Gmail"}
"""What a rate is out of, where a small panel has no room for more."""


def _heading(rate: str, groups: Mapping[str, Mapping[str, Band]]) -> str:
    words = wording(rate)
    tracked = ", tracked" if _only_tracked(rate, groups.values()) else ""
    of_what = _SHORT.get(rate, words.denominator)
    return f"<b>{style.text(words.title)}</b> <span style='color:{style.MUTED}'>{of_what}{tracked}</span>"


def _only_tracked(rate: str, groups: Iterable[Mapping[str, Band]]) -> bool:
    """Whether the rate stands on fewer people than were delivered to: those who may be tracked."""
    if rate not in (Rate.OPENED, Rate.CLICKED):
        return False
    pairs = [(shares.get(rate), shares.get(Rate.UNSUBSCRIBED)) for shares in groups]
    return any(some.denominator < whole.denominator for some, whole in pairs if some is not None and whole is not None)


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
