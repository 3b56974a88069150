"""Who is left out before a send, step by step, and how many remain."""

from __future__ import annotations

from typing import Any, Final, Protocol

import pandas as pd
import plotly.graph_objects as go

from bulkkit.charts import numerals, style
from bulkkit.frames import require

_ROW: Final = 30
STEP_NAMES: Final = {
    "read": "rows read",
    "duplicate": "the same mailbox again",
    "no_consent": "no consent on record, or bought",
    "suppressed": "unsubscribed, complained or bounced before",
    "undeliverable": "cannot be delivered",
    "unusable": "unusable in the message",
    "risky": "disposable or probably misspelt",
    "capped": "written to too often",
    "over_limit": "beyond the first so many asked for",
    "holdout": "held out to measure what the message does",
    "recipients": "recipients",
}
"""What the steps of a plan mean, in a few words that can follow a number or begin a line."""


class _Excluding(Protocol):
    """A plan, as far as it is drawn here."""

    @property
    def waterfall(self) -> pd.DataFrame: ...


def waterfall(plan: _Excluding) -> go.Figure:
    """Draw how many rows were read, how many each step leaves out, and how many remain as recipients.

    Parameters
    ----------
    plan
        What `bulkkit.plan` returned: `.waterfall` with the columns `step, rows, remaining`, from the rows that
        were read to the recipients.

    Returns
    -------
    plotly.graph_objects.Figure
        One row for each step: totals dark, what is left out light red.

    Raises
    ------
    InputError
        The waterfall has no column `step` or `remaining`.
    """
    steps = plan.waterfall
    require(steps, ("step", "remaining"), "the plan's waterfall")
    if steps.empty:
        return style.sentence("There is nothing to draw: the plan has no steps.")
    remaining = steps["remaining"].astype("float64")
    lost = (remaining.shift(1) - remaining).fillna(0)
    total = _totals(steps)
    chart = style.figure([_bars(steps, remaining, lost, total)])
    chart.update_layout(
        bargap=0.3, xaxis={"visible": False, "range": [0, float(remaining.max()) * 1.12 or 1]},
        yaxis=style.rows_axis([_name(step, whole) for step, whole in zip(steps["step"], total, strict=True)])
        | {"tickfont": {"color": style.INK, "size": 13}},
    )  # fmt: skip
    for row in range(len(steps)):
        chart.add_annotation(_note(row, remaining.iloc[row], lost.iloc[row], bool(total.iloc[row])))
    counted = "Rows of the contacts; each is left out by the first step that applies to it."
    return style.titled(chart, _finding(remaining), counted, _ROW * len(steps), foot=16)


def _totals(steps: pd.DataFrame) -> pd.Series[Any]:
    """Whether each step states a total: the first, and the last where it leaves nobody out."""
    total = pd.Series(False, index=steps.index)
    total.iloc[0] = True
    if len(steps) > 1:
        total.iloc[-1] = steps["remaining"].iloc[-1] == steps["remaining"].iloc[-2]
    return total


def _bars(steps: pd.DataFrame, remaining: pd.Series[Any], lost: pd.Series[Any], total: pd.Series[Any]) -> go.Bar:
    said = [
        style.hover(
            _spoken(step), f"{numerals.count(left)} remain", "" if whole else f"{numerals.count(gone)} left out"
        )
        for step, left, gone, whole in zip(steps["step"], remaining, lost, total, strict=True)
    ]
    return go.Bar(
        x=list(lost.where(~total, remaining)), base=list(remaining.where(~total, 0)), y=list(range(len(steps))),
        orientation="h", hovertext=said, hoverinfo="text",
        marker={"color": [style.BLUE if whole else style.VERMILION for whole in total]},
    )  # fmt: skip


def _note(row: int, remaining: float, lost: float, total: bool) -> dict[str, Any]:
    number = numerals.count(remaining) if total else f"−{numerals.count(lost)}" if lost else "0"
    return {
        "text": f"<b>{number}</b>" if total or lost else number, "x": remaining + (0 if total else lost), "y": row,
        "xanchor": "left", "xshift": 6, "font": {"color": style.INK if total or lost else style.MUTED},
    }  # fmt: skip


def _name(step: Any, total: bool) -> str:
    shown = style.label(_spoken(step), 44)
    return f"<b>{shown}</b>" if total else shown


def _spoken(step: Any) -> str:
    name = STEP_NAMES.get(str(step), str(step).replace("_", " ").strip())
    return name[:1].upper() + name[1:]


def _finding(remaining: pd.Series[Any]) -> str:
    read, kept = remaining.iloc[0], remaining.iloc[-1]
    if read == kept:
        return f"All {numerals.count(read)} rows are recipients"
    left_out = numerals.count(read - kept)
    return f"{numerals.count(kept)} of {numerals.count(read)} rows are recipients; {left_out} are left out"
