"""The parts of a list side by side: how healthy each is, and how many of its messages are expected to bounce."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from bulkkit.charts import numerals, style
from bulkkit.frames import require

_ROW: Final = 38
_HEAD: Final = 26
_FIGURES: Final = ("contacts", "score", "expected_bounces", "lower", "upper", "costliest", "points_lost")


def parts(found: pd.DataFrame) -> go.Figure:
    """Draw the health of each part of a list, with its expected bounces.

    Parameters
    ----------
    found
        What `Health.by` returned: the columns by which the list was parted, then `contacts, score,
        expected_bounces, lower, upper, costliest, points_lost`.

    Returns
    -------
    plotly.graph_objects.Figure
        The least healthy part on top: its score, and its expected bounces with their 95 % interval.

    Raises
    ------
    InputError
        A column is missing.
    """
    require(found, _FIGURES, "the health of the parts")
    if found.empty:
        return style.sentence("There is nothing to draw: the list has no parts.")
    rows = found.sort_values("score", kind="stable", ignore_index=True)
    names = [_name(rows, row) for row in rows.to_dict("records")]
    places = list(range(len(rows)))
    said = [_said(name, row) for name, row in zip(names, rows.to_dict("records"), strict=True)]
    chart = style.figure([_track(places), _scores(rows, places, said), _bounces(rows, places, said)])
    labels = [_label(name, row) for name, row in zip(names, rows["contacts"], strict=True)]
    axis = style.rows_axis(labels) | {
        "tickfont": {"size": 13, "color": style.INK},
        "domain": [0, 1 - _HEAD / _height(rows)],
    }
    most = max(float(rows["upper"].max()), 0.01)
    chart.update_layout(
        barmode="overlay", bargap=0.5, yaxis=axis, yaxis2=axis | {"ticktext": [""] * len(rows), "anchor": "x2"},
        xaxis={"domain": [0, 0.58], "range": [0, 128], "visible": False},
        xaxis2={
            "domain": [0.66, 1], "range": [0, most * 1.06], "anchor": "y2", "tickformat": ".0%", "nticks": 4,
            "showgrid": True,
        },
        annotations=[*_headings(), *(_note(place, row) for place, row in enumerate(rows.to_dict("records")))],
    )  # fmt: skip
    counted = "Health of each part by itself, the worst on top. Whiskers: 95 % prediction interval."
    return style.titled(chart, _finding(rows, names), counted, _height(rows), foot=32)


def _height(rows: pd.DataFrame) -> float:
    return _ROW * len(rows) + _HEAD


def _name(rows: pd.DataFrame, row: dict[Any, Any]) -> str:
    columns = list(rows.columns)[: list(rows.columns).index("contacts")]
    return " · ".join(str(row[column]) for column in columns)


def _label(name: str, contacts: Any) -> str:
    return f"{style.label(name)}<br><span style='color:{style.MUTED}'>{numerals.plural(contacts, 'contact')}</span>"


def _said(name: str, row: dict[Any, Any]) -> str:
    return style.hover(
        name, f"{row['score']:.1f} of 100", f"{row['costliest']} costs {row['points_lost']:.1f} points",
        f"{numerals.percent(row['expected_bounces'])} expected to bounce",
        f"95 % interval {numerals.percent_range(row['lower'], row['upper'])}", f"n = {numerals.count(row['contacts'])}",
    )  # fmt: skip


def _track(places: list[int]) -> go.Bar:
    return go.Bar(x=[100] * len(places), y=places, orientation="h", marker={"color": style.TRACK}, hoverinfo="skip")


def _scores(rows: pd.DataFrame, places: list[int], said: list[str]) -> go.Bar:
    colours = [style.BLUE] * len(places)
    return go.Bar(
        x=rows["score"].tolist(), y=places, orientation="h", marker={"color": colours}, hovertext=said, hoverinfo="text"
    )


def _bounces(rows: pd.DataFrame, places: list[int], said: list[str]) -> go.Scatter:
    value = rows["expected_bounces"]
    whiskers = {
        "type": "data", "symmetric": False, "array": (rows["upper"] - value).tolist(),
        "arrayminus": (value - rows["lower"]).tolist(), "color": style.VERMILION, "thickness": 1.6, "width": 0,
    }  # fmt: skip
    return go.Scatter(
        x=value.tolist(), y=places, mode="markers", marker={"size": 9, "color": style.VERMILION}, error_x=whiskers,
        hovertext=said, hoverinfo="text", xaxis="x2", yaxis="y2", cliponaxis=False,
    )  # fmt: skip


def _headings() -> list[dict[str, Any]]:
    said = ((0, "Health", "of 100"), (0.66, "Expected to bounce", "of messages"))
    return [
        {
            "text": f"<b>{title}</b> <span style='color:{style.MUTED}'>{of}</span>", "x": x, "xref": "paper",
            "xanchor": "left", "y": 1, "yref": "paper", "yanchor": "top",
        }
        for x, title, of in said
    ]  # fmt: skip


def _note(place: int, row: dict[Any, Any]) -> dict[str, Any]:
    return {"text": f"<b>{row['score']:.0f}</b>", "x": 100, "y": place, "xanchor": "left", "xshift": 8}


def _finding(rows: pd.DataFrame, names: list[str]) -> str:
    if len(rows) == 1:
        return f"Health {rows['score'].iloc[0]:.0f} of 100"
    low, high = rows["score"].iloc[0], rows["score"].iloc[-1]
    worst, best, column = style.label(names[0]), style.label(names[-1]), str(rows.columns[0]).replace("_", " ")
    return f"By {style.label(column)}, “{worst}” is least healthy: {low:.0f} of 100; “{best}” most: {high:.0f}"
