"""The delivery as a form: relays, ledger and pace, and how long it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ipywidgets import BoundedIntText, HBox, Layout, VBox

from bulkkit.composition.delivery import PACES, duration, paces, relays_of, without_password
from bulkkit.composition.form import Delivering, PaceChoice
from bulkkit.composition.material import Material
from bulkkit.composition.outcome import Note, Outcome
from bulkkit.composition.reading import Place
from bulkkit.errors import BulkkitError
from bulkkit.preflight.findings import Severity
from bulkkit.sending.password import ENVIRONMENT
from bulkkit.sending.relay import Relay
from bulkkit.sending.throttle import CAUTIOUS
from bulkkit.widgets.fields import LABEL, choice, heading, shown, text, tick, ticks
from bulkkit.widgets.markup import markup
from bulkkit.widgets.notes import noted
from bulkkit.widgets.view import View

PASSWORD_TAKEN_OUT = Note(
    Severity.WARNING,
    "The password was taken out of the relay's address: it would stand in the saved notebook.",
    f"Set {ENVIRONMENT}, or keep it in the keyring.",
)


class DeliveryPane(VBox):  # type: ignore[misc]
    """Which way the messages leave, and how fast."""

    def __init__(self, material: Material, ledger: str, changed: Callable[[], None]) -> None:
        self._material, self._changed = material, changed
        self._said: tuple[Note, ...] = ()
        self.relays = [tick(_relay_name(relay), True) for relay in material.relays]
        self.own_relay = text("Own relay", "", "smtp+starttls://user%40example.org@smtp.example.org:587")
        self.ledger = text("Ledger", ledger, "bulkkit.db")
        offered = paces(material.relays, material.throttle)
        self.pace = choice("Pace", [(PACES[pace], pace.value) for pace in offered], offered[0].value)
        self.per_hour = _number("an hour", CAUTIOUS.messages or 1, 1_000_000)
        self.at_a_time = _number("at a time", CAUTIOUS.connections or 1, 1_000)
        self.numbers = HBox([self.per_hour, self.at_a_time], layout=Layout(padding=f"0 0 0 {LABEL}", display="none"))
        self.duration, self.notes = View(), View()
        super().__init__([
            heading(3, "Delivery"), ticks("Relays", self.relays), self.own_relay, self.ledger, self.pace,
            self.numbers, self.duration, self.notes,
        ])  # fmt: skip
        for view in (self.duration, self.notes):
            view.add_class("compose-wide")
        self.own_relay.observe(self._relay_typed, "value")
        for box in self.relays:
            box.observe(self._relays_changed, "value")
        for field in (self.ledger, self.per_hour, self.at_a_time):
            field.observe(lambda _change: changed(), "value")
        self.pace.observe(self._pace_chosen, "value")

    def said(self) -> Delivering:
        """Return what was chosen and typed."""
        return Delivering(
            relays=tuple(number for number, box in enumerate(self.relays) if box.value),
            own_relay=without_password(self.own_relay.value),
            ledger=self.ledger.value.strip() or "bulkkit.db",
            pace=PaceChoice(self.pace.value),
            per_hour=self.per_hour.value,
            at_a_time=self.at_a_time.value,
        )

    def show(self, outcome: Outcome) -> None:
        """Show how long the send takes, and what was found about the way."""
        plan = outcome.plan
        lasting, recipients = (None, 0) if plan is None else (duration(plan), plan.recipients)
        self.duration.show(markup("compose_duration", duration=lasting, recipients=recipients))
        self.notes.show(noted((*self._said, *outcome.notes(Place.DELIVERY))))

    def _relay_typed(self, change: dict[str, Any]) -> None:
        clean = without_password(change["new"])
        if clean != change["new"]:
            self._said = (PASSWORD_TAKEN_OUT,)
            self.own_relay.value = clean
            return
        if without_password(change["old"]) == change["old"]:
            self._said = ()
        self._relays_changed(change)

    def _relays_changed(self, _change: dict[str, Any]) -> None:
        self._offer_paces()
        self._changed()

    def _pace_chosen(self, change: dict[str, Any]) -> None:
        shown(self.numbers, change["new"] == PaceChoice.OWN)
        self._changed()

    def _offer_paces(self) -> None:
        try:
            offered = paces(relays_of(self.said(), self._material), self._material.throttle)
        except BulkkitError:
            return
        options = [(PACES[pace], pace.value) for pace in offered]
        if options != list(self.pace.options):
            kept = self.pace.value if self.pace.value in offered else offered[0].value
            with self.pace.hold_trait_notifications():
                self.pace.options, self.pace.value = options, kept


def _relay_name(relay: Relay) -> str:
    return f"the sandbox, {relay.host}:{relay.port}" if relay.is_sandbox else relay.name


def _number(unit: str, value: int, most: int) -> BoundedIntText:
    return BoundedIntText(
        value, min=1, max=most, description=unit, style={"description_width": "64px"}, layout=Layout(width="170px")
    )
