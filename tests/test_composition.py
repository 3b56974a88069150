"""What a form says becomes a campaign and a plan, or a sentence at the right place."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from composing import HOSTILE, NOWHERE, form, material, real, town
from rehearsal import people

from bulkkit.composition.delivery import duration, paces, relays_of, throttle_of, without_password
from bulkkit.composition.form import PaceChoice
from bulkkit.composition.groups import Groups
from bulkkit.composition.outcome import Outcome
from bulkkit.composition.people import People, TokenUse
from bulkkit.composition.reading import Place
from bulkkit.composition.working import message_of, work_out
from bulkkit.dispatch import plan
from bulkkit.errors import ConfigurationError
from bulkkit.ledger import Ledger
from bulkkit.message.links import Links
from bulkkit.message.message import Message
from bulkkit.sending.throttle import Limit, Throttle


def places(outcome: Outcome) -> set[str]:
    """Return where the form has problems."""
    return {str(problem.place) for problem in outcome.problems}


def test_a_complete_form_is_the_plan_that_one_would_write(path: Path) -> None:
    """The plan of a form is the plan of the same campaign written by hand."""
    worked = work_out(form(path), material())
    assert worked.plan is not None
    assert worked.problems == worked.blocking == ()
    byhand = plan(worked.plan.campaign, [NOWHERE], throttle=Throttle.unlimited(), ledger=path, leave_out=["disposable"])
    pd.testing.assert_frame_equal(worked.plan.waterfall, byhand.waterfall)
    pd.testing.assert_frame_equal(worked.plan.findings, byhand.findings)
    assert not path.exists()


@pytest.mark.parametrize(
    ("changes", "place", "said"),
    [
        ({"sender": "nobody"}, "sender", "no usable address"),
        ({"sender": " "}, "sender", "Say who writes"),
        ({"name": ""}, "name", "Give the campaign a name"),
        ({"name": "a" * 201}, "name", "1 to 200"),
        ({"subject": "{{ first name }}"}, "subject", "Line 1 of the subject"),
        ({"body": "a\n{% if %}"}, "body", "Line 2 of the Markdown body"),
        ({"relays": ()}, "delivery", "Choose a relay"),
        ({"own_relay": "gopher://x"}, "delivery", "no relay's address"),
        ({"own_relay": "smtps://mail.company.com"}, "delivery", "their clocks differ"),
        ({"column": "district"}, "audience", "Choose one or more values"),
    ],
)
def test_a_problem_is_said_at_its_field(path: Path, changes: dict[str, object], place: str, said: str) -> None:
    """What cannot be used is said where it was typed, blocks the send, and keeps nothing else from working."""
    worked = work_out(form(path, pace=PaceChoice.CAUTIOUS, **changes), material())
    assert places(worked) == {place}
    assert said in worked.notes(Place(place))[0].said
    assert worked.blocking
    assert (worked.plan is not None) == (place in {"sender", "name", "subject", "body"})


def test_each_field_has_its_own_problem(path: Path) -> None:
    """Several broken fields are said at once, each at its place, and the audience is worked out all the same."""
    worked = work_out(form(path, sender="x", subject="{{", body="{%", name=""), material())
    assert places(worked) == {"sender", "subject", "body", "name"}
    assert worked.plan is not None
    assert worked.plan.recipients == 40


def test_findings_stand_where_they_belong(path: Path) -> None:
    """Each finding of preflight is shown at one place, and only once; nothing is said of a stand-in."""
    worked = work_out(form(path, postal_address="", subject="Re: us"), material(people(3)))
    said = {place: [note.said for note in worked.notes(place)] for place in Place}
    assert "no postal address" in said[Place.SENDER][0]
    assert "as if it were an answer" in said[Place.SUBJECT][0]
    assert any("no mass mailing" in sentence for sentence in said[Place.AUDIENCE])
    assert worked.plan is not None
    assert sum(map(len, said.values())) == len(worked.plan.findings)
    broken = work_out(form(path, sender="nobody", postal_address=""), material())
    assert [note.said for note in broken.notes(Place.SENDER)] == [str(broken.problems[0].error)]


def test_a_segment_is_its_rows_and_makes_a_segmented_campaign(path: Path) -> None:
    """The counts of a column's values add up to the list, and choosing values sends to exactly their rows."""
    stuff = material()
    assert list(stuff.groups) == ["district"]
    counted = {group.name: group.rows for group in stuff.groups.of_column("district")}
    assert counted == {"north": 20, "south": 10, "east": 10}
    blank = Groups.of(town().assign(district=["north", " ", None, "north"] * 10), None)
    assert {group.name: group.rows for group in blank.of_column("district")} == {"north": 20, "unknown": 20}
    worked = work_out(form(path, column="district", values=frozenset({"north", "east"})), stuff)
    assert worked.plan is not None
    assert (worked.plan.recipients, str(worked.plan.campaign.kind)) == (30, "segmented")


