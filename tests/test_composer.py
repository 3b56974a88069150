"""The composer as its user meets it, without a kernel: fields are set, buttons clicked, and views read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pandas as pd
import pytest
from composing import HOSTILE, NOWHERE, real, town
from ipywidgets import Widget
from rehearsal import MESSAGE, SENDER, campaign, people, relay
from servers import MailServer

from bulkkit.dispatch import plan
from bulkkit.errors import AddressError, ConfigurationError, ConfirmationError, InputError, PreflightError, RelayError
from bulkkit.ledger import Ledger
from bulkkit.message.links import Links
from bulkkit.message.message import Message
from bulkkit.sending.relay import Relay
from bulkkit.sending.throttle import Throttle
from bulkkit.widgets import composer as composer_module
from bulkkit.widgets.composer import Composer
from bulkkit.widgets.view import View


def composed(path: Path, contacts: pd.DataFrame | None = None, **options: Any) -> Composer:
    """Return a settled composer on this machine, its form complete."""
    audience = town() if contacts is None else contacts
    begun = campaign(audience, **{key: options.pop(key) for key in ("name", "message", "sender") if key in options})
    defaults = {"campaign": begun, "relays": [NOWHERE], "throttle": Throttle.unlimited(), "ledger": path}
    made = Composer(audience, **defaults | options)
    assert made.settle(20)
    return made


def set_and_settle(composer: Composer, widget: Any, value: Any, trait: str = "value") -> None:
    """Set a field as the browser does, and wait for what comes of it."""
    setattr(widget, trait, value)
    assert composer.settle(20)


@contextmanager
def sending_is_recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int | None]]:
    """Let nothing be sent, and note what would have been confirmed."""
    asked: list[int | None] = []
    monkeypatch.setattr(composer_module, "begin", lambda _plan, confirm: asked.append(confirm))
    monkeypatch.setattr(Composer, "_attach", lambda _self, _send: None)
    yield asked


def press(composer: Composer, email: str) -> None:
    """Press the button of the test mail with an address typed beside it."""
    composer.confirmation.trial._heard(None, {"do": "trial", "what": email}, None)
    assert composer.settle(20)


def test_the_form_begins_with_the_campaign(path: Path) -> None:
    """The campaign that was given is the campaign of the form, and its plan is shown."""
    composer = composed(path)
    assert (composer.campaign.message, composer.campaign.sender) == (MESSAGE, SENDER)
    assert composer.plan.recipients == 40
    assert "40\u00a0recipients" in composer.confirmation.check.told
    assert not path.exists()


def test_edited_equals_given(path: Path) -> None:
    """A form that was filled in by hand gives the same plan and the same preview as one that began so."""
    given = composed(path, message=Message("New", markdown="Hello {{ district }}"), name="other")
    typed = composed(path)
    typed.message.name.value = "other"
    typed.message.editor.subject = "New"
    set_and_settle(typed, typed.message.editor, "Hello {{ district }}", "body")
    assert typed.campaign.message == given.campaign.message
    pd.testing.assert_frame_equal(typed.plan.findings, given.plan.findings)
    assert typed.preview.letter.told == given.preview.letter.told


def test_an_empty_form_says_what_to_do(path: Path) -> None:
    """Without a campaign each field that is needed has its sentence, and everything else works."""
    composer = Composer(town(), relays=[NOWHERE], ledger=path)
    assert composer.settle(20)
    assert "Say who writes" in composer.message.sender_notes.told
    assert "Give the campaign a name" in composer.message.name_notes.told
    assert "The subject is empty" in composer.message.editor.told
    assert "recipients" in composer.audience.waterfall.told
    with pytest.raises(AddressError, match="Say who writes"):
        _ = composer.plan
    with pytest.raises(AddressError):
        _ = composer.campaign


def test_what_is_broken_is_said_and_what_is_mended_goes_on(path: Path) -> None:
    """A tag that is not closed is said at the body and in the preview, until it is closed."""
    composer = composed(path)
    before = composer.preview.letter.told
    set_and_settle(composer, composer.message.editor, "Dear {{ first_name", "body")
    assert "cannot be read as a template" in composer.message.editor.told
    assert "cannot be read as a template" in composer.preview.letter.told
    assert "1\u00a0thing blocks" in composer.confirmation.check.told
    set_and_settle(composer, composer.message.editor, MESSAGE.markdown, "body")
    assert composer.message.editor.told == ""
    assert composer.preview.letter.told == before


def test_the_preview_goes_through_the_recipients(path: Path) -> None:
    """The row's number is one of the recipients'; next and previous stay within them."""
    composer = composed(path)
    assert "p0000@alpha.example" in composer.preview.head.told
    composer.preview.back.click()
    composer.preview.on.click()
    composer.settle()
    assert "p0001@alpha.example" in composer.preview.head.told
    set_and_settle(composer, composer.preview.row, 999)
    assert "p0039@alpha.example" in composer.preview.head.told
    composer.audience.column.value = "district"
    composer.audience.choose("1")
    composer.settle()
    assert composer.audience.values.told.count('aria-pressed="true"') == 1
    assert composer.preview.row.value == composer.preview.row.max == 10


def test_the_preview_has_three_widths(path: Path) -> None:
    """A phone, a desk, and plain text."""
    composer = composed(path)
    widths = {}
    for width in composer.preview.width.options:
        set_and_settle(composer, composer.preview.width, width)
        widths[width] = composer.preview.letter._told.get("width")
    assert widths == {"Phone": 360, "Desktop": 640, "Plain text": None}
    assert "Dear Ana, we move." in composer.preview.letter.told


def test_a_preview_of_nobody_says_so(path: Path) -> None:
    """Where nobody is left, there is no message to show, and the send is blocked."""
    composer = composed(path, people(2, consent_basis="bought"))
    assert "Nobody is left" in composer.preview.letter.told
    assert "Nobody is left" in composer.confirmation.check.told


def test_the_number_must_be_typed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the exact number of recipients makes sending possible, once; any change takes it away again."""
    composer = composed(path)
    confirmation = composer.confirmation
    with sending_is_recorded(monkeypatch) as asked:
        for typed in ("", "39", "41", "forty", "-40", "40.0", "４０"):
            confirmation.number.value = typed
            assert confirmation.send_button.disabled
            confirmation.send_button.click()
        confirmation.number.value = "40"
        assert not confirmation.send_button.disabled
        set_and_settle(composer, composer.message.editor, "Another subject", "subject")
        assert (confirmation.number.value, confirmation.send_button.disabled) == ("", True)
        confirmation.number.value = " 40 "
        confirmation.send_button.click()
        assert (confirmation.number.value, confirmation.send_button.disabled) == ("", True)
        confirmation.send_button.click()
        composer.settle()
    assert asked == [40]


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda form: setattr(form.message.postal_address, "value", ""), PreflightError, "no postal address"),
        (lambda form: setattr(form.message.editor, "subject", ""), PreflightError, "The subject is empty"),
        (lambda form: setattr(form.message.editor, "body", "{{ nothing }}"), PreflightError, "No column is called"),
        (lambda form: setattr(form.message.sender, "value", "nobody"), AddressError, "no usable address"),
        (lambda form: setattr(form.delivery.relays[0], "value", False), ConfigurationError, "Choose a relay"),
        (lambda form: setattr(form.audience.column, "value", "district"), InputError, "Choose one or more values"),
    ],
)
def test_nothing_that_is_blocked_can_be_sent(
    path: Path, change: Callable[[Composer], None], error: type[Exception], said: str
) -> None:
    """With a problem or a blocking finding the right number enables nothing."""
    composer = composed(path)
    change(composer)
    composer.settle()
    composer.confirmation.number.value = "40"
    assert composer.confirmation.send_button.disabled
    with pytest.raises(error, match=said):
        composer.send(40)
    assert not path.exists()


