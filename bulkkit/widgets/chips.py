"""Names to choose from as buttons in a row: other people's words, so shown and never held by a trait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bulkkit.widgets.markup import markup
from bulkkit.widgets.view import View


@dataclass(frozen=True, slots=True)
class Chip:
    """One name, a word beside it, and whether it is chosen."""

    name: str
    note: str = ""
    chosen: bool = False


class Chips:
    """Buttons in a view of their own (`view`); a click calls `clicked` with the number of the name."""

    def __init__(self, label: str, clicked: Callable[[int], None]) -> None:
        self.view = View()
        self._label = label
        self.view.on("choose", lambda number: clicked(int(number)))

    def show(self, chips: Sequence[Chip]) -> None:
        """Show these names instead of the earlier ones."""
        self.view.show(markup("chips", chips=chips, label=self._label, action="choose"))
