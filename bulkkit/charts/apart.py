"""What sets a part of a list apart from the rest: differences of shares, each with its interval."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from bulkkit.charts import numerals, style
from bulkkit.charts.zero import around_zero
from bulkkit.frames import require

_ROW: Final = 26
_MOST: Final = 24
_NEEDED: Final = (
    "column", "level", "part", "rest", "difference", "lower", "upper", "standardised", "part_n", "rest_n", "verdict",
)  # fmt: skip
_CLEAR: Final = ("more here", "fewer here")


def contrast(table: pd.DataFrame) -> go.Figure:
    """Draw in what a part of a list differs from the rest of it.

    Parameters
    ----------
    table
        What `Health.contrast` returned: `column, level, part, rest, difference, lower, upper, standardised, part_n,
        rest_n, verdict`.

    Returns
    -------
    plotly.graph_objects.Figure
        The 24 largest differences in percentage points with their 95 % intervals, in grey what may be chance.

    Raises
    ------
    InputError
        A column is missing.
    """
    require(table, _NEEDED, "the contrast")
    if table.empty:
        return style.sentence("There is nothing to draw: nothing was compared.")
    ranked = table.assign(size=table["standardised"].abs()).sort_values("size", ascending=False, kind="stable")
    shown = ranked.head(_MOST).reset_index(drop=True)
    chart = style.figure([_dots(shown, True), _dots(shown, False)])
    reach = max(float(shown[["lower", "upper"]].abs().max().max()) * 1.08, 0.02)
    chart.update_layout(
        xaxis=around_zero(reach),
        yaxis=style.rows_axis([_name(row) for row in shown.itertuples()])
        | {"tickfont": {"size": 12, "color": style.INK}},
    )  # fmt: skip
    counted = (
        f"Share of these {numerals.plural(shown['part_n'].iloc[0], 'person', 'people')} minus share of the other "
        f"{numerals.count(shown['rest_n'].iloc[0])}, in points. Whiskers: 95 % interval; grey: may be chance."
    )
    return style.titled(chart, _finding(shown), counted, _ROW * len(shown) + 16, foot=32)


def _name(row: Any) -> str:
    column = str(row.column).replace("_", " ")
    return f"{style.label(row.level)} <span style='color:{style.MUTED}'>{style.label(column)}</span>"


def _dots(shown: pd.DataFrame, clear: bool) -> go.Scatter:
    rows = shown[shown["verdict"].isin(_CLEAR) == clear]
    colour = style.BLUE if clear else style.QUIET
    whiskers = {
        "type": "data", "symmetric": False, "array": (rows["upper"] - rows["difference"]).tolist(),
        "arrayminus": (rows["difference"] - rows["lower"]).tolist(), "color": colour, "thickness": 1.6, "width": 0,
    }  # fmt: skip
    return go.Scatter(
        x=rows["difference"].tolist(), y=rows.index.tolist(), mode="markers", error_x=whiskers,
        marker={"size": 9, "color": colour}, hoverinfo="text",
        hovertext=[_said(row) for row in rows.to_dict("records")],
    )  # fmt: skip


def _said(row: dict[Any, Any]) -> str:
    return style.hover(
        f"{row['column']}: {row['level']}",
        f"{numerals.percent(row['part'])} here, n = {numerals.count(row['part_n'])}",
        f"{numerals.percent(row['rest'])} of the rest, n = {numerals.count(row['rest_n'])}",
        f"{numerals.points(row['difference'])}, 95 % interval {numerals.points_range(row['lower'], row['upper'])}",
        str(row["verdict"]),
    )  # fmt: skip


def _finding(shown: pd.DataFrame) -> str:
    clear = shown[shown["verdict"].isin(_CLEAR)]
    if clear.empty:
        return "Nothing that was looked at sets these people apart"
    first = clear.iloc[0]
    more = "more" if first["difference"] > 0 else "less"
    column = str(first["column"]).replace("_", " ")
    return (
        f"What sets them apart most is {style.label(column)}: {style.label(first['level'])} is {more} common by "
        f"{numerals.points(abs(first['difference'])).removeprefix('+')}"
    )