def test_a_whole_send(path: Path, serve: Callable[..., MailServer]) -> None:
    """Typed, confirmed, clicked twice: each recipient has one message, and the send is shown below."""
    server = serve()
    composer = composed(path, relays=[relay(server.port)])
    composer.confirmation.number.value = "40"
    composer.confirmation.send_button.click()
    composer.confirmation.send_button.click()
    assert composer.settle(20)
    assert composer.below.children == (composer.panel,)
    composer.send().wait(20)
    assert set(server.counts().values()) == {1}
    assert len(server.mail) == 40
    again = composed(path, relays=[relay(server.port)])
    assert "40 of 40 accepted" in again.confirmation.check.told
    assert again.confirmation.row.layout.display == "none"
    assert again.confirmation.resume_button.layout.display == "none"
    assert again.send().progress.accepted == len(server.mail) == 40


def test_what_was_begun_is_resumed_by_a_click(path: Path, serve: Callable[..., MailServer]) -> None:
    """A stored campaign says how far it is, offers to go on, and cannot be sent anew."""
    server = serve()
    to = [relay(server.port)]
    plan(campaign(people(7)), to, throttle=Throttle.unlimited(), ledger=path).queue()
    composer = composed(path, relays=to, message=Message("Other words", markdown="of today"))
    assert "0 of 7 accepted, 7 still to go" in composer.confirmation.check.told
    with pytest.raises(InputError, match="another message"):
        composer.send()
    composer.confirmation.resume_button.click()
    assert composer.settle(20)
    assert composer.panel is not None
    assert composer.panel.send is not None
    composer.panel.send.wait(20)
    assert len(server.mail) == 7
    assert b"we move" in server.mail[0].data