def test_columns_that_tell_people_apart_are_no_segments() -> None:
    """Neither the address nor a column of too many or too few values is offered."""
    frame = people(200, one="x", many=[f"v{number}" for number in range(200)], thirty=[n % 30 for n in range(200)])
    assert list(Groups.of(frame.assign(late=["a"] * 160 + [f"b{n}" for n in range(40)]), None)) == ["thirty"]


def test_the_preview_needs_no_plan_and_agrees_with_it(path: Path) -> None:
    """A recipient's message is the same with and without a plan, for each of them."""
    stuff, written = material(), form(path, body="Dear {{ first_name | default('friend') }} of {{ district }},")
    worked = work_out(written, stuff)
    assert worked.plan is not None
    assert worked.people is not None
    message = message_of(written, stuff)
    for number in (0, 1, 7, 39):
        quick, full = worked.people.preview(message, number, stuff.clock), worked.plan.preview(number)
        assert (quick.email, quick.subject, quick.text, quick.html) == (full.email, full.subject, full.text, full.html)


def test_tokens_are_counted(path: Path) -> None:
    """Each token says how many recipients have nothing for it; an unknown one names the nearest column."""
    stuff, body = material(), "{{ frist_name }} {{ zzz }} {{ first_name }} {{ district | default('x') }} {{ email }}"
    uses = People.of_list(stuff).tokens(message_of(form(path, body=body), stuff))
    assert uses == (
        TokenUse("frist_name", None, False, "first_name"),
        TokenUse("zzz", None, False, None),
        TokenUse("first_name", 20, False),
        TokenUse("district", 0, True),
    )


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("smtps://ana:s3cret@mail.company.com:465", "smtps://ana@mail.company.com:465"),
        ("smtps://ana:p@ss:w/rd@mail.company.com", "smtps://ana@mail.company.com"),
        ("smtps://ana:12345@mail.company.com", "smtps://ana@mail.company.com"),
        ("smtps://ana@example.org:s3cret@mail.company.com", ""),
        ("ana:s3cret@mail.company.com:587", ""),
        ("smtps:/ana:s3cret@mail.company.com", ""),
        ("smtps:ana:s3cret@host", ""),
        ("smtps://[ana:s3cret@host", ""),
        ("smtps://mail.company.com?password=s3cret", ""),
        ("smtps://ana:s3c", ""),
        ("smtps://ana", "smtps://ana"),
        ("smtp+starttls://ana%40x.org@host:587", "smtp+starttls://ana%40x.org@host:587"),
        ("smtp://127.0.0.1:25", "smtp://127.0.0.1:25"),
        ("smtp://[::1]:2525", "smtp://[::1]:2525"),
        ("nothing", "nothing"),
        ("", ""),
    ],
)
def test_a_typed_password_is_taken_out(typed: str, kept: str) -> None:
    """No address of a relay keeps a password, and none is changed that has none."""
    assert without_password(typed) == kept


def test_the_pace_is_what_was_chosen(path: Path) -> None:
    """Each choice is its throttle; sending without a limit is for this machine only."""
    stuff, given = material(), Throttle(Limit(messages=3))
    way = form(path, pace=PaceChoice.OWN, per_hour=7, at_a_time=2).delivering
    own = throttle_of(way, relays_of(way, stuff), given).default
    assert (own.messages, own.connections) == (7, 2)
    assert throttle_of(form(path, pace=PaceChoice.GIVEN).delivering, [NOWHERE], given) is given
    assert throttle_of(form(path, pace=PaceChoice.WARMUP).delivering, [real()], None) == Throttle.warmup()
    assert PaceChoice.UNLIMITED in paces([NOWHERE], None)
    assert PaceChoice.UNLIMITED not in paces([NOWHERE, real()], None)
    with pytest.raises(ConfigurationError, match="on this machine"):
        throttle_of(form(path, pace=PaceChoice.UNLIMITED).delivering, [real()], None)


def test_the_duration_adds_up(path: Path) -> None:
    """The largest networks and the rest are all the recipients, and the whole lasts as long as the slowest."""
    crowd = pd.concat([people(n, f"d{n}.example") for n in range(1, 13)], ignore_index=True)
    planned = work_out(form(path, pace=PaceChoice.CAUTIOUS), material(crowd)).plan
    assert planned is not None
    lasting = duration(planned)
    assert sum(line.recipients for line in lasting.lines) == planned.recipients == 78
    assert [line.recipients for line in lasting.lines[:2]] == [12, 11]
    assert lasting.lines[-1].name == "7 other networks"
    assert lasting.whole == max(line.finishes_after for line in lasting.lines)
    assert lasting.on_the_wall is not None
    assert lasting.on_the_wall < lasting.whole


def test_a_sandbox_never_lends_its_links(path: Path) -> None:
    """Links of the form's own sandbox stay out of a message that leaves by another relay."""
    links = Links("http://127.0.0.1:1", b"k" * 16)
    own, given = material(links=links, rehearsal_links=True), material(links=links)
    assert own.links_for([NOWHERE]) == given.links_for([real()]) == links
    assert own.links_for([real()]) is own.links_for([NOWHERE, real()]) is None


