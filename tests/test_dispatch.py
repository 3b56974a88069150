"""From a campaign to a send: planned without a trace, confirmed by its number, and sent to nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pandas as pd
import pytest
from rehearsal import SENDER, START, campaign, people, relay, start, states
from servers import MailServer, always

from bulkkit.accounts import of_list, of_send
from bulkkit.addresses import mailbox_key
from bulkkit.dispatch import Plan, plan
from bulkkit.errors import (
    AddressError,
    ConfigurationError,
    ConfirmationError,
    InputError,
    LeaseError,
    LedgerError,
    PreflightError,
    RelayError,
    TemplateError,
)
from bulkkit.ledger import Ledger
from bulkkit.message.links import Links
from bulkkit.message.message import Message
from bulkkit.sending.relay import Relay
from bulkkit.sending.retry import Retry
from bulkkit.sending.throttle import Limit, Throttle
from bulkkit.verification import verify

NOWHERE = "smtp://127.0.0.1:1"
"""A relay on this machine at which nothing listens."""
ABROAD = Relay("smtp+starttls://mail.company.com")
"""A real relay that no test may reach."""


@pytest.fixture(autouse=True)
def nobody_goes_abroad(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test connect to anything but this machine."""
    from bulkkit.dispatch import route

    def check(to: Relay, password: str | None) -> None:
        assert to.is_loopback, "a test connects to the world"
        trial(to, password)

    trial = route.check_relay
    monkeypatch.setattr(route, "check_relay", check)


def drafted(path: Path, audience: pd.DataFrame | None = None, **options: object) -> Plan:
    """Return a plan on this machine."""
    relays = options.pop("relays", [Relay(NOWHERE)])
    changes = {name: options.pop(name) for name in ("message", "sender", "name", "kind", "purpose") if name in options}
    return plan(campaign(people(3) if audience is None else audience, **changes), relays, ledger=path, **options)


def test_a_plan_leaves_no_trace(path: Path) -> None:
    """Planning, looking and previewing write no file and change nobody's frame."""
    audience = people(4, consent_basis=["opt_in", "bought", "opt_in", "customer"])
    before = audience.copy()
    planned = drafted(path, audience)
    planned.preview(0)
    repr(planned)
    assert planned.recipients == 3
    assert list(path.parent.iterdir()) == []
    pd.testing.assert_frame_equal(audience, before)


def test_a_plan_says_who_gets_it_and_when(path: Path) -> None:
    """Rows, waterfall and estimate agree: the same people, by step and by network, the slowest network first."""
    audience = pd.concat([people(150, "mail.alpha.co.uk"), people(20, "beta.com"), people(5, "beta.com")])
    planned = drafted(path, audience)
    assert (planned.recipients, len(planned.rows("recipients")), len(planned.rows("duplicate"))) == (170, 170, 5)
    assert of_list(planned.waterfall).holds
    assert planned.eta[["network", "recipients"]].values.tolist() == [["alpha.co.uk", 150], ["beta.com", 20]]
    assert planned.eta["per_hour"].tolist() == [100, 100]
    assert planned.finishes_after == planned.eta["finishes_after"][0]
    assert timedelta(hours=1) < planned.finishes_after < timedelta(hours=1, minutes=1)
    assert "170 recipients" in repr(planned)


def test_behind_each_step_stand_its_rows(path: Path) -> None:
    """The rows behind the steps are the list, each once; all of it was read, and a step that is none is said."""
    basis = ["bought", "unknown", *["opt_in"] * 58]
    audience = pd.concat([people(60, consent_basis=basis), people(5), people(1).assign(email="nobody")])
    planned = drafted(path, audience, limit=40, holdout=0.3)
    steps = planned.waterfall.set_index("step")["rows"]
    assert {step: len(planned.rows(step)) for step in steps.index} == steps.to_dict()
    behind = pd.concat([planned.rows(step) for step in steps.index if step != "read"])
    assert sorted(behind["email"]) == sorted(planned.rows("read")["email"]) == sorted(audience["email"])
    with pytest.raises(InputError, match="'dubious' is no step of the waterfall; it has read, duplicate"):
        planned.rows("dubious")


