"""A chart as a file: an HTML page that needs no network, or a still picture."""

from __future__ import annotations

import os
import shutil
from os import PathLike
from pathlib import Path
from typing import Final

import plotly.graph_objects as go

from bulkkit.errors import ConfigurationError, InputError

WIDTH: Final = 960
SCALE: Final = 2.0
PICTURES: Final = (".png", ".svg", ".pdf", ".jpg", ".webp")
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def save(chart: go.Figure, path: str | PathLike[str], width: int = WIDTH, scale: float = SCALE) -> Path:
    """Write a chart to a file, without asking any network.

    Parameters
    ----------
    chart
        What a function of `bulkkit.charts` returned.
    path
        Where to write it; its ending decides: .html (with plotly inside, 5 MB), or .png, .svg, .pdf, .jpg, .webp.
    width
        In pixels; the height is the chart's own.
    scale
        Pixels of a picture for each of these: 2 for sharp screens and for print.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ConfigurationError
        Pictures need the library kaleido (`pip install "bulkkit[pictures]"`) and a Chromium or Chrome.
    InputError
        The ending is none of these.
    """
    target = Path(path)
    if target.suffix.lower() == ".html":
        config = {"displaylogo": False, "plotlyServerURL": "", "responsive": True}
        target.write_text(chart.to_html(include_plotlyjs=True, config=config), encoding="utf-8")
    elif target.suffix.lower() in PICTURES:
        target.write_bytes(_picture(chart, target.suffix[1:].lower(), width, scale))
    else:
        raise InputError(f"path={str(target)!r} has no ending of a picture; use .html, {', '.join(PICTURES)}.")
    return target


def _picture(chart: go.Figure, kind: str, width: int, scale: float) -> bytes:
    try:
        import kaleido
    except ImportError as error:
        raise ConfigurationError(
            'Pictures need the library kaleido: pip install "bulkkit[pictures]". An .html needs nothing.'
        ) from error
    options = {"format": kind, "width": width, "height": chart.layout.height, "scale": scale}
    # MathJax would come from a network: no chart of ours holds a formula.
    found: bytes = kaleido.calc_fig_sync(
        chart.to_plotly_json(), opts=options, kopts={"path": _browser(), "mathjax": False}
    )
    return found


def _browser() -> str:
    """Return the machine's browser: the one that BROWSER_PATH names, or the first that is there."""
    found = os.environ.get("BROWSER_PATH") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        raise ConfigurationError("Pictures need a Chromium or Chrome; install one, or name it in BROWSER_PATH.")
    return found
