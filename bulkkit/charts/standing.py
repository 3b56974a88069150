"""The verdicts on a list: how many addresses have which status, and for which reason."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from bulkkit.charts import numerals, style
from bulkkit.frames import require
from bulkkit.vocabulary import Action, Status

COLOURS: Final = {
    Status.DELIVERABLE: style.GREEN,
    Status.UNKNOWN: style.SKY,
    Status.RISKY: style.ORANGE,
    Status.UNDELIVERABLE: style.VERMILION,
}
"""The statuses from the best to the worst, with their colours."""

_ROW: Final = 30
_BY: Final = ["status", "reason", "action"]


def verdicts(checked: pd.DataFrame) -> go.Figure:
    """Draw how many addresses of a verified list have which status, and for which reason.

    Parameters
    ----------
    checked
        What `bulkkit.verify` returned, with the columns `status, reason, action`.

    Returns
    -------
    plotly.graph_objects.Figure
        One bar for each status and reason, deliverable on top, the most frequent first within each status.

    Raises
    ------
    InputError
        The frame has no column `status`, `reason` or `action`.
    """
    require(checked, _BY, "the verified list")
    counts = _counts(checked)
    if counts.empty:
        return style.sentence("There is nothing to draw: the list has no addresses.")
    total = int(counts["rows"].sum())
    chart = style.figure([_bars(counts, total)])
    chart.update_layout(
        bargap=0.3, xaxis={"visible": False, "range": [0, float(counts["rows"].max()) * 1.25]},
        yaxis=style.rows_axis([_name(row) for row in counts.itertuples()])
        | {"tickfont": {"color": style.INK, "size": 13}},
    )  # fmt: skip
    for place, rows in enumerate(counts["rows"]):
        chart.add_annotation(_note(place, int(rows), total))
    counted = "Rows of the list by status and reason; unknown means that no fact speaks either way."
    return style.titled(chart, _finding(counts, total), counted, _ROW * len(counts), foot=16)


def _counts(checked: pd.DataFrame) -> pd.DataFrame:
    told = checked[_BY].astype("str").assign(rows=1)
    counts = told.groupby(_BY, as_index=False, dropna=False)["rows"].sum()
    order = {str(status): place for place, status in enumerate(COLOURS)}
    ranked: pd.DataFrame = counts.assign(place=counts["status"].map(order))
    return ranked.sort_values(["place", "rows", "reason"], ascending=[True, False, True], ignore_index=True)


def _bars(counts: pd.DataFrame, total: int) -> go.Bar:
    said = [
        style.hover(f"{row.status}: {_spoken(row.reason)}", f"{_shared(row.rows, total)} of the rows", f"{row.action}")
        for row in counts.itertuples()
    ]
    colours = {str(status): colour for status, colour in COLOURS.items()}
    return go.Bar(
        x=list(counts["rows"]), y=list(range(len(counts))), orientation="h", hovertext=said, hoverinfo="text",
        marker={"color": [colours.get(status, style.QUIET) for status in counts["status"]]},
    )  # fmt: skip


def _note(place: int, rows: int, total: int) -> dict[str, Any]:
    share = f"<span style='color:{style.MUTED}'>{numerals.percent(rows / total)}</span>"
    return {
        "text": f"<b>{numerals.count(rows)}</b>  {share}", "x": rows, "y": place, "xanchor": "left", "xshift": 6,
    }  # fmt: skip


def _name(row: Any) -> str:
    status = f"<span style='color:{style.MUTED}'>{style.label(row.status)}</span>"
    return f"{style.label(_spoken(row.reason))}  {status}"


def _spoken(reason: Any) -> str:
    return str(reason).replace("_", " ")


def _shared(rows: Any, total: int) -> str:
    return f"{numerals.count(rows)}, {numerals.percent(rows / total)},"


def _finding(counts: pd.DataFrame, total: int) -> str:
    by_action = counts.groupby("action")["rows"].sum()
    free, dead = (int(by_action.get(action, 0)) for action in (Action.SEND, Action.SUPPRESS))
    if free == total:
        return f"Nothing speaks against any of {numerals.plural(total, 'address', 'addresses')}"
    doubt = total - free - dead
    told = ((doubt, "in doubt"), (dead, "impossible to deliver to"))
    rest = " and ".join(f"{numerals.count(number)} {words}" for number, words in told if number)
    return f"Nothing speaks against {numerals.count(free)} of {numerals.count(total)} addresses; {rest}"