def test_a_resume_that_fails_is_offered_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a plan, or where going on fails, the panel says why and the button is still there."""
    plan(campaign(people(7)), [NOWHERE], throttle=Throttle.unlimited(), ledger=path).queue()
    composer = composed(path)
    confirmation = composer.confirmation
    outcome = confirmation._outcome
    confirmation._outcome = None
    confirmation.resume_button.click()
    assert "There is no plan yet" in confirmation.answer.told
    assert confirmation.resume_button.layout.display is None
    confirmation._outcome = outcome
    asked: list[str] = []

    def refuse(name: str, *_: Any) -> None:
        asked.append(name)
        raise RelayError("nothing listens there")

    monkeypatch.setattr(composer_module, "resume", refuse)
    confirmation.resume_button.click()
    assert composer.settle(20)
    assert asked == ["office-move"]
    assert "nothing listens there" in confirmation.answer.told
    assert confirmation.resume_button.layout.display is None


def test_what_an_earlier_kernel_left_is_offered(path: Path, serve: Callable[..., MailServer]) -> None:
    """An unfinished campaign of another name shows below the form, and its Resume goes on with it."""
    server = serve()
    first = composed(path, relays=[relay(server.port)])
    first.plan.queue(confirm=first.plan.recipients)
    later = composed(path, relays=[relay(server.port)], name="another")
    (panel,) = later.below.children
    panel.settle(10)
    assert "office-move" in panel._head.told
    assert composed(path, relays=[relay(server.port)]).below.children == ()


def test_real_relays_want_the_number_in_a_cell(path: Path) -> None:
    """Running all cells of a notebook mails nobody outside of the sandbox."""
    composer = composed(path, relays=[Relay("smtp://127.0.0.1:1")])
    with pytest.raises(ConfirmationError, match="confirm=40"):
        composer.send()
    assert not path.exists()


def test_a_button_asks_nobody_for_a_password(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a password is not known, a click says what to do and never waits for an answer."""
    monkeypatch.delenv("BULKKIT_SMTP_PASSWORD", raising=False)
    monkeypatch.setattr("bulkkit.sending.password.getpass", lambda _prompt: pytest.fail("somebody was asked"))
    contacts = town().assign(email=[f"p{number}@company.com" for number in range(40)])
    composer = composed(path, contacts, relays=[Relay("smtps://ana@mail.company.com")], throttle=None)
    composer.confirmation.number.value = "40"
    composer.confirmation.send_button.click()
    assert composer.settle(20)
    assert "composer.send(confirm=40)" in composer.confirmation.answer.told
    assert "BULKKIT_SMTP_PASSWORD" in composer.confirmation.answer.told
    press(composer, "me@example.org")
    assert "BULKKIT_SMTP_PASSWORD" in composer.confirmation.trial.told
    assert not path.exists()


def test_a_test_mail_is_sent_and_answered(path: Path, serve: Callable[..., MailServer]) -> None:
    """The relay's answer is shown, a refusal as well, and the campaign is not begun by it."""
    server = serve()
    composer = composed(path, relays=[relay(server.port)])
    press(composer, "me@example.org")
    assert "The relay took it: 250" in composer.confirmation.trial.told
    assert list(server.counts()) == ["me@example.org"]
    press(composer, "")
    assert "Type an address" in composer.confirmation.trial.told
    set_and_settle(composer, composer.message.sender, "nobody")
    press(composer, "me@example.org")
    assert "put right" in composer.confirmation.trial.told
    assert not path.exists()


