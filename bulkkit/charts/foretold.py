"""A simulated send: what each network takes when, what it puts off, and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from bulkkit.charts import numerals, style
from bulkkit.frames import require

_KINDS: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "accepted": ("accepted", style.BLUE, "blue"),
        "deferred": ("put off", style.ORANGE, "orange"),
        "refused": ("refused", style.VERMILION, "red"),
        "expired": ("given up", style.MUTED, "grey"),
    }
)
"""What can become of messages, from the ground up, in words and colours, and what those are called."""

_NEEDED: Final = ("time", "network", "waiting", *_KINDS)
_SHOWN: Final = 6
_STRIP: Final = 84
_LABEL: Final = 0.34
_REST: Final = "\0the others"
"""No network has this name."""


def simulation(frame: pd.DataFrame) -> go.Figure:
    """Draw what a simulated send does: one strip for each of the largest networks, and one for the others together.

    Parameters
    ----------
    frame
        What `Plan.simulate` returned: `time` (from the start), `network`, and the messages `accepted`, `deferred`,
        `refused`, `expired` in each step and `waiting` after it.

    Returns
    -------
    plotly.graph_objects.Figure
        Bars of a step's messages, each strip with its own scale. What is left waiting is named, and why the send
        stopped itself where it did.

    Raises
    ------
    InputError
        The frame lacks one of these columns.
    """
    require(frame, _NEEDED, "the simulation")
    if frame.empty:
        return style.sentence("There is nothing to draw: the plan has no recipients.")
    told = _grouped(frame)
    step = _step(frame)
    unit, name = _unit(pd.Timedelta(frame["time"].max()))
    strips = list(dict.fromkeys(told["network"]))
    chart = style.figure()
    for place, network in enumerate(strips):
        _draw(chart, told[told["network"].eq(network)], place, len(strips), (step, unit))
    chart.update_layout(barmode="stack", bargap=0, margin={"r": 64})
    last = f"xaxis{len(strips) if len(strips) > 1 else ''}"
    whole = pd.Timedelta(frame["time"].max()) / unit
    chart.update_layout({last: {"showticklabels": True, "title": {"text": f"{name} from the start"}, "nticks": 9}})
    chart.update_xaxes(range=[0, whole])
    return style.titled(chart, _finding(frame), _counted(frame, step), _STRIP * len(strips), foot=56)


def _grouped(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the largest networks, the largest first, and behind them the others as one."""
    sizes = _recipients(frame).sort_values(ascending=False, kind="stable")
    others = sizes.index[_SHOWN:] if len(sizes) > _SHOWN + 1 else sizes.index[:0]
    named = frame.assign(network=frame["network"].where(~frame["network"].isin(others), _REST))
    sums = named.groupby(["network", "time"], as_index=False)[list(_KINDS)].sum()
    order = {network: place for place, network in enumerate(sizes.index)} | {_REST: len(sizes)}
    places = sums["network"].map(order)
    counts = sizes.where(~sizes.index.isin(others)).dropna()
    totals = {**counts.to_dict(), _REST: sizes[others].sum()}
    several = {_REST: len(others)}
    return sums.assign(
        total=sums["network"].map(totals), networks=sums["network"].map(several).fillna(1), place=places
    ).sort_values(["place", "time"], ignore_index=True)


def _recipients(frame: pd.DataFrame) -> pd.Series[Any]:
    return frame.groupby("network", sort=False)["waiting"].first()


