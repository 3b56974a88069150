"""A chart in a panel: another takes its place at once, and a click on a mark of it says which.

Beside plotly's own FigureWidget: a click came to a new chart in 0.5 s where one widget
was filled anew and in 1.5 s where each chart was a new one, and a saved notebook held
5 MB for each (plotly 7.1, measured 2026-11). Here the drawing library and the charts
travel as messages, which no notebook keeps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from anywidget import AnyWidget

from bulkkit.reporting.figures import PageFigure
from bulkkit.widgets.markup import markup

HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark of a chart: its trace, where it stands in it, and on which of the chart's small panels."""

    trace: Any
    number: int

    @property
    def x(self) -> Any:
        """Where it stands across."""
        return self.trace.x[self.number]

    @property
    def row(self) -> int:
        """In which row it stands, from the top."""
        return int(self.trace.y[self.number])

    @property
    def panel(self) -> int:
        """The number of the small panel, from 0."""
        axis = str(self.trace.xaxis or "x").removeprefix("x")
        return int(axis or 1) - 1


class FigureView(AnyWidget):
    """Shows a plotly figure that travels as a message, never as a trait.

    Parameters
    ----------
    resized
        Called when the place for the chart became `narrow` (fewer than 760 pixels) or wide.
    """

    _esm = HERE / "figure.js"
    _css = HERE / "view.css"

    def __init__(self, resized: Callable[[], None] | None = None) -> None:
        self._told: dict[str, Any] = {"do": "draw", "figure": ""}
        self._figure: Any = None
        self._clicked: Callable[[Mark], None] | None = None
        self._serial = 0
        self._resized = resized
        self.narrow = False
        super().__init__()
        self.on_msg(self._heard)

    @property
    def figure(self) -> Any:
        """The figure that is shown now; None where none is."""
        return self._figure

    def show(self, figure: Any, *, clicked: Callable[[Mark], None] | None = None, titled: bool = True) -> None:
        """Show a figure, its title as text above it; call `clicked` with a mark of it that was clicked."""
        page = PageFigure.of("chart", figure)
        words = markup("figure", caption=page.caption if titled else "", counted=page.counted)
        self._figure, self._clicked, self._serial = figure, clicked, self._serial + 1
        self._tell(
            {
                "do": "draw", "figure": str(page.data), "words": words, "height": page.height,
                "clickable": clicked is not None, "serial": self._serial,
            }
        )  # fmt: skip

    def clear(self) -> None:
        """Show nothing."""
        self._figure, self._clicked = None, None
        self._tell({"do": "draw", "figure": ""})

    def _tell(self, message: dict[str, Any]) -> None:
        self._told = message
        self.send(message)

    def _heard(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
        asked = content.get("do")
        if asked == "ready":
            self.send(self._told)
        elif asked == "library":
            self.send({"do": "library"}, buffers=[_library()])
        elif asked == "narrow":
            self.narrow = bool(content.get("narrow"))
            if self._resized is not None:
                self._resized()
        elif asked == "click" and self._clicked is not None and content.get("serial") == self._serial:
            self._clicked(Mark(self._figure.data[int(content["curve"])], int(content["point"])))


@cache
def _library() -> bytes:
    from plotly.offline import get_plotlyjs

    source: str = get_plotlyjs()
    return source.encode()
