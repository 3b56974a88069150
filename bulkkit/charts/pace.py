"""How long a send takes: when each network's last message is due."""

from __future__ import annotations

from typing import Any, Final, Protocol

import pandas as pd
import plotly.graph_objects as go

from bulkkit.charts import numerals, style
from bulkkit.frames import require

_SHOWN: Final = 20
_ROW: Final = 28


class _Paced(Protocol):
    """A plan, as far as it is drawn here."""

    @property
    def eta(self) -> pd.DataFrame: ...


def eta(plan: _Paced) -> go.Figure:
    """Draw when each network's last message is due, the slowest network on top.

    Parameters
    ----------
    plan
        What `bulkkit.plan` returned: `.eta` with the columns `network, recipients, per_hour` (messages an hour)`,
        connections, finishes_after` (a span of time from the start).

    Returns
    -------
    plotly.graph_objects.Figure
        The twenty slowest networks, and the others together. A network without an estimate is written as unknown.

    Raises
    ------
    InputError
        The frame has no column `network`, `recipients` or `finishes_after`.
    """
    require(plan.eta, ("network", "recipients", "finishes_after"), "the plan's ETA")
    networks = plan.eta.sort_values(["finishes_after", "recipients"], ascending=False, kind="stable")
    if networks.empty:
        return style.sentence("There is nothing to draw: the plan has no recipients.")
    rows = _with_rest(networks)
    hours = rows["finishes_after"].dt.total_seconds() / 3600
    chart = style.figure([_bars(rows, hours)])
    chart.update_layout(
        bargap=0.4, xaxis={"visible": False, "range": [0, (hours.max() if hours.notna().any() else 1) * 1.5 or 1]},
        yaxis=style.rows_axis([style.label(name, 36) for name in rows["network"]])
        | {"tickfont": {"color": style.INK, "size": 13}},
    )  # fmt: skip
    for place, row in enumerate(rows.to_dict("records")):
        chart.add_annotation(_note(place, row, 0.0 if pd.isna(hours.iloc[place]) else hours.iloc[place]))
    counted = "From the start to each network's last message. A network is who runs the mail servers."
    return style.titled(chart, _finding(networks), counted, _ROW * len(rows), foot=16)


def _with_rest(networks: pd.DataFrame) -> pd.DataFrame:
    shown, rest = networks.iloc[:_SHOWN], networks.iloc[_SHOWN:]
    if rest.empty:
        return shown
    together = {
        "network": f"{numerals.count(len(rest))} other {'network' if len(rest) == 1 else 'networks'}",
        "recipients": rest["recipients"].sum(),
        "finishes_after": rest["finishes_after"].max(),
    }
    return pd.concat([shown, pd.DataFrame([together]).astype({"finishes_after": networks["finishes_after"].dtype})])


def _bars(rows: pd.DataFrame, hours: pd.Series[Any]) -> go.Bar:
    colours = [style.VERMILION if place == 0 and len(rows) > 1 else style.BLUE for place in range(len(rows))]
    said = [
        style.hover(row["network"], numerals.duration(row["finishes_after"]), *_pace(row))
        for row in rows.to_dict("records")
    ]
    return go.Bar(
        x=list(hours.fillna(0)), y=list(range(len(rows))), orientation="h", marker={"color": colours},
        hovertext=said, hoverinfo="text",
    )  # fmt: skip


def _pace(row: Any) -> list[str]:
    known = {name: row.get(name) for name in ("per_hour", "connections") if numerals.is_known(row.get(name))}
    return [
        numerals.plural(row["recipients"], "recipient"),
        *([f"at most {numerals.count(known['per_hour'])} an hour"] if _finite(known.get("per_hour")) else []),
        *([f"at most {numerals.plural(known['connections'], 'connection')}"] if "connections" in known else []),
    ]


def _note(place: int, row: Any, hours: float) -> dict[str, Any]:
    pace = f", {numerals.count(row['per_hour'])} an hour" if _finite(row.get("per_hour")) else ""
    said = f"{numerals.count(row['recipients'])}{pace}"
    return {
        "text": f"<b>{numerals.duration(row['finishes_after'])}</b>  <span style='color:{style.MUTED}'>{said}</span>",
        "x": hours, "y": place, "xanchor": "left", "xshift": 6,
    }  # fmt: skip


def _finite(number: Any) -> bool:
    return numerals.is_known(number) and number < float("inf")


def _finding(networks: pd.DataFrame) -> str:
    slowest = networks.iloc[0]
    whole = numerals.plural(networks["recipients"].sum(), "message")
    if not numerals.is_known(slowest["finishes_after"]):
        return f"How long {whole} take is unknown"
    least = "at least " if networks["finishes_after"].isna().any() else ""
    limit = f"; {style.label(slowest['network'])} takes longest" if len(networks) > 1 else ""
    return f"{whole} take {least}{numerals.duration(slowest['finishes_after'])}{limit}"