def test_a_list_without_consent_is_not_planned(path: Path) -> None:
    """A list that does not say who agreed needs to be told where that is kept; its people are counted then."""
    audience = people(3).drop(columns="consent_basis")
    with pytest.raises(InputError, match=r"consent_at, consent_source, consent_basis.*consent='signed forms'"):
        drafted(path, audience)
    assert drafted(path, audience, consent="signed forms").recipients == 3


@pytest.mark.parametrize("relays", [[], [Relay(NOWHERE), relay(1)]], ids=["none", "sandbox beside real"])
def test_relays_that_cannot_share_a_send(path: Path, relays: list[Relay]) -> None:
    """No relay, and the sandbox's beside real ones, are errors at once."""
    with pytest.raises(ConfigurationError):
        drafted(path, relays=relays)


def test_a_mistake_in_the_template_is_an_error_at_once(path: Path) -> None:
    """A plan cannot be made of a message that cannot be read."""
    with pytest.raises(TemplateError, match="the subject"):
        drafted(path, message=Message("{{ first_name", text="x"))


@pytest.mark.parametrize("confirm", [None, 2, 4, 0])
def test_the_number_must_be_confirmed(path: Path, confirm: int | None) -> None:
    """To a real relay, though it is on this machine, nothing goes without the right number; nothing is stored."""
    for method in ("send", "queue"):
        with pytest.raises(ConfirmationError, match="confirm="):
            getattr(drafted(path), method)(confirm=confirm)
    assert not path.exists()


def test_a_sandbox_needs_no_number_but_takes_no_wrong_one(serve: Callable[..., MailServer], path: Path) -> None:
    """Relays that only simulate may be sent to unconfirmed; a wrong number is wrong all the same."""
    server = serve()
    planned = drafted(path, relays=[relay(server.port)], throttle=Throttle.unlimited())
    with pytest.raises(ConfirmationError):
        planned.send(confirm=4)
    assert planned.send().wait(20).accepted == 3


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"message": Message("Hi {{ nickname }}", text="x")}, "nickname"),
        ({"sender": "news@example.org"}, "postal address"),
        ({"message": Message("Hi", text="{{ postal_address }}", footer=False)}, "unsubscribe"),
        ({"audience": people(3, consent_basis="bought")}, "Nobody is left"),
    ],
    ids=["unknown token", "no postal address", "no way out", "nobody left"],
)
def test_findings_block(path: Path, options: dict[str, object], rule: str) -> None:
    """A blocking finding stops send and queue with its rule, and nothing is stored."""
    planned = drafted(path, **options)
    assert "1 blocking finding" in repr(planned)
    for method in ("send", "queue"):
        with pytest.raises(PreflightError, match=rf"(?s)nothing was stored:.*{rule}"):
            getattr(planned, method)(confirm=planned.recipients)
    assert not path.exists()


def test_the_sample_never_leaves_this_machine(path: Path) -> None:
    """Reserved names to a real relay are refused before anybody connects."""
    planned = drafted(path, people(3, "alpha.example"), relays=[ABROAD])
    with pytest.raises(PreflightError, match="reserved for examples"):
        planned.send(confirm=3)
    assert not path.exists()


def test_a_relay_that_is_not_there(path: Path) -> None:
    """Where nothing listens, nothing is stored: the plan can be sent once the relay is up."""
    with pytest.raises(RelayError, match="nothing listens there"):
        drafted(path).send(confirm=3)
    assert not path.exists()


def test_rehearsals_and_real_sends_do_not_mix(serve: Callable[..., MailServer], path: Path) -> None:
    """A ledger with simulated bounces in it is refused for a real relay, when planned and when sent."""
    early = drafted(path, people(3, "company.com"), relays=[ABROAD], name="real")
    start([relay(serve().port)], people(3), path).wait(20)
    with pytest.raises(LedgerError, match="holds rehearsals"):
        drafted(path, people(3, "company.com"), relays=[ABROAD], name="real")
    with pytest.raises(LedgerError, match="holds rehearsals"):
        early.queue(confirm=3)
    assert drafted(path, name="real").recipients == 3


