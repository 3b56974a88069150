"""What the tests of the panels share: clicks without a browser, and all that a saved notebook would hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ipywidgets import Widget


def click(figure: Any, curve: int, point: int) -> None:
    """Click a mark of the chart that is shown, as the browser tells it."""
    figure._heard(figure, {"do": "click", "curve": curve, "point": point, "serial": figure._serial}, [])


def press(view: Any, action: str, what: str = "") -> None:
    """Click an element of a view, as the browser tells it."""
    view._heard(view, {"do": action, "what": what}, [])


def saved(panel: Widget) -> str:
    """The state of a widget and of all below it, as text, without the scripts and styles that are files of ours."""
    states = [widget.get_state() for widget in _below(panel)]
    told = [{name: value for name, value in state.items() if name not in ("_esm", "_css")} for state in states]
    return json.dumps(told, default=str, ensure_ascii=False)


def _below(widget: Widget) -> Iterator[Widget]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _below(child)
