"""What came of campaigns: rates, funnel, timeline and comparison, the people behind each mark, and the report."""

from __future__ import annotations

from os import PathLike
from typing import Any, Final

import pandas as pd
from ipywidgets import Box, Button, Layout, ToggleButtons, VBox

from bulkkit import charts
from bulkkit.comparison import Comparison
from bulkkit.drilling.parts import dividing
from bulkkit.errors import InputError, explained
from bulkkit.ledger import Ledger
from bulkkit.vocabulary import Counts, Rate
from bulkkit.widgets.chips import Chip, Chips
from bulkkit.widgets.comparing import ALONE, SAME, Pair, drawn, first_pair
from bulkkit.widgets.fields import choice, shown
from bulkkit.widgets.figure import FigureView, Mark
from bulkkit.widgets.markup import markup
from bulkkit.widgets.readings import Reading, read
from bulkkit.widgets.reports import write_report
from bulkkit.widgets.rows import Rows
from bulkkit.widgets.sections import ASKED, RANGE, Behind, Choice, Section, behind, key_figure_groups
from bulkkit.widgets.view import View
from bulkkit.widgets.worker import Worker

_COUNTED: Final = [
    ("people and machines, as a range", RANGE),
    ("people only", str(Counts.HUMAN)),
    ("everything, machines included", str(Counts.ALL)),
]
_ASKED: Final = [("choose, or click the chart", ""), *((words, name) for name, words in ASKED.items())]
_RATES: Final = [(words, name) for name, words in ASKED.items() if name in list(Rate)]