def test_the_same_person_gets_one_message(serve: Callable[..., MailServer], path: Path) -> None:
    """Case, IDN spelling and white space make no second message at the server."""
    emails = ["Ana@bücher.example", " ana@xn--bcher-kva.example", "ANA@BÜCHER.EXAMPLE ", "ben@alpha.example"]
    server = serve()
    start(
        [relay(server.port)], pd.DataFrame({"email": emails, "consent_basis": "opt_in", "first_name": "A"}), path
    ).wait(20)
    assert server.counts() == {"Ana@xn--bcher-kva.example": 1, "ben@alpha.example": 1}


def test_the_suppressed_are_left_out(path: Path) -> None:
    """Who is suppressed in the ledger, under any spelling, is in the waterfall and not among the recipients."""
    Ledger(path).suppress(pd.DataFrame({"email": ["ANA@XN--BCHER-KVA.EXAMPLE", "P0001@alpha.example "]}))
    audience = pd.concat([people(3), pd.DataFrame({"email": ["ana@Bücher.example"], "consent_basis": "opt_in"})])
    planned = drafted(path, audience)
    assert planned.rows("suppressed")["email"].tolist() == ["p0001@alpha.example", "ana@Bücher.example"]
    assert planned.recipients == 2


def test_a_third_blast_in_a_month_is_capped(serve: Callable[..., MailServer], path: Path) -> None:
    """Who was sent two blasts lately gets no third; a segmented campaign they get, and after a month a blast."""
    to = [relay(serve().port)]
    for name, audience in (("one", people(3)), ("two", people(2))):
        drafted(path, audience, name=name, relays=to, throttle=Throttle.unlimited()).send().wait(20)
    assert (
        drafted(path, people(4), name="three", relays=to).rows("capped")["email"].tolist()
        == people(2)["email"].tolist()
    )
    assert drafted(path, people(4), name="three", kind="segmented", relays=to).recipients == 4
    to[0].clock.advance_to(to[0].clock.now() + timedelta(days=31))
    assert drafted(path, people(4), name="three", relays=to).recipients == 4


def test_hostile_rows_are_left_out_and_the_rest_goes_on(serve: Callable[..., MailServer], path: Path) -> None:
    """A line end of any alphabet in any column that is filled in, or in the address, leaves its row out alone."""
    hostile = [f"x{control}Bcc: victim@example.org" for control in "\r\n\0\x85\u2028"]
    addresses = [
        "a@b.example> RCPT TO:<c@d.example",
        "alice@example.org)bob@evil.example",
        "a\r\nb@c.example",
        "a\0@b.example",
    ]
    audience = pd.concat(
        [
            people(2),
            people(5, "beta.example").assign(first_name=hostile),
            people(5, "gamma.example").assign(city=hostile),
            people(4).assign(email=addresses),
        ],
        ignore_index=True,
    ).fillna({"city": "Rome"})
    server = serve()
    message = Message("{{ first_name }}", text="{{ city }}")
    planned = drafted(path, audience, message=message, relays=[relay(server.port)], throttle=Throttle.unlimited())
    assert planned.rows("unusable").index.tolist() == list(range(2, 12))
    assert planned.rows("undeliverable")["email"].tolist() == addresses
    assert planned.send().wait(20).accepted == 2
    assert server.counts() == {"p0000@alpha.example": 1, "p0001@alpha.example": 1}
    assert not any("victim" in taken.data.decode() for taken in server.mail)