def test_a_rehearsals_ledger_is_no_real_ones(path: Path) -> None:
    """A ledger that holds rehearsals keeps a real relay from it, said at the delivery."""
    worked = work_out(form(path), material())
    assert worked.plan is not None
    worked.plan.queue()
    again = work_out(form(path, relays=(), own_relay=real().url, pace=PaceChoice.CAUTIOUS, name="next"), material())
    assert "rehearsals in the sandbox" in again.notes(Place.DELIVERY)[0].said


def test_the_ledger_says_where_a_campaign_stands(path: Path) -> None:
    """Nothing of a new name; of a stored one how much is open; of one sent elsewhere that it was."""
    worked = work_out(form(path), material())
    assert worked.standing is None
    assert worked.plan is not None
    worked.plan.queue()
    stored = work_out(form(path), material()).standing
    assert stored is not None
    assert (stored.recipients, stored.accepted, stored.open, stored.can_go_on) == (40, 0, 40, True)
    elsewhere = Ledger(path.with_name("other.db"))
    elsewhere.add_campaigns(Ledger(path).campaigns())
    found = work_out(form(path.with_name("other.db")), material()).standing
    assert found is not None
    assert (found.sent_elsewhere, found.can_go_on) == (True, False)


def test_the_list_is_asked_where_consent_is_kept(path: Path) -> None:
    """A list that does not say who agreed is planned once it is said where that is kept."""
    silent = material(town().drop(columns="consent_basis"))
    assert places(work_out(form(path), silent)) == {"audience"}
    assert work_out(form(path, consent="signed forms"), silent).problems == ()


def test_what_the_form_does_not_ask_stays(path: Path) -> None:
    """A message in HTML stays one, without its footer and with its reply-to, when its words are changed."""
    begun = material(message=Message("x", html="<p>x</p>", footer=False), reply_to="answers@example.org")
    worked = work_out(form(path, body="<p>{{ unsubscribe_url }} {{ postal_address }}</p>"), begun)
    assert worked.plan is not None
    campaign = worked.plan.campaign
    assert (campaign.message.html, campaign.message.markdown, campaign.message.footer) == (
        "<p>{{ unsubscribe_url }} {{ postal_address }}</p>", None, False
    )  # fmt: skip
    assert campaign.sender.reply_to == "answers@example.org"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_values_are_values(path: Path, name: str) -> None:
    """Whatever a name looks like, it stands in the message literally and parts the list like any other."""
    stuff = material(people(4, first_name=[name, name, "Ana", "Ana"], town=[name, name, "north", "north"]))
    written = form(path, body="Dear {{ first_name }},", column="town", values=frozenset({name}))
    worked = work_out(written, stuff)
    assert worked.plan is not None
    assert worked.plan.recipients == 2
    assert worked.people is not None
    shown = worked.people.preview(message_of(written, stuff), 0, stuff.clock)
    assert name in shown.text
    assert "<script" not in (shown.html or "")
    assert "<img src=http://127" not in (shown.html or "")


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Re: another"},
        {"body": "{{ first_name }} {{ frist_name }}"},
        {"body": "Dear {{ email }}, [x](https://www.example.org)", "postal_address": ""},
        {"sender": "nobody", "purpose": "marketing"},
        {"name": "next"},
        {"body": "{{ odd }}"},
        {"leave_out": frozenset({"role_based"})},
        {"column": "district", "values": frozenset({"east"})},
        {"pace": PaceChoice.CAUTIOUS},
    ],
)
def test_revised_equals_planned_anew(path: Path, changes: dict[str, object]) -> None:
    """Whatever was worked out before, what comes of a form is the same."""
    stuff = material(town().assign(odd=["a\x07", *["b"] * 39]), links=Links("http://127.0.0.1:1", b"k" * 16))
    begun = work_out(form(path), stuff)
    revised, anew = work_out(form(path, **changes), stuff, begun), work_out(form(path, **changes), stuff)
    assert revised.plan is not None
    assert anew.plan is not None
    for part in ("waterfall", "findings", "eta"):
        pd.testing.assert_frame_equal(getattr(revised.plan, part), getattr(anew.plan, part))
    assert (repr(revised.plan), revised.blocking) == (repr(anew.plan), anew.blocking)
    assert revised.plan.preview(3).text == anew.plan.preview(3).text


def test_what_the_ledger_learnt_counts_at_the_next_word(path: Path) -> None:
    """Whoever unsubscribed after a plan was made is left out once a word is changed."""
    ledger = Ledger(path)
    begun = work_out(form(path), material())
    ledger.suppress(pd.DataFrame({"email": ["p0000@alpha.example"]}))
    worked = work_out(form(path, subject="Another"), material(), begun)
    assert begun.plan is not None
    assert worked.plan is not None
    assert (begun.plan.recipients, worked.plan.recipients) == (40, 39)