class ReportPanel(VBox):  # type: ignore[misc]
    """Shows what came of the campaigns of a ledger; a click on a bar or dot shows the people behind it.

    Parameters
    ----------
    ledger
        The ledger, or the path of its file.
    contacts
        The contacts, for splitting by their columns and for showing them; joined by mailbox.

    Notes
    -----
    The ledger is read once, and again when asked to. No trait holds an address or any
    other field of a contact: rows are told to the browser and kept nowhere.
    """

    def __init__(self, ledger: Ledger | str | PathLike[str], contacts: pd.DataFrame | None = None) -> None:
        self._ledger, self._contacts = ledger, contacts
        self._reading: Reading | None = None
        self._chosen: tuple[str, ...] = ()
        self._behind: Behind | None = None
        self._drawn: Any = None
        self._rates = pd.DataFrame()
        self._compared: dict[Pair, Comparison] = {}
        self._worker, self._writer = Worker(self._failed), Worker(self._failed)
        self._head, self._figure, self._words, self._said = (
            View("Reading the ledger …"),
            FigureView(self._redraw),
            View(),
            View(),
        )
        self._rows = Rows("Click a bar or a dot to see the people behind it.")
        self._chips = Chips("Campaigns", self._choose)
        self._lay_out()
        self._read()

    def _lay_out(self) -> None:
        columns = [] if self._contacts is None else dividing(self._contacts)
        self.section = ToggleButtons(options=[str(section) for section in Section], style={"button_width": "108px"})
        self.by = choice("Split by", ["campaign", *columns], "campaign")
        self.counts = choice("Count", _COUNTED, RANGE)
        self.treated, self.control = choice("Campaign", [], None), choice("Beside", [], None)
        self.rate = choice("Rate", _RATES, str(Rate.CLICKED))
        self.people = choice("Show people", _ASKED, "")
        self.again, self.write = Button(description="Read again"), Button(description="Write the report")
        self.again.on_click(self._read)
        self.write.on_click(self._write)
        self.people.observe(self._ask, "value")
        for field in (self.section, self.by, self.counts, self.treated, self.control, self.rate):
            field.observe(self._change, "value")
        self._fields = _line(self.by, self.treated, self.control, self.rate, self.counts)
        top = _line(self._head, self.again, self.write)
        top.add_class("bulkkit-top")
        body = [self._figure, self._words, self.people, self._rows.view]
        super().__init__([top, self._said, self._chips.view, self.section, self._fields, *body])
        self.add_class("bulkkit-panel")

    @property
    def rows(self) -> Rows:
        """The rows that are shown now."""
        self._worker.settle()
        return self._rows

    def _read(self, _button: Any = None) -> None:
        self._reading = None
        self._redraw()

    def _redraw(self) -> None:
        self._worker.request(self._draw)

    def _choose(self, number: int) -> None:
        if self._reading is not None:
            self._chosen = _toggled([told.name for told in self._reading.campaigns], self._chosen, number)
            self._change()

    def _change(self, _change: Any = None) -> None:
        self._behind = None
        self.people.value = ""
        self._redraw()

    def _ask(self, change: Any) -> None:
        if change.new:
            self._behind = Behind(change.new, str(Counts.HUMAN if self.counts.value == Counts.HUMAN else Counts.ALL))
            self._redraw()

    def _clicked(self, mark: Mark) -> None:
        if (found := behind(self.section.value, mark, self._rates, self.counts.value)) is not None:
            self.people.value = ""
            self._behind = found
            self._redraw()

    def _write(self, _button: Any) -> None:
        if self._chosen:
            self._say("note", f"Writing the report on {self._chosen[0]} …")
            self._writer.request(self._report)

    def _report(self) -> None:
        campaign = self._chosen[0]
        path = write_report(campaign, self._ledger, self._contacts)
        self._say("note good", f"The report on {campaign} is {path.name} in {path.parent.resolve()}.")

    @property
    def _choice(self) -> Choice:
        return Choice(self._chosen, self.by.value, self.counts.value)

    @property
    def _pair(self) -> Pair:
        return Pair(self.treated.value, self.control.value, self.rate.value, self.counts.value)

    def _draw(self) -> None:
        if self._reading is not None:
            return self._show(self._reading)
        reading = read(self._ledger, self._contacts)
        self._take(reading)
        self._show(reading)
        # Worked out before anybody asks: the first comparison is the slowest of all clicks.
        self._comparison(reading, self._pair)
        return None

    def _take(self, reading: Reading) -> None:
        names = [told.name for told in reading.campaigns]
        self._chosen = tuple(name for name in names if name in self._chosen) or (names[0],)
        pair = (self.treated.value, self.control.value)
        self.treated.options, self.control.options, self._compared = names, names, {}
        self.treated.value, self.control.value = pair if set(pair) <= set(names) else first_pair(reading.campaigns)
        self._said.show("")
        self._head.show(markup("report_head", kind="muted", sentence=reading.headline()))
        self._reading = reading

    def _show(self, reading: Reading) -> None:
        section, pair = self.section.value, self._pair
        state = (reading, section, self._choice, pair, self._figure.narrow)
        if state != self._drawn:
            self._show_fields(section, reading)
            self._show_section(section, reading, pair)
            self._drawn = state
        self._show_rows(section, reading)

    def _show_fields(self, section: str, reading: Reading) -> None:
        compares = section == Section.COMPARISON
        self._chips.show([Chip(told.name, told.note, told.name in self._chosen) for told in reading.campaigns])
        for field in (self.treated, self.control, self.rate):
            shown(field, compares)
        shown(self.by, section in (Section.RATES, Section.FUNNEL, Section.FIGURES))
        for part in (self._chips.view, self.people, self._rows.view):
            shown(part, not compares)
        for part in (self.section, self._fields, self.write):
            shown(part, True)

    def _show_section(self, section: str, reading: Reading, pair: Pair) -> None:
        if section == Section.COMPARISON:
            self._show_comparison(reading, pair)
        elif section == Section.TIMELINE:
            self._chart(charts.timeline(self._choice.events(reading.messages)))
        elif section == Section.WAITING:
            self._chart(charts.waiting(self._choice.waiting(reading.messages), self._chosen[0]))
        else:
            self._rates = self._choice.rates(reading.messages)
            self._show_rates(section)

    def _show_rates(self, section: str) -> None:
        if section == Section.FIGURES:
            self._figure.clear()
            self._words.show(markup("report_figures", groups=key_figure_groups(self._rates, self.by.value)))
        elif section == Section.FUNNEL:
            self._chart(charts.funnel(self._rates))
        else:
            self._chart(charts.rates(self._rates, columns=2 if self._figure.narrow else 4))

    def _chart(self, chart: Any) -> None:
        self._figure.show(chart, clicked=self._clicked)
        self._words.show("")

    def _show_comparison(self, reading: Reading, pair: Pair) -> None:
        found = self._comparison(reading, pair)
        if found is None:
            self._figure.clear()
            sentence = SAME if len(reading.campaigns) > 1 else ALONE
            return self._words.show(markup("report_head", kind="note", sentence=sentence))
        chart, words = drawn(found)
        self._figure.show(chart)
        return self._words.show(words)

    def _comparison(self, reading: Reading, pair: Pair) -> Comparison | None:
        if pair.treated == pair.control:
            return None
        if pair not in self._compared:
            self._compared[pair] = pair.compared(reading.messages)
        return self._compared[pair]

    def _show_rows(self, section: str, reading: Reading) -> None:
        if self._behind is None or section == Section.COMPARISON:
            return self._rows.clear()
        try:
            rows = self._behind.rows(reading.messages, self._choice)
        except InputError as error:
            return self._rows.say(explained(error))
        whose = self._chosen[:3] if self._behind.group is None else [self._behind.group]
        stem = "-".join([self._behind.what, *whose])
        return self._rows.show(rows, self._behind.title(self._choice), stem=stem)

    def _say(self, kind: str, sentence: str) -> None:
        self._said.show(markup("report_head", kind=kind, sentence=sentence))

    def _failed(self, error: Exception) -> None:
        self._said.show(markup("failure", sentence=explained(error)))
        if self._reading is None:
            self._head.show("")
            self._figure.clear()
            for part in (self._chips.view, self.section, self._fields, self.write, self.people, self._rows.view):
                shown(part, False)


def _toggled(names: list[str], chosen: tuple[str, ...], number: int) -> tuple[str, ...]:
    """Return the names chosen after a click on one of them, in their order; one at least stays chosen."""
    name = names[number]
    after = [each for each in names if (each in chosen) != (each == name)]
    return tuple(after) or (name,)


def _line(*parts: Any) -> Box:
    return Box(list(parts), layout=Layout(flex_flow="row wrap", align_items="center", grid_gap="2px 20px"))
