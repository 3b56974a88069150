"""Check and send: what blocks, a test mail, and the count that is typed before anything leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ipywidgets import Button, HBox, Layout, VBox

from bulkkit.charts.numerals import count
from bulkkit.composition.outcome import Outcome
from bulkkit.composition.reading import Place
from bulkkit.dispatch.plans import Plan
from bulkkit.errors import InputError, explained
from bulkkit.widgets.fields import heading, shown, text
from bulkkit.widgets.markup import markup
from bulkkit.widgets.notes import noted
from bulkkit.widgets.view import View

SANDBOX = "Nothing leaves this machine: it is a rehearsal in the sandbox."
LOOPBACK = "It goes to a relay on this machine."
REAL = "It goes to real mailboxes."


class ConfirmationPane(VBox):  # type: ignore[misc]
    """The last step: sending is possible only while the number typed is that of the recipients."""

    def __init__(
        self,
        send: Callable[[Plan, int], None],
        resume: Callable[[Plan], None],
        trial: Callable[[Plan, str], None],
    ) -> None:
        self._outcome: Outcome | None = None
        self._complains = False
        self._on_send, self._on_resume, self._on_trial = send, resume, trial
        self.check, self.notes, self.answer = View(), View(), View()
        self.trial = View()
        self.number = text("To confirm", "", "type the number of recipients", at_each_key=True)
        self.number.layout.flex = "1 1 0%"
        self.send_button = Button(description="Send", button_style="primary", disabled=True, icon="paper-plane")
        self.resume_button = Button(
            description="Resume", button_style="primary", layout=Layout(display="none"), icon="play"
        )
        self.row = HBox([self.number, self.send_button])
        super().__init__(
            [
                heading(4, "Check and send"),
                self.check,
                self.notes,
                self.trial,
                self.row,
                self.resume_button,
                self.answer,
            ]
        )
        self.number.observe(lambda _change: self._enable(), "value")
        self.send_button.on_click(lambda _button: self._clicked())
        self.resume_button.on_click(lambda _button: self._resume_clicked())
        self.trial.on("trial", self._trial_clicked)
        self.show_trial()

    @property
    def _plan(self) -> Plan:
        if self._outcome is None or self._outcome.plan is None:
            raise InputError("There is no plan yet: put right what is said above.")
        return self._outcome.plan

    @property
    def typed(self) -> int | None:
        """The number that was typed, or None where it is none; thousands may be apart."""
        digits = self.number.value.replace(",", "").replace(" ", "").replace("\u00a0", "")
        return int(digits) if digits.isdecimal() and digits.isascii() else None

    def wait(self) -> None:
        """Say that the plan is being worked out; until it is there nothing can be sent."""
        self._outcome, self.number.value = None, ""
        self._enable()
        self.check.show(markup("compose_check", **_SAID | {"working": True}))

    def show(self, outcome: Outcome) -> None:
        """Show what blocks, or how many get it."""
        self._outcome = outcome
        if self._complains:
            # What went wrong with an earlier form is not so of this one.
            self.explain("")
        self.check.show(checked(outcome))
        self.notes.show(noted(outcome.notes(Place.CHECK)))
        shown(self.row, outcome.standing is None)
        shown(self.resume_button, self._may_resume())
        self._enable()

    def show_sending(self, outcome: Outcome) -> None:
        """Say that it was begun, which is shown below."""
        self._outcome = outcome
        self.check.show(markup("compose_sentence", said="It was begun; its own panel shows how it goes.", kind="good"))
        shown(self.row, False)
        shown(self.resume_button, False)

    def show_trial(self, said: str = "", kind: str = "") -> None:
        """Show what came of a test mail; the address that was typed is gone."""
        self.trial.show(markup("compose_trial", id=f"trial-{self.trial.model_id}", said=said, kind=kind))

    def explain(self, said: str, kind: str = "error") -> None:
        """Say what came of a click; an error is gone with the next form that is shown."""
        self._complains = bool(said) and kind == "error"
        self.answer.show(markup("compose_sentence", said=said, kind=kind) if said else "")

    def refuse(self, said: str) -> None:
        """Say why a click came to nothing; what can be gone on with is offered again."""
        self.explain(said)
        shown(self.resume_button, self._may_resume())

    def _enable(self) -> None:
        self.send_button.disabled = not self._may_send()
        plan = None if self._outcome is None else self._outcome.plan
        self.send_button.description = "Send" if plan is None else f"Send to {count(plan.recipients)}"

    def _may_send(self) -> bool:
        outcome = self._outcome
        if outcome is None or outcome.plan is None or outcome.blocking or outcome.standing is not None:
            return False
        return self.typed == outcome.plan.recipients

    def _may_resume(self) -> bool:
        standing = None if self._outcome is None else self._outcome.standing
        return standing is not None and standing.can_go_on

    def _clicked(self) -> None:
        # A second click finds the number gone.
        if self._may_send() and (number := self.typed) is not None:
            self.number.value = ""
            self.explain("Beginning …", "")
            self._on_send(self._plan, number)

    def _resume_clicked(self) -> None:
        # A second click finds the button gone.
        if self.resume_button.layout.display == "none":
            return
        try:
            plan = self._plan
        except InputError as error:
            self.explain(explained(error))
            return
        shown(self.resume_button, False)
        self.explain("Going on …", "")
        self._on_resume(plan)

    def _trial_clicked(self, email: str) -> None:
        outcome = self._outcome
        if not email.strip():
            self.show_trial("Type an address to send it to.", "error")
        elif outcome is None or outcome.plan is None or outcome.problems:
            self.show_trial("There is no message to send yet: put right what is said above.", "error")
        else:
            self._on_trial(outcome.plan, email.strip())


_SAID: Final[dict[str, Any]] = {
    "working": False,
    "standing": None,
    "blocking": (),
    "recipients": None,
    "whole": None,
    "way": "",
}


def checked(outcome: Outcome) -> str:
    """Return whether it can be sent, and if not what to do, as HTML."""
    said = _SAID | {"standing": outcome.standing, "blocking": outcome.blocking}
    if outcome.plan is not None:
        route = outcome.plan.route
        way = SANDBOX if route.is_sandbox else LOOPBACK if route.only_loopback else REAL
        said |= {"recipients": outcome.plan.recipients, "whole": outcome.plan.finishes_after, "way": way}
    return markup("compose_check", **said)
