"""The composer: from a list to a send, on one form."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from os import PathLike

import pandas as pd
from ipywidgets import Box, VBox
from narwhals.typing import IntoFrame

from bulkkit.campaign import Campaign
from bulkkit.composition.form import Form, Writing
from bulkkit.composition.groups import Groups
from bulkkit.composition.material import Material, beginning, checked_list
from bulkkit.composition.outcome import Outcome
from bulkkit.composition.people import People
from bulkkit.composition.reading import read
from bulkkit.composition.working import message_of, work_out
from bulkkit.contacts import has_consent_columns
from bulkkit.dispatch import Plan, begin, resume
from bulkkit.dispatch.drafting import DEFAULT_LEAVE_OUT
from bulkkit.errors import ConfigurationError, explained
from bulkkit.ledger import Ledger
from bulkkit.message.links import Links
from bulkkit.sandbox import Sandbox
from bulkkit.sending.password import ENVIRONMENT, known_password
from bulkkit.sending.relay import Relay
from bulkkit.sending.send import Send
from bulkkit.sending.throttle import Throttle
from bulkkit.vocabulary import VERDICT_DTYPES, Purpose
from bulkkit.widgets.audience import AudiencePane
from bulkkit.widgets.confirmation import ConfirmationPane
from bulkkit.widgets.delivery import DeliveryPane
from bulkkit.widgets.left_over import left_over
from bulkkit.widgets.message_pane import MessagePane
from bulkkit.widgets.preview import PreviewPane
from bulkkit.widgets.send_panel import SendPanel
from bulkkit.widgets.worker import Worker

OUTDATED = "The form was changed meanwhile, so nothing was begun. Look at it again once its plan is there, and confirm."


class Composer(VBox):  # type: ignore[misc]
    """Write a message, see who gets it, how it looks and how long it takes, and send it once its count is confirmed.

    What names a contact is shown and kept nowhere: the saved notebook holds what
    was typed, names of columns, and counts.

    Parameters
    ----------
    contacts : pandas.DataFrame
        The list; it is verified by its syntax where it was not yet.
    campaign
        Whose name, sender, message, kind and purpose stand in the form at first.
    relays
        The relays to choose from; None opens a sandbox beside the ledger.
    links, throttle, consent, leave_out, limit
        As for `bulkkit.plan`; the sandbox brings its own links.
    ledger
        The file, or the open `Ledger`.
    events
        The history, for segments by engagement and tenure.
    as_of
        The day on which the sandbox's clock starts and for which segments hold; now if left out.

    Attributes
    ----------
    panel : SendPanel or None
        The send that was begun here by a click.
    sandbox : Sandbox or None
        The sandbox that was opened here.

    Raises
    ------
    InputError
        Where the list has no column `email`.
    """

    def __init__(
        self,
        contacts: pd.DataFrame,
        *,
        campaign: Campaign | None = None,
        relays: Sequence[Relay] | None = None,
        links: Links | None = None,
        throttle: Throttle | None = None,
        ledger: str | PathLike[str] | Ledger = "bulkkit.db",
        events: IntoFrame | None = None,
        as_of: date | str | None = None,
        consent: str | None = None,
        leave_out: Collection[str] = DEFAULT_LEAVE_OUT,
        limit: int | None = None,
    ) -> None:
        path = str(ledger.path if isinstance(ledger, Ledger) else ledger)
        checked = checked_list(contacts)
        self.sandbox = Sandbox(ledger=path, as_of=as_of) if relays is None else None
        self._material = Material(
            checked,
            Groups.of(checked, events, as_of),
            (self.sandbox.relay,) if self.sandbox else tuple(relays or ()),
            self.sandbox.links if self.sandbox and links is None else links,
            rehearsal_links=self.sandbox is not None and links is None,
            throttle=throttle,
            limit=limit,
            **beginning(campaign),
        )
        self._people = People.of_list(self._material)
        self._outcome: Outcome | None = None
        self._sent: Send | None = None
        self.panel: SendPanel | None = None
        self._work()
        self._lay_out(campaign, path, leave_out, consent)
        panel = left_over(self._material, ledger, but=self.form.writing.name.strip())
        self.below.children = [panel] if panel else []
        self._rewritten()

    @property
    def campaign(self) -> Campaign:
        """The campaign that the form means; raises what keeps it from being one."""
        outcome = self._settled()
        for problem in outcome.words.problems:
            raise problem.error
        return read(outcome.form, outcome.words, self._material)

    @property
    def plan(self) -> Plan:
        """The plan that the form means; raises what planning raised."""
        outcome = self._settled()
        for problem in outcome.problems:
            raise problem.error
        assert outcome.plan is not None  # noqa: S101 - without a problem there is a plan
        return outcome.plan

    def send(self, confirm: int | None = None) -> Send:
        """Begin the send, or go on with it; return the `Send`, for a `SendPanel` wherever it is to be watched.

        Takes and raises what `bulkkit.dispatch.begin` does: for real relays the
        number of recipients must be given. A password can be asked for here.
        """
        if self._is_sending(self.form.writing.name.strip()) and self._sent is not None:
            return self._sent
        self._sent = begin(self.plan, confirm)
        self._show_sending()
        return self._sent

    def settle(self, timeout: float | None = None) -> bool:
        """Wait until everything that was asked for is shown; return whether that came about in time."""
        workers = (self._sending, self._trying, self._planning, self._looking)
        settled = [worker.settle(timeout) for worker in workers]
        return all(settled)

    @property
    def form(self) -> Form:
        """What the form says now."""
        return Form(self.message.said(), self.audience.said(), self.delivery.said())

    def _work(self) -> None:
        self._planning, self._looking = Worker(self._failed), Worker(self._failed)
        self._sending = Worker(lambda error: self.confirmation.refuse(explained(error)))
        self._trying = Worker(lambda error: self.confirmation.show_trial(explained(error), "error"))

    def _lay_out(self, campaign: Campaign | None, ledger: str, leave_out: Collection[str], consent: str | None) -> None:
        columns = [str(name) for name in self._material.checked.columns if name not in VERDICT_DTYPES]
        self.message = MessagePane(_written(campaign, self._material.body_part), columns, self._rewritten)
        self.audience = AudiencePane(self._material.groups, leave_out, consent, self._changed)
        self.delivery = DeliveryPane(self._material, ledger, self._changed)
        self.preview = PreviewPane(self._look)
        self.confirmation = ConfirmationPane(self._begin, self._resume, self._try)
        self.below = VBox()
        self.below.add_class("compose-below")
        self.audience.ask_consent(not has_consent_columns(self._material.checked))
        left = VBox([self.message, self.audience, self.delivery])
        right = VBox([self.preview, self.confirmation])
        left.add_class("compose-form")
        right.add_class("compose-side")
        columns_box = Box([left, right])
        columns_box.add_class("compose-columns")
        super().__init__([columns_box, self.below])
        self.add_class("bulkkit-composer")

    def _changed(self) -> None:
        form = self.form
        self.confirmation.wait()
        self._planning.request(lambda: self._arrived(work_out(form, self._material, self._outcome)))

    def _rewritten(self) -> None:
        # A text is seen at once: it does not wait for who gets it.
        self._changed()
        self._look()

    def _look(self) -> None:
        form, number = self.form, self.preview.number
        self._looking.request(lambda: self._show_preview(form, number))

    def _arrived(self, outcome: Outcome) -> None:
        self._outcome = outcome
        if (people := outcome.people) is not None:
            self._people = people
        for pane in (self.message, self.audience, self.delivery):
            pane.show(outcome)
        self.preview.among(len(self._people))
        self._look()
        # A later form is worked out next; only the latest can be sent.
        if outcome.form == self.form:
            self._show_check(outcome)

    def _show_check(self, outcome: Outcome) -> None:
        if self._is_sending(outcome.words.name):
            self.confirmation.show_sending(outcome)
        else:
            self.confirmation.show(outcome)

    def _show_preview(self, form: Form, number: int) -> None:
        people = self._people
        try:
            message = message_of(form, self._material)
            self.preview.show(people.preview(message, number, self._material.clock), form.writing.sender)
            self.message.show_tokens(people.tokens(message), len(people))
        except Exception as error:
            self.preview.explain(explained(error))

    def _is_of_this_form(self, plan: Plan) -> bool:
        # A plan that arrives at the moment of a change may be shown although it is the earlier form's.
        outcome = self._outcome
        is_current = outcome is not None and outcome.plan is plan and outcome.form == self.form
        if not is_current:
            self.confirmation.explain(OUTDATED, "warning")
        return is_current

    def _begin(self, plan: Plan, confirm: int) -> None:
        if self._is_of_this_form(plan):
            self._sending.request(lambda: self._attach(begin(_askable(plan, f"send(confirm={confirm})"), confirm)))

    def _resume(self, plan: Plan) -> None:
        if self._is_of_this_form(plan):
            self._sending.request(lambda: self._attach(_resumed(_askable(plan, "send()"))))

    def _try(self, plan: Plan, email: str) -> None:
        self.confirmation.show_trial("Sending …")
        self._trying.request(
            lambda: self.confirmation.show_trial(
                f"The relay took it: {_askable(plan, f'plan.test_to({email!r})').test_to(email)}", "good"
            )
        )

    def _attach(self, send: Send) -> None:
        self._sent, self.panel = send, SendPanel(send)
        self.below.children = [self.panel]
        self._show_sending()

    def _show_sending(self) -> None:
        self.confirmation.explain("")
        if self._outcome is not None:
            self._show_check(self._outcome)

    def _is_sending(self, name: str) -> bool:
        return self._sent is not None and self._sent.campaign == name and self._sent.is_running

    def _settled(self) -> Outcome:
        self._planning.settle()
        assert self._outcome is not None  # noqa: S101 - a plan was asked for when the form was made
        return self._outcome

    def _failed(self, error: BaseException) -> None:
        self.confirmation.explain(explained(error))


def _written(campaign: Campaign | None, part: str) -> Writing:
    if campaign is None:
        return Writing("", str(Purpose.ANNOUNCEMENT), "", "", "", "")
    sender, message = campaign.sender, campaign.message
    return Writing(
        campaign.name,
        str(campaign.purpose),
        sender.mailbox,
        sender.postal_address,
        message.subject,
        getattr(message, part) or "",
    )


def _resumed(plan: Plan) -> Send:
    return resume(plan.campaign.name, plan.ledger, plan.route.relays, plan.route.links, plan.route.dkim)


def _askable(plan: Plan, call: str) -> Plan:
    """Return the plan whose relays' passwords are known; a button's thread can ask nobody."""
    for relay in plan.route.relays:
        if relay.user is not None and known_password(relay) is None:
            raise ConfigurationError(
                f"The relay {relay.name} wants a password, and a button cannot ask for it. Set {ENVIRONMENT} before "
                f"the notebook is started, or run this in a cell, which asks: composer.{call}"
            )
    return plan