def test_the_latest_form_wins(path: Path) -> None:
    """Many changes in a row end with the plan of the last one, whatever was under way."""
    composer = composed(path)
    for number in range(30):
        composer.message.editor.subject = f"Subject {number}"
    composer.settle()
    assert composer.plan.campaign.message.subject == "Subject 29"
    assert "Subject 29" in composer.preview.head.told


def test_a_plan_that_is_outdated_enables_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was worked out for an earlier text is never sent, although its number was typed."""
    composer = composed(path)
    first, seen, typed = composer_module.work_out, [], Event()

    def slow(*given: Any) -> Any:
        assert typed.wait(20)
        seen.append(composer.confirmation.send_button.disabled)
        return first(*given)

    monkeypatch.setattr(composer_module, "work_out", slow)
    composer.message.editor.subject = "A"
    composer.message.editor.subject = "B"
    composer.confirmation.number.value = "40"
    typed.set()
    composer.settle()
    assert seen[-1]
    assert not composer.confirmation.send_button.disabled
    assert composer.plan.campaign.message.subject == "B"


def test_a_plan_shown_late_is_refused_at_the_click(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that enables Send in the moment of a change is compared with the form again when it is clicked."""
    composer = composed(path)
    old, gate, first = composer._outcome, Event(), composer_module.work_out
    monkeypatch.setattr(composer_module, "work_out", lambda *given: gate.wait(20) and first(*given))
    with sending_is_recorded(monkeypatch) as asked:
        composer.message.editor.subject = "New words"
        composer.confirmation.show(old)
        composer.confirmation.number.value = "40"
        composer.confirmation.send_button.click()
        assert "The form was changed meanwhile" in composer.confirmation.answer.told
        gate.set()
        composer.settle()
        assert asked == []
        assert "The form was changed meanwhile" in composer.confirmation.answer.told
        composer.confirmation.number.value = "40"
        composer.confirmation.send_button.click()
        composer.settle()
    assert asked == [40]


def test_a_body_of_brackets_is_said_and_mended(path: Path) -> None:
    """Brackets too deep to be read are a sentence, not a plan that never comes; a stale error goes with the next."""
    composer = composed(path)
    composer.confirmation.explain("of an earlier form")
    set_and_settle(composer, composer.message.editor, "{{ " + "(" * 20_000, "body")
    assert "brackets within brackets" in composer.message.editor.told
    assert "brackets within brackets" in composer.preview.letter.told
    assert "1\u00a0thing blocks" in composer.confirmation.check.told
    assert composer.confirmation.answer.told == ""
    set_and_settle(composer, composer.message.editor, MESSAGE.markdown, "body")
    assert composer.message.editor.told == ""
    assert "40\u00a0recipients" in composer.confirmation.check.told


def test_paces_follow_the_relays(path: Path) -> None:
    """Sending without a limit is offered only while every relay is on this machine."""
    composer = composed(path, throttle=None)
    offered = [value for _, value in composer.delivery.pace.options]
    assert "unlimited" in offered
    assert "given" not in offered
    composer.delivery.pace.value = "unlimited"
    composer.delivery.relays[0].value = False
    set_and_settle(composer, composer.delivery.own_relay, real().url)
    assert "unlimited" not in [value for _, value in composer.delivery.pace.options]
    assert composer.delivery.pace.value == "cautious"
    set_and_settle(composer, composer.delivery.pace, "own")
    assert composer.delivery.numbers.layout.display is None


def test_a_password_typed_into_the_relay_is_gone(path: Path) -> None:
    """It is taken out of the field, and said why."""
    composer = composed(path)
    set_and_settle(composer, composer.delivery.own_relay, "smtps://ana:s3cret-word@mail.company.com")
    assert composer.delivery.own_relay.value == "smtps://ana@mail.company.com"
    assert "The password was taken out" in composer.delivery.notes.told
    assert "s3cret-word" not in state_of(composer)


def state_of(composer: Composer) -> str:
    """Return the state of a composer and of all that is in it, as a saved notebook holds it."""
    found: dict[str, Any] = {}

    def visit(widget: Widget) -> None:
        if widget.model_id not in found:
            state = found[widget.model_id] = widget.get_state()
            state.pop("_esm", None)
            state.pop("_css", None)
            for name in widget.keys:
                value = getattr(widget, name)
                for part in value if isinstance(value, list | tuple) else [value]:
                    if isinstance(part, Widget):
                        visit(part)

    visit(composer)
    return json.dumps(found, default=str)


