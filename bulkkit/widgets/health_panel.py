"""The health of a list and of its parts: what drags it down, what to do, and the rows behind each bar."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from ipywidgets import VBox

from bulkkit.drilling.parts import dividing, labels, parts
from bulkkit.errors import InputError, explained
from bulkkit.scoring import Health
from bulkkit.widgets.chips import Chip, Chips
from bulkkit.widgets.fields import choice
from bulkkit.widgets.figure import FigureView, Mark
from bulkkit.widgets.health_words import choices, costliest, leading, rows_title, summary
from bulkkit.widgets.markup import markup
from bulkkit.widgets.rows import Rows
from bulkkit.widgets.view import View
from bulkkit.widgets.worker import Worker


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the list: a value of a column, and how many rows have it."""

    column: str
    name: str
    rows: int


WHOLE: Final = Slice("", "whole list", -1)


@dataclass(frozen=True, slots=True)
class Division:
    """The parts that are offered, and the one that is chosen."""

    parts: tuple[Slice, ...] = (WHOLE,)
    part: Slice = WHOLE


class HealthPanel(VBox):  # type: ignore[misc]
    """Shows the health of a list or of a part of it; a click on a bar shows the rows behind it.

    Parameters
    ----------
    health
        What `bulkkit.health` returned.
    by
        The column whose values are offered as parts at first (segment, provider …): one with 2 to 30 of them.

    Raises
    ------
    InputError
        `by` is no such column.

    Notes
    -----
    No trait holds an address or any other field of a contact, so no saved notebook
    does: rows and the names of parts are told to the browser and kept nowhere.
    """

    def __init__(self, health: Health, by: str | None = None) -> None:
        self._whole, self._shown, self._list = health, health, health.basis.listed.checked
        columns = dividing(self._list)
        if by is not None and by not in columns:
            raise InputError(f"by={by!r} divides this list into no 2 to 30 parts; use {', '.join(columns) or 'None'}.")
        self._chosen, self._offered = Division(), Division().parts
        self._drawn: Division | None = None
        self._worker = Worker(self._failed)
        self._summary, self._figure, self._rows = View(), FigureView(), Rows("Click a bar to see the rows behind it.")
        self._chips = Chips("Parts of the list", self._choose)
        self.column = choice("Divide by", [("nothing", ""), *((name, name) for name in columns)], by or "")
        self.component = choice("Show rows", [("choose, or click a bar", ""), *choices(health)], "")
        self.column.observe(self._divide, "value")
        self.component.observe(lambda _: self._worker.request(self._draw), "value")
        super().__init__([self.column, self._chips.view, self._summary, self._figure, self.component, self._rows.view])
        self.add_class("bulkkit-panel")
        self._divide()

    @property
    def health(self) -> Health:
        """The health of what is chosen now."""
        self._worker.settle()
        return self._shown

    @property
    def rows(self) -> Rows:
        """The rows that are shown now."""
        self._worker.settle()
        return self._rows

    def _divide(self, _change: Any = None) -> None:
        column = self.column.value
        found = parts(self._list[column]) if column else []
        self._chosen = Division((WHOLE, *(Slice(column, part.name, part.rows) for part in found)))
        self._worker.request(self._draw)

    def _choose(self, number: int) -> None:
        # A click is on the chips that the page has, which may be those of the column before.
        offered = self._offered
        if 0 <= number < len(offered) and offered[number] in self._chosen.parts:
            self._chosen = replace(self._chosen, part=offered[number])
            self._worker.request(self._draw)

    def _draw(self) -> None:
        chosen = self._chosen
        part = chosen.part
        if chosen != self._drawn:
            self._offered = chosen.parts
            self._chips.show([Chip(each.name, _size(each), each == part) for each in chosen.parts])
            self._shown = self._health_of(part)
            of = "the whole list" if part is WHOLE else part.name
            self._summary.show(markup("health", said=summary(self._shown), of=of))
            self._figure.show(self._shown.figure(), clicked=self._clicked, titled=False)
            self._drawn = chosen
        self._show_rows(part, self.component.value)

    def _health_of(self, part: Slice) -> Health:
        if part is WHOLE:
            return self._whole
        return self._whole.of(labels(self._list[part.column]) == part.name)

    def _show_rows(self, part: Slice, component: str) -> None:
        if not component:
            return self._rows.clear()
        try:
            rows = self._shown.rows(component)
        except InputError as error:
            return self._rows.say(explained(error))
        title = rows_title(component) + ("" if part is WHOLE else f" ({part.name})")
        return self._rows.show(rows, title, stem=f"{component}-{part.name}", leading=leading(component))

    def _clicked(self, mark: Mark) -> None:
        self.component.value = str(costliest(self._shown.components)["component"].iloc[mark.row])

    def _failed(self, error: BaseException) -> None:
        self._rows.view.show(markup("failure", sentence=explained(error)))


def _size(part: Slice) -> str:
    return "" if part is WHOLE else f"{part.rows:,}"