def test_an_address_that_could_leave_its_envelope_is_never_asked_for(
    serve: Callable[..., MailServer], path: Path
) -> None:
    """Where a list claims that hostile addresses were verified, they are refused before the relay hears of them."""
    hostile = ["a@b.example> RCPT TO:<c@d.example", "alice@example.org)bob@evil.example"]
    checked = verify(people(3))
    claimed = checked.assign(email=[*hostile, "ana@alpha.example"], status="deliverable")
    server = serve()
    start([relay(server.port)], claimed, path).wait(20)
    assert server.counts() == {"ana@alpha.example": 1}
    assert not any("evil" in line or "c@d" in line for line in server.lines)
    sends = Ledger(path).sends().set_index("email")
    assert sends.loc[hostile, ["state", "reason"]].values.tolist() == [["refused", "not_written"]] * 2
    assert Ledger(path).suppressions().empty


def test_any_index_will_do(serve: Callable[..., MailServer], path: Path) -> None:
    """A list put together from parts, the same label on every row, is sent to everybody with their own data."""
    audience = pd.concat([people(2), people(2, "beta.example")]).assign(first_name=list("abcd")).set_axis([0, 0, 0, 0])
    audience = audience.assign(email=audience["email"].str.replace("alpha", "älpha"))
    server = serve()
    start([relay(server.port)], audience, path).wait(20)
    subjects = {
        mailbox_key(one.recipient): message_from_bytes(one.data, policy=policy.default)["Subject"]
        for one in server.mail
    }
    assert subjects == {
        mailbox_key(email): f"{name}, we move" for email, name in zip(audience["email"], "abcd", strict=True)
    }
    assert set(Ledger(path).sends()["network"]) == {"xn--lpha-koa.example", "beta.example"}


def test_only_what_is_filled_in_is_stored(path: Path) -> None:
    """Columns that the message does not use stay out of the ledger."""
    drafted(path, people(3, diagnosis="confidential note")).queue(confirm=3)
    assert b"Ana" in b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"confidential" not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_tracking_follows_consent_alone(serve: Callable[..., MailServer], path: Path) -> None:
    """A pixel and tracked links go to those who agreed, whatever their list calls it; the others have a way out."""
    links = Links("http://127.0.0.1:8025", b"k" * 32)
    audience = people(4, tracking_consent=["yes", "no", None, "TRUE"])
    server = serve()
    message = Message("Hi", markdown="See [the plan](https://example.org/plan).")
    planned = drafted(
        path, audience, message=message, relays=[relay(server.port)], links=links, throttle=Throttle.unlimited()
    )
    planned.send().wait(20)
    agreed = [email for email, yes in zip(audience["email"], [True, False, False, True], strict=True) if yes]
    assert sorted(one.recipient for one in server.mail if b"/o/" in one.data) == agreed
    assert sorted(one.recipient for one in server.mail if b"/c/" in one.data) == agreed
    assert all(
        b"/u/" in one.data and b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in one.data for one in server.mail
    )
    assert Ledger(path).sends().set_index("email")["tracked"].to_dict() == {
        email: email in agreed for email in audience["email"]
    }
    assert Ledger(path).link("office-move", 0) == "https://example.org/plan"


def test_what_is_previewed_is_what_arrives(serve: Callable[..., MailServer], path: Path) -> None:
    """The preview of a recipient has the subject and the text that the server gets for them."""
    audience = people(3, first_name=["Ana", "Zoë", "例"])
    server = serve()
    planned = drafted(path, audience, relays=[relay(server.port)], throttle=Throttle.unlimited())
    planned.send().wait(20)
    arrived = {one.recipient: message_from_bytes(one.data, policy=policy.default) for one in server.mail}
    for number in range(3):
        seen = planned.preview(number)
        assert arrived[seen.email]["Subject"] == seen.subject
        assert arrived[seen.email].get_body(("plain",)).get_content().startswith(seen.text.splitlines()[0])
    for number in (-1, 3):
        with pytest.raises(InputError, match="counted from 0 to 2"):
            planned.preview(number)