def test_no_state_names_a_contact(path: Path, serve: Callable[..., MailServer]) -> None:
    """After everything was used, no trait holds an address, a name, a segment's value or a link's token."""
    server = serve()
    links = Links("http://127.0.0.1:1", b"k" * 16)
    choirs = ["Zerlina's choir", "another", "Zerlina's choir", "another"] * 10
    contacts = town().assign(first_name=["Zerlina", "Bo"] * 20, choir=choirs, tracking_consent=True)
    composer = composed(path, contacts, relays=[relay(server.port)], links=links)
    composer.audience.column.value = "choir"
    composer.audience.choose("0")
    composer.message.editor.body = "Dear {{ first_name }}, [here](https://www.example.org)"
    composer.settle()
    assert "/u/AAAA" in composer.preview.letter.told
    assert "/c/AAAA" not in composer.preview.letter.told
    press(composer, "secret-tester@example.org")
    composer.confirmation.number.value = "20"
    composer.confirmation.send_button.click()
    composer.settle()
    composer.send().wait(20)
    assert "Zerlina&#39;s choir" in composer.audience.values.told
    state = state_of(composer)
    assert "news@example.org" in state
    for secret in ("alpha.example", "Zerlina", "secret-tester", "/c/AAAA", "/u/AAAA", "/o/AAAA"):
        assert secret not in state


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_literally(path: Path, name: str) -> None:
    """In values, columns, networks, senders and messages: escaped, whatever they look like."""
    contacts = town().assign(**{"first_name": [name, "Bo"] * 20, "district": [name, "x"] * 20, name: ["x", "y"] * 20})
    composer = composed(path, contacts, message=Message("{{ first_name }}", markdown="Dear {{ first_name }},"))
    composer.message.sender.value = f"{name} <news@example.org>"
    composer.audience.column.value = "district"
    composer.audience.choose("0")
    composer.settle()
    assert name in composer.message.editor.tokens
    views = [widget for widget in vars_of(composer) if isinstance(widget, View)]
    assert len(views) > 10
    for view in views:
        for mark in ("<script", "<img src=http"):
            assert mark not in view.told
    assert "49" not in composer.preview.head.told


def vars_of(widget: Any) -> list[Any]:
    """Return the widgets in a widget, and those in them."""
    children = list(getattr(widget, "children", ()))
    return children + [inner for child in children for inner in vars_of(child)]


def test_the_list_stays_the_callers(path: Path) -> None:
    """Composing changes nothing of the frame that was handed in."""
    contacts = town()
    before = contacts.copy()
    composer = composed(path, contacts)
    composer.audience.column.value = "district"
    composer.audience.choose("0")
    composer.settle()
    pd.testing.assert_frame_equal(contacts, before)


def test_a_list_without_consent_is_asked_for_it(path: Path) -> None:
    """The field for it is there where it is needed only."""
    assert composed(path).audience.consent.layout.display == "none"
    composer = composed(path, town().drop(columns="consent_basis"))
    assert composer.audience.consent.layout.display is None
    set_and_settle(composer, composer.audience.consent, "signed forms")
    assert composer.plan.consent == "signed forms"


def test_without_relays_there_is_a_sandbox(path: Path) -> None:
    """A composer of its own sends to a sandbox beside its ledger, which needs no number in a cell."""
    composer = Composer(town(), campaign=campaign(town()), ledger=path, throttle=Throttle.unlimited())
    assert composer.sandbox is not None
    with composer.sandbox:
        assert composer.plan.route.is_sandbox
        assert composer.send().wait(30).recipients == 40
        assert Ledger(path).campaigns()["campaign"].tolist() == ["office-move"]


def test_the_pane_survives_a_row_that_cannot_be_shown(path: Path) -> None:
    """A recipient whose data cannot be filled in is said in the preview, and the next one is shown."""
    body = Message("x", markdown="{{ 10 // (number | int) }}")
    composer = composed(path, message=body)
    assert "cannot be filled in" in composer.preview.letter.told
    composer.preview.on.click()
    composer.settle()
    assert "cannot be filled in" not in composer.preview.letter.told
