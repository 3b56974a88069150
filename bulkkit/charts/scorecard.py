"""The health score, and what each component costs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

import pandas as pd
import plotly.graph_objects as go

from bulkkit.charts import numerals, style
from bulkkit.frames import require

_ROW: Final = 44


class _Scored(Protocol):
    """What `bulkkit.health` returns, as far as it is drawn."""

    @property
    def score(self) -> Any: ...

    @property
    def components(self) -> pd.DataFrame: ...


def health(health: _Scored) -> go.Figure:
    """Draw how many points each component costs the health score, out of how many it could.

    Parameters
    ----------
    health
        What `bulkkit.health` returned: `.score` (0 to 100) and `.components` with the columns `component, weight,
        points_lost` and, where known, `value, unit, benchmark, benchmark_source, benchmark_date, advice`.

    Returns
    -------
    plotly.graph_objects.Figure
        The costliest component on top. One whose cost is not known is written as unknown.

    Raises
    ------
    InputError
        The components have no column `component`, `weight` or `points_lost`.
    """
    require(health.components, ("component", "weight", "points_lost"), "the components of the health score")
    costs = health.components.sort_values("points_lost", ascending=False, na_position="last", kind="stable")
    if costs.empty:
        return style.sentence("There is nothing to draw: the health score has no components.")
    rows = list(range(len(costs)))
    lost = costs["points_lost"].astype("float64").fillna(0)
    chart = style.figure(
        [
            _bar(rows, costs["weight"].astype("float64"), style.TRACK, costs),
            _bar(rows, lost, style.VERMILION, costs),
        ]
    )
    chart.update_layout(
        barmode="overlay", bargap=0.5, xaxis={"visible": False, "range": [0, float(costs["weight"].max()) * 1.2]},
        yaxis=style.rows_axis([_named(_told(row)) for row in costs.to_dict("records")])
        | {"tickfont": {"size": 13, "color": style.INK}},
    )  # fmt: skip
    for row, (points, weight) in enumerate(zip(costs["points_lost"], costs["weight"], strict=True)):
        chart.add_annotation(_cost(row, points, weight))
    counted = "Points lost (orange) of the points that each component can cost (grey)."
    return style.titled(chart, _finding(health.score, costs), counted, _ROW * len(costs), foot=16)


def _bar(rows: list[int], lengths: pd.Series[Any], colour: str, costs: pd.DataFrame) -> go.Bar:
    said = [_said(_told(row)) for row in costs.to_dict("records")]
    return go.Bar(x=list(lengths), y=rows, orientation="h", marker={"color": colour}, hovertext=said, hoverinfo="text")


def _told(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items() if numerals.is_known(value)}


def _named(row: Mapping[str, Any]) -> str:
    value = _figure(row["value"]) if "value" in row else numerals.UNKNOWN
    good = f"; good: {_figure(row['benchmark'])}" if "benchmark" in row else ""
    return f"{style.label(_spoken(row['component']), 40)}<br><span style='color:{style.MUTED}'>{value}{good}</span>"


def _said(row: Mapping[str, Any]) -> str:
    lines = [f"{_points(row.get('points_lost'))} of {_points(row.get('weight'))} points lost"]
    if "value" in row:
        lines.insert(0, f"{_figure(row['value'])} {row.get('unit', '')}")
    if "benchmark" in row:
        source = ", ".join(str(row[name]) for name in ("benchmark_source", "benchmark_date") if name in row)
        lines.append(f"good: {_figure(row['benchmark'])}" + (f" ({source})" if source else ""))
    return style.hover(_spoken(row["component"]), *lines, str(row.get("advice", "")))


def _cost(row: int, points: Any, weight: Any) -> dict[str, Any]:
    if weight == 0:
        return {"text": "not scored", "x": 0, "y": row, "xanchor": "left", "font": {"color": style.MUTED}}
    costly = numerals.is_known(points) and points >= 0.05
    written = f"<b>−{_points(points)}</b>" if costly else _points(points)
    return {
        "text": f"{written} <span style='color:{style.MUTED}'>of {_points(weight)}</span>",
        "x": weight, "y": row, "xanchor": "left", "xshift": 8,
        "font": {"color": style.INK if costly else style.MUTED},
    }  # fmt: skip


def _finding(score: Any, costs: pd.DataFrame) -> str:
    if not numerals.is_known(score):
        return "The health of this list is unknown"
    worst = costs.iloc[0]
    if not numerals.is_known(worst["points_lost"]) or worst["points_lost"] < 0.5:
        return f"Health {score:.0f} of 100"
    name = style.text(_spoken(worst["component"]).lower())
    return f"Health {score:.0f} of 100; most is lost to {name}: {_points(worst['points_lost'])} points"


def _spoken(component: Any) -> str:
    name = str(component).replace("_", " ").strip()
    return name[:1].upper() + name[1:]


def _points(points: Any) -> str:
    return f"{points:.1f}".removesuffix(".0") if numerals.is_known(points) else numerals.UNKNOWN


def _figure(value: Any) -> str:
    if isinstance(value, str):
        return value
    return numerals.percent(value) if 0 <= value <= 1 else f"{value:,.4g}"
