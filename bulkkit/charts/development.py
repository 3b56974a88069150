"""How a list came to where it is: its health over time, and who joined and who was lost."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from bulkkit.charts import numerals, style
from bulkkit.frames import require

_HEIGHT: Final = 300
_LOSSES: Final = {
    "bounced": ("Dead mailboxes", style.VERMILION),
    "unsubscribed": ("Unsubscribed", style.ORANGE),
    "complained": ("Complained", style.PURPLE),
}
_YEAR: Final = pd.Timedelta(days=365)


def history(course: pd.DataFrame) -> go.Figure:
    """Draw the health score of a list over time.

    Parameters
    ----------
    course
        What `Health.history` returned: `at, contacts, score`.

    Returns
    -------
    plotly.graph_objects.Figure
        A line from 0 to 100, each moment with its score and the number of contacts.

    Raises
    ------
    InputError
        A column is missing.
    """
    require(course, ("at", "contacts", "score"), "the history of the health")
    if course.empty:
        return style.sentence("There is nothing to draw: no moment was scored.")
    said = [
        style.hover(f"{row.score:.1f} of 100", f"{row.at:%Y-%m-%d}", f"n = {numerals.plural(row.contacts, 'contact')}")
        for row in course.itertuples()
    ]
    times = course["at"].dt.tz_localize(None)
    line = go.Scatter(
        x=times.tolist(), y=course["score"].tolist(), mode="lines+markers", hovertext=said, hoverinfo="text",
        line={"color": style.BLUE, "width": 2.4}, marker={"size": 8, "color": style.BLUE}, cliponaxis=False,
    )  # fmt: skip
    chart = style.figure([line])
    chart.update_layout(yaxis={"range": [0, 104], "side": "right", "tickvals": [0, 25, 50, 75, 100]}, margin={"r": 48})
    chart.update_layout(xaxis={"showline": True, "linecolor": style.QUIET, "tickformat": "%b\n%Y", "nticks": 8})
    for place in dict.fromkeys((0, len(course) - 1)):
        chart.add_annotation(
            text=f"<b>{course['score'].iloc[place]:.0f}</b>",
            x=times.iloc[place],
            y=course["score"].iloc[place],
            yshift=16,
        )
    counted = "Health score (0 to 100) of those who were on the list by then, with what had happened by then."
    return style.titled(chart, _course(course), counted, _HEIGHT)


def _course(course: pd.DataFrame) -> str:
    first, last = course.iloc[0], course.iloc[-1]
    since = f"since {first['at']:%B %Y}"
    if round(first["score"]) == round(last["score"]):
        return f"The health of the list is {last['score']:.0f} of 100, as it was {since.removeprefix('since ')}"
    verb = "rose" if last["score"] > first["score"] else "fell"
    return f"The health of the list {verb} from {first['score']:.0f} to {last['score']:.0f} {since}"


def growth(growth: pd.DataFrame) -> go.Figure:
    """Draw how many people joined a list and how many were lost, and why.

    Parameters
    ----------
    growth
        What `Health.growth` returned: `at, joined, bounced, unsubscribed, complained, reachable`.

    Returns
    -------
    plotly.graph_objects.Figure
        Bars upward for those who joined, downward for those who were lost; what is unknown is not drawn.

    Raises
    ------
    InputError
        A column is missing.
    """
    require(growth, ("at", "joined", *_LOSSES, "reachable"), "the growth of the list")
    if growth.empty:
        return style.sentence("There is nothing to draw: nobody is known to have joined or to have been lost.")
    parts = [("joined", "Joined", style.BLUE, 1), *((kind, *words, -1) for kind, words in _LOSSES.items())]
    drawn = [part for part in parts if growth[part[0]].notna().any()]
    chart = style.figure([_bars(growth, *part) for part in drawn])
    chart.update_layout(
        barmode="relative", bargap=0.15, margin={"r": 56},
        yaxis={
            "side": "right", "zeroline": True, "zerolinecolor": style.INK, "zerolinewidth": 1, "nticks": 6,
            "domain": [0, 0.92],
        },
        xaxis={"tickformat": "%b\n%Y", "nticks": 10},
    )  # fmt: skip
    keys = "  ".join(f"<span style='color:{colour}'>■</span> {title}" for _, title, colour, _ in drawn)
    chart.add_annotation(text=keys, x=0, xref="paper", xanchor="left", y=1, yref="paper", yanchor="top")
    counted = "People who are on the list now, by when they joined; downward, those lost to it and why."
    return style.titled(chart, _gained(growth), counted, _HEIGHT + 24)


def _bars(growth: pd.DataFrame, kind: str, title: str, colour: str, sign: int) -> go.Bar:
    said = [
        style.hover(
            f"{title}: {numerals.count(row[kind])}", f"from {row['at']:%Y-%m-%d}",
            f"{numerals.count(row['reachable'])} reachable at the end",
        )
        for row in growth.to_dict("records")
    ]  # fmt: skip
    heights = (growth[kind].fillna(0) * sign).tolist()
    return go.Bar(
        x=growth["at"].dt.tz_localize(None).tolist(), y=heights, name=title,
        marker={"color": colour, "line": {"width": 0}}, hovertext=said, hoverinfo="text",
    )  # fmt: skip


def _gained(growth: pd.DataFrame) -> str:
    lately = growth[growth["at"] > growth["at"].max() - _YEAR]
    lost = _sum(lately[list(_LOSSES)].sum(axis=1, min_count=1))
    joined = _sum(lately["joined"])
    span = "In the last year" if len(lately) < len(growth) else f"Since {growth['at'].min():%B %Y}"
    said = [f"{joined} people joined" if joined else "", f"{lost} were lost" if lost else ""]
    return f"{span}, {' and '.join(part for part in said if part)}"


def _sum(numbers: pd.Series[Any]) -> str:
    return numerals.count(numbers.sum()) if numbers.notna().any() else ""
