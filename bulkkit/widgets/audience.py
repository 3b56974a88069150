"""The audience as a form: the whole list or a segment, whom to leave out, and how many remain."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

from ipywidgets import VBox

from bulkkit.charts.exclusions import STEP_NAMES
from bulkkit.composition.form import Choosing
from bulkkit.composition.groups import Groups
from bulkkit.composition.outcome import Outcome
from bulkkit.composition.reading import Place
from bulkkit.dispatch.plans import Plan
from bulkkit.drilling.parts import Part
from bulkkit.vocabulary import Reason
from bulkkit.widgets.fields import choice, heading, shown, text, tick, ticks
from bulkkit.widgets.markup import markup
from bulkkit.widgets.notes import noted
from bulkkit.widgets.view import View

WHOLE: Final = "The whole list (a blast)"
REASONS: Final = {
    Reason.DISPOSABLE: "disposable",
    Reason.POSSIBLE_TYPO: "probably misspelt",
    Reason.ROLE_BASED: "of a role, as info@",
    Reason.PRIVACY_RELAY: "privacy relays",
}
"""Risky addresses that can be left out, in words."""


class AudiencePane(VBox):  # type: ignore[misc]
    """Who gets it. A column's values are the contacts' own words, so they are shown and never a trait."""

    def __init__(
        self, groups: Groups, leave_out: Collection[str], consent: str | None, changed: Callable[[], None]
    ) -> None:
        self._groups, self._changed = groups, changed
        self._offered: tuple[Part, ...] = ()
        self._chosen: frozenset[str] = frozenset()
        self.column = choice("Send to", [(WHOLE, ""), *((f"A segment, by {name}", name) for name in groups)], "")
        self.values, self.waterfall, self.notes = View(), View(), View()
        self.leave_out = {reason: tick(said, reason in leave_out) for reason, said in REASONS.items()}
        self.consent = text("Consent", consent or "", "where it is kept, such as: signed forms in the office")
        left_out = ticks("Leave out", self.leave_out.values())
        super().__init__(
            [heading(2, "Audience"), self.column, self.values, left_out, self.consent, self.waterfall, self.notes]
        )
        self.values.on("choose", self.choose)
        self.column.observe(self._column_chosen, "value")
        for field in (*self.leave_out.values(), self.consent):
            field.observe(lambda _change: changed(), "value")
        self.values.add_class("compose-beside")
        self.waterfall.add_class("compose-wide")
        self.notes.add_class("compose-wide")

    def said(self) -> Choosing:
        """Return what was chosen."""
        leave_out = frozenset(str(reason) for reason, box in self.leave_out.items() if box.value)
        return Choosing(self.column.value or None, self._chosen, leave_out, self.consent.value)

    def choose(self, place: str) -> None:
        """Choose the value at this place of those shown, or no longer choose it."""
        if place.isdecimal() and int(place) < len(self._offered):
            self._chosen ^= {self._offered[int(place)].name}
            self._show_values()
            self._changed()

    def show(self, outcome: Outcome) -> None:
        """Show how the list becomes the recipients."""
        self.waterfall.show(waterfall(outcome.plan))
        self.notes.show(noted(outcome.notes(Place.AUDIENCE)))

    def ask_consent(self, asked: bool) -> None:
        """Ask where consent is kept, or do not."""
        shown(self.consent, asked)

    def _column_chosen(self, change: dict[str, Any]) -> None:
        self._chosen = frozenset()
        self._offered = () if not change["new"] else self._groups.of_column(change["new"])
        self._show_values()
        self._changed()

    def _show_values(self) -> None:
        self.values.show(markup("compose_groups", groups=self._offered, chosen=self._chosen) if self._offered else "")


def waterfall(plan: Plan | None) -> str:
    """Return the steps from the list to the recipients as bars; steps that leave nobody out are only named."""
    steps = [] if plan is None else plan.waterfall.to_dict("records")
    read = max(1, int(steps[0]["rows"])) if steps else 1
    shown_steps = [_bar(step, read) for step in steps if step["rows"] or _is_whole(step["step"])]
    nobody = [STEP_NAMES[step["step"]] for step in steps if not step["rows"] and _said_when_empty(step["step"])]
    return markup("compose_waterfall", steps=shown_steps, nobody=nobody)


def _bar(step: dict[Any, Any], read: int) -> dict[str, Any]:
    whole = _is_whole(step["step"])
    return {
        "name": STEP_NAMES[step["step"]],
        "rows": step["rows"],
        "whole": whole,
        "before": 0 if whole else 100 * step["remaining"] / read,
        "share": 100 * step["rows"] / read,
    }


def _is_whole(step: str) -> bool:
    return step in {"read", "recipients"}


def _said_when_empty(step: str) -> bool:
    # That nobody is beyond a limit, or held out, which was not asked for tells nothing.
    return not _is_whole(step) and step not in {"over_limit", "holdout"}
