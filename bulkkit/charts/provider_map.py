"""Who runs the mail of a list: a tile for each provider, as large as its share, dark where much is in doubt."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from bulkkit.charts import numerals, style
from bulkkit.frames import require
from bulkkit.vocabulary import Action

_HEIGHT: Final = 380
_SHOWN: Final = 24
_OTHERS: Final = "other domains"
_WORST: Final = 0.25
"""The share in doubt from which on a tile is as dark as can be."""


def providers(checked: pd.DataFrame) -> go.Figure:
    """Draw at which providers the addresses of a verified list are, and where many are in doubt.

    Parameters
    ----------
    checked
        What `bulkkit.verify` returned, with the columns `email, provider, action`.

    Returns
    -------
    plotly.graph_objects.Figure
        A treemap: a tile for each of the largest providers, and for the largest domains whose provider is not known.

    Raises
    ------
    InputError
        The frame has no column `email`, `provider` or `action`.
    """
    require(checked, ("email", "provider", "action"), "the verified list")
    if checked.empty:
        return style.sentence("There is nothing to draw: the list has no addresses.")
    tiles = _tiles(checked)
    total = int(tiles["rows"].sum())
    chart = style.figure([_map(tiles, total)])
    chart.update_layout(margin={"l": 16, "r": 16}, uniformtext={"minsize": 10, "mode": "hide"})
    counted = (
        "As large as the number of addresses; the redder, the larger the share in doubt or impossible to deliver to."
    )
    return style.titled(chart, _finding(tiles, total), counted, _HEIGHT, foot=8)


def _tiles(checked: pd.DataFrame) -> pd.DataFrame:
    """Return `name, known, rows, doubt`, the smallest ones together."""
    provider = checked["provider"].astype("str")
    provider = provider.where(provider != numerals.UNKNOWN)
    domain = checked["email"].astype("str").str.rpartition("@")[2].str.lower()
    told = pd.DataFrame(
        {"name": provider.fillna(domain), "known": provider.notna(), "doubt": checked["action"] != Action.SEND}
    )
    counted = told.groupby(["name", "known"], as_index=False).agg(rows=("doubt", "size"), doubt=("doubt", "sum"))
    ranked = counted.sort_values("rows", ascending=False, kind="stable", ignore_index=True)
    rest = ranked.iloc[_SHOWN:]
    if rest.empty:
        return ranked
    others = {
        "name": f"{numerals.count(len(rest))} {_OTHERS}",
        "known": False,
        "rows": rest["rows"].sum(),
        "doubt": rest["doubt"].sum(),
    }
    return pd.concat([ranked.iloc[:_SHOWN], pd.DataFrame([others])], ignore_index=True)


def _map(tiles: pd.DataFrame, total: int) -> go.Treemap:
    shares = (tiles["doubt"] / tiles["rows"]).tolist()
    return go.Treemap(
        labels=[style.label(name) for name in tiles["name"]], parents=[""] * len(tiles), values=tiles["rows"].tolist(),
        text=[f"{numerals.count(rows)}" for rows in tiles["rows"]], texttemplate="<b>%{label}</b><br>%{text}",
        hovertext=[_said(row, total) for row in tiles.to_dict("records")], hoverinfo="text",
        marker={
            "colors": shares, "cmin": 0, "cmax": _WORST, "colorscale": [[0, style.TRACK], [1, style.VERMILION]],
            "line": {"color": style.PAPER, "width": 2}, "showscale": False, "pad": {"t": 0, "l": 0, "r": 0, "b": 0},
        },
        textfont={"color": style.INK, "size": 13}, tiling={"pad": 0}, pathbar={"visible": False},
        root={"color": style.PAPER},
    )  # fmt: skip


def _said(row: Any, total: int) -> str:
    return style.hover(
        row["name"], f"{numerals.plural(row['rows'], 'address', 'addresses')}, {numerals.percent(row['rows'] / total)}",
        f"{numerals.percent(row['doubt'] / row['rows'])} in doubt or undeliverable, n = {numerals.count(row['rows'])}",
    )  # fmt: skip


def _finding(tiles: pd.DataFrame, total: int) -> str:
    known = tiles[tiles["known"]]
    if known.empty:
        return f"The providers of {numerals.plural(total, 'address', 'addresses')} are unknown"
    largest = known.iloc[0]
    share = numerals.percent(largest["rows"] / total)
    return f"{share} of the addresses are at {style.label(largest['name'])}, more than at any other provider"