def _draw(
    chart: go.Figure, rows: pd.DataFrame, place: int, strips: int, scale: tuple[pd.Timedelta, pd.Timedelta]
) -> None:
    step, unit = scale
    suffix = "" if place == 0 else str(place + 1)
    top, bottom = 1 - place / strips, 1 - (place + 1) / strips
    bars = [_bar(rows, kind, step, unit) for kind in _KINDS if rows[kind].any()]
    chart.add_traces([bar.update(xaxis=f"x{suffix}", yaxis=f"y{suffix}") for bar in bars])
    highest = max(int(rows[list(_KINDS)].sum(axis=1).max()), 1)
    chart.update_layout(
        {
            f"yaxis{suffix}": {
                "domain": [bottom, top - _LABEL / strips], "anchor": f"x{suffix}", "range": [0, highest * 1.05],
                "tickvals": [highest], "ticktext": [numerals.count(highest)], "side": "right", "showgrid": True,
                "ticklabelstandoff": 4,
            },
            f"xaxis{suffix}": {
                "anchor": f"y{suffix}", "showticklabels": False, "showline": True, "linecolor": style.QUIET,
            } | ({"matches": "x"} if place else {}),
        }
    )  # fmt: skip
    chart.add_annotation(
        text=_label(rows), x=0, xref="paper", xanchor="left", y=top - _LABEL / strips, yref="paper",
        yanchor="bottom", yshift=2,
    )  # fmt: skip


def _bar(rows: pd.DataFrame, kind: str, step: pd.Timedelta, unit: pd.Timedelta) -> go.Bar:
    said, colour, _ = _KINDS[kind]
    shown = rows[rows[kind] > 0]
    return go.Bar(
        x=[(time - step / 2) / unit for time in shown["time"]], y=list(shown[kind]), width=step / unit * 0.92,
        marker={"color": colour, "line": {"width": 0}}, hoverinfo="text",
        hovertext=[
            style.hover(f"{numerals.count(number)} {said}", f"until {numerals.duration(time)} after the start")
            for number, time in zip(shown[kind], shown["time"], strict=True)
        ],
    )  # fmt: skip


def _label(rows: pd.DataFrame) -> str:
    network, networks, total = rows[["network", "networks", "total"]].iloc[0]
    named = style.label(network, 40)
    if network == _REST:
        named = f"{numerals.count(networks)} other networks"
    done = int(rows[["accepted", "refused", "expired"]].sum().sum())
    last = rows.loc[rows[["accepted", "refused", "expired"]].sum(axis=1) > 0, "time"].max()
    ends = f"{numerals.count(total - done)} never sent" if done < total else f"done after {numerals.duration(last)}"
    return f"<b>{named}</b>  <span style='color:{style.MUTED}'>{numerals.count(total)}, {ends}</span>"


def _step(frame: pd.DataFrame) -> pd.Timedelta:
    between = frame["time"].drop_duplicates().sort_values().diff().dropna()
    return pd.Timedelta(between.min()) if len(between) else pd.Timedelta(frame["time"].max())


def _unit(whole: pd.Timedelta) -> tuple[pd.Timedelta, str]:
    units = (("1D", 3, "Days"), ("1h", 3, "Hours"), ("1min", 3, "Minutes"), ("1s", 0, "Seconds"))
    return next((pd.Timedelta(size), name) for size, least, name in units if whole >= least * pd.Timedelta(size))


def _counted(frame: pd.DataFrame, step: pd.Timedelta) -> str:
    stopped = frame.attrs.get("stopped")
    why = f" Why it stops: {style.text(stopped)}." if stopped else ""
    steps = f"Messages in steps of {numerals.duration(step)}; each strip has its own scale. {_legend(frame)}"
    return f"{steps}{why}"


def _legend(frame: pd.DataFrame) -> str:
    said = [f"{called}: {name}" for kind, (name, _, called) in _KINDS.items() if frame[kind].any()]
    return f"{'; '.join(said).capitalize()}." if len(said) > 1 else ""


def _finding(frame: pd.DataFrame) -> str:
    total = int(_recipients(frame).sum())
    accepted, refused, expired = (int(frame[kind].sum()) for kind in ("accepted", "refused", "expired"))
    left = total - accepted - refused - expired
    if left:
        why = "the send stops itself" if frame.attrs.get("stopped") else "networks refuse us and get nothing more"
        return f"{numerals.count(left)} of {numerals.plural(total, 'message')} are never sent: {why}"
    after = numerals.duration(frame.loc[frame[["accepted", "refused", "expired"]].sum(axis=1) > 0, "time"].max())
    lost = f", {numerals.count(refused + expired)} refused or given up" if refused + expired else ""
    return f"{numerals.plural(total, 'message')} are through after {after}{lost}"
