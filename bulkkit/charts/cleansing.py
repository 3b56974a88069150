"""What cleaning a list would do: its score after each step, and how many rows that leaves out."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from bulkkit.charts import numerals, style
from bulkkit.frames import require

_ROW: Final = 36
_NAMES: Final = {
    "as it is": "As it is",
    "duplicate": "Without repeated rows",
    "undeliverable": "Without what cannot be delivered",
    "left": "Without those who left",
    "doubtful": "Without disposable and misspelt",
    "no_consent": "Without those who gave no consent",
    "silent": "Without those long silent",
}


def cleaning(steps: pd.DataFrame) -> go.Figure:
    """Draw the health score of a list after each step of cleaning.

    Parameters
    ----------
    steps
        What `Health.cleaning` returned: `step, left_out, remaining, score, expected_bounces, lower, upper`.

    Returns
    -------
    plotly.graph_objects.Figure
        A bar for each step, each after all those above it; where nobody remains, that is written.

    Raises
    ------
    InputError
        A column is missing.
    """
    require(
        steps, ("step", "left_out", "remaining", "score", "expected_bounces", "lower", "upper"), "the cleaning steps"
    )
    if steps.empty:
        return style.sentence("There is nothing to draw: no step was taken.")
    rows = steps.to_dict("records")
    places = list(range(len(rows)))
    scores = steps["score"].fillna(0).tolist()
    said = [_said(row) for row in rows]
    chart = style.figure(
        [
            go.Bar(x=[100] * len(rows), y=places, orientation="h", marker={"color": style.TRACK}, hoverinfo="skip"),
            go.Bar(x=scores, y=places, orientation="h", marker={"color": style.BLUE}, hovertext=said, hoverinfo="text"),
        ]
    )
    chart.update_layout(
        barmode="overlay", bargap=0.45, xaxis={"visible": False, "range": [0, 150]},
        yaxis=style.rows_axis([_NAMES.get(str(row["step"]), style.label(row["step"])) for row in rows])
        | {"tickfont": {"size": 13, "color": style.INK}},
    )  # fmt: skip
    for place, row in enumerate(rows):
        chart.add_annotation(_note(place, row))
    counted = "Health score (of 100) after each step and all above it; in grey, how many rows the step leaves out."
    return style.titled(chart, _finding(steps), counted, _ROW * len(rows), foot=16)


def _said(row: dict[Any, Any]) -> str:
    return style.hover(
        _NAMES.get(str(row["step"]), str(row["step"])), f"score {_score(row['score'])}",
        f"{numerals.count(row['left_out'])} rows left out, n = {numerals.count(row['remaining'])} remain",
        f"{numerals.percent(row['expected_bounces'])} expected to bounce",
        f"95 % interval {numerals.percent_range(row['lower'], row['upper'])}",
    )  # fmt: skip


def _note(place: int, row: dict[Any, Any]) -> dict[str, Any]:
    gone = f"−{numerals.count(row['left_out'])} rows" if row["left_out"] else f"{numerals.count(row['remaining'])} rows"
    if place and not row["left_out"]:
        gone = "nobody"
    return {
        "text": f"<b>{_score(row['score'])}</b>  <span style='color:{style.MUTED}'>{gone}</span>", "x": 100, "y": place,
        "xanchor": "left", "xshift": 8,
    }  # fmt: skip


def _score(score: Any) -> str:
    return f"{score:.0f}" if numerals.is_known(score) else numerals.UNKNOWN


def _finding(steps: pd.DataFrame) -> str:
    first, last = steps.iloc[0], steps.iloc[-1]
    kept = f"{numerals.count(last['remaining'])} of {numerals.plural(first['remaining'], 'row')}"
    if not numerals.is_known(last["score"]):
        return "Cleaning would leave nobody"
    if round(first["score"]) == round(last["score"]):
        return f"Cleaning would leave {kept} and the score at {last['score']:.0f}"
    verb = "raise" if last["score"] > first["score"] else "lower"
    return f"Cleaning would {verb} the score from {first['score']:.0f} to {last['score']:.0f} and keep {kept}"
