"""How alike two groups of people are, before and after adjusting: the love plot."""

from __future__ import annotations

from typing import Any, Final, Protocol

import pandas as pd
import plotly.graph_objects as go

from bulkkit.charts import numerals, style
from bulkkit.charts.differences import campaigns
from bulkkit.distinctions import NEGLIGIBLE
from bulkkit.frames import require

_ROW: Final = 24
_MOST: Final = 30


class _Balanced(Protocol):
    """What `bulkkit.compare` returns, as far as it is drawn here."""

    @property
    def treated(self) -> Any: ...

    @property
    def control(self) -> Any: ...

    @property
    def balance(self) -> pd.DataFrame: ...


def balance(result: _Balanced) -> go.Figure:
    """Draw how far the two campaigns' people differ in what they were adjusted for, before and after.

    Parameters
    ----------
    result
        What `bulkkit.compare` returned: `.treated, .control`, and `.balance` with the columns `covariate, level,
        before, after` (standardised differences).

    Returns
    -------
    plotly.graph_objects.Figure
        A row for each level, the most different on top; hollow before, filled after; the grey strip is what is held
        for balanced. What is not known after a refusal is not drawn.

    Raises
    ------
    InputError
        The balance has no column `covariate`, `level`, `before` or `after`.
    """
    table = result.balance
    require(table, ("covariate", "level", "before", "after"), "the balance")
    if table.empty:
        return style.sentence("There is nothing to draw: nothing is known to adjust by.")
    size = table["before"].abs()
    shown = (
        table.assign(size=size).sort_values("size", ascending=False, kind="stable").head(_MOST).reset_index(drop=True)
    )
    treated, control = campaigns(result.treated), campaigns(result.control)
    chart = style.figure([_links(shown), _dots(shown, "before"), _dots(shown, "after")])
    reach = max(float(shown[["before", "after"]].abs().max().max()) * 1.12, 2.5 * NEGLIGIBLE)
    chart.add_vrect(x0=-NEGLIGIBLE, x1=NEGLIGIBLE, fillcolor=style.TRACK, line_width=0, layer="below")
    chart.update_layout(
        xaxis={"range": [-reach, reach], "zeroline": True, "zerolinecolor": style.INK, "zerolinewidth": 1, "nticks": 7},
        yaxis=style.rows_axis([_name(row) for row in shown.itertuples()])
        | {"tickfont": {"size": 12, "color": style.INK}},
    )  # fmt: skip
    counted = (
        f"{treated} minus {control}, in standard deviations. Hollow: as they were sent; filled: adjusted; "
        "the grey strip is balanced (below 0.1)."
    )
    return style.titled(chart, _finding(table), counted, _ROW * len(shown) + 20, foot=32)


def _name(row: Any) -> str:
    covariate = str(row.covariate).replace("_", " ")
    return f"{style.label(row.level)} <span style='color:{style.MUTED}'>{style.label(covariate)}</span>"


def _links(shown: pd.DataFrame) -> go.Scatter:
    ends = [(x, place) for place, row in enumerate(shown.itertuples()) for x in (row.before, row.after, None)]
    return go.Scatter(
        x=[x for x, _ in ends],
        y=[y for _, y in ends],
        mode="lines",
        line={"color": style.RULE, "width": 3},
        hoverinfo="skip",
    )


def _dots(shown: pd.DataFrame, when: str) -> go.Scatter:
    known = shown[shown[when].notna()]
    colour = style.MUTED if when == "before" else style.BLUE
    said = [
        style.hover(f"{row['covariate']}: {row['level']}", f"{when} adjusting: {_size(row[when])} standard deviations")
        for row in known.to_dict("records")
    ]
    marker = {"size": 9, "color": style.PAPER if when == "before" else colour, "line": {"color": colour, "width": 1.8}}
    return go.Scatter(
        x=known[when].tolist(),
        y=known.index.tolist(),
        mode="markers",
        marker=marker,
        hovertext=said,
        hoverinfo="text",
        name=when,
    )


def _size(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _finding(table: pd.DataFrame) -> str:
    before, after = (float(table[when].abs().max()) for when in ("before", "after"))
    if not numerals.is_known(after):
        return f"The two reached different people: up to {before:.2f} standard deviations apart"
    verdict = "alike" if after < NEGLIGIBLE else "closer, and not alike"
    return f"Adjusting makes the two groups {verdict}: at most {before:.2f} standard deviations apart, then {after:.2f}"