def test_a_test_mail_stands_nowhere(serve: Callable[..., MailServer], path: Path) -> None:
    """A test mail goes to whom it says, with the first recipient's data and a way out, and leaves no trace here."""
    server = serve()
    planned = drafted(
        path, relays=[Relay(f"smtp://127.0.0.1:{server.port}")], links=Links("https://a.example", b"k" * 32)
    )
    assert planned.test_to("me@bücher.example") == "250 2.0.0 Ok"
    (mail,) = server.mail
    assert mail.recipient == "me@xn--bcher-kva.example"
    arrived = message_from_bytes(mail.data, policy=policy.default)
    assert arrived["Subject"] == "Ana, we move"
    assert arrived["List-Unsubscribe"].startswith("<mailto:news@example.org")
    assert b"a.example/" not in mail.data
    assert not path.exists()


def test_a_refused_test_mail_says_why(serve: Callable[..., MailServer], path: Path) -> None:
    """What the relay said of the test mail is in the error; a hostile address never reaches it."""
    server = serve(always("RCPT", "550 5.7.1 Not from here\r\n"))
    planned = drafted(path, relays=[Relay(f"smtp://127.0.0.1:{server.port}")])
    with pytest.raises(RelayError, match=r"refused the test mail at RCPT: 550 5\.7\.1 Not from here"):
        planned.test_to("me@alpha.example")
    with pytest.raises(AddressError, match="cannot stand in an envelope"):
        planned.test_to("me@a.example> RCPT TO:<you@b.example")
    with pytest.raises(InputError, match="cannot hold the character"):
        planned.test_to("me@a.example\r\nBcc: you@b.example")
    assert not any("you@b" in line for line in server.lines)


def test_a_start_needs_a_time_zone(path: Path) -> None:
    """A start without a time zone is refused, and nothing is stored."""
    with pytest.raises(InputError, match="no time zone"):
        drafted(path).queue(confirm=3, at=datetime(2026, 10, 1, 9))
    assert not path.exists()


def test_a_plan_is_sent_once(serve: Callable[..., MailServer], path: Path) -> None:
    """A second send of the same name says how to go on with the first; nobody gets it again."""
    server = serve()
    planned = drafted(path, relays=[relay(server.port)], throttle=Throttle.unlimited())
    planned.send().wait(20)
    with pytest.raises(InputError, match=r"bulkkit\.resume\('office-move'\)"):
        planned.send()
    assert set(server.counts().values()) == {1}


def test_a_ledger_in_use_says_by_whom(serve: Callable[..., MailServer], path: Path) -> None:
    """While a send runs another one of its ledger is told whose turn it is, and leaves nothing behind."""
    server = serve(latency=0.05)
    send = drafted(
        path, people(40), relays=[relay(server.port, max_connections=1)], throttle=Throttle.unlimited()
    ).send()
    with pytest.raises(LeaseError, match="sending 'office-move' since"):
        drafted(path, name="later", relays=[relay(server.port)]).send()
    send.stop()
    assert Ledger(path).campaigns()["campaign"].tolist() == ["office-move"]


def test_the_ledger_has_what_was_planned(path: Path) -> None:
    """The campaign is stored with its people, its policies, and the sums of its list, in one transaction."""
    throttle, retry = Throttle(Limit(50, 60.0), {"alpha.example": Limit(connections=2)}), Retry(60, 600, 7200)
    planned = drafted(path, people(5, consent_basis=["bought", *["opt_in"] * 4]), throttle=throttle, retry=retry)
    planned.queue(confirm=4)
    ledger = Ledger(path)
    (row,) = ledger.campaigns().to_dict("records")
    assert (row["campaign"], row["kind"], row["purpose"], row["recipients"]) == (
        "office-move",
        "blast",
        "announcement",
        4,
    )
    assert (row["sender"], row["subject"], row["clock"]) == (SENDER.mailbox, "{{ first_name }}, we move", "utc")
    spec = ledger.spec("office-move")
    assert Throttle.from_spec(spec["throttle"]) == throttle
    assert Retry.from_spec(spec["retry"]) == retry
    assert of_list(pd.DataFrame(spec["waterfall"])).holds
    sends = ledger.sends()
    assert not of_send(sends, planned.recipients).holds
    assert sends["email"].tolist() == planned.rows("recipients")["email"].tolist()
    assert set(states(path).values()) == {"queued"}
    assert (sends["queued_at"] >= pd.Timestamp(START)).all()
