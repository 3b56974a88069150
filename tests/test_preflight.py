"""Preflight: what must be looked at before a message leaves, each finding with the rule that it comes from."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from rehearsal import START, campaign, people

from bulkkit.campaign import Campaign, Sender
from bulkkit.dispatch.merge import trial_recipients
from bulkkit.message.compiled import compile_message
from bulkkit.message.links import Links
from bulkkit.message.message import Message
from bulkkit.preflight import BULK_A_DAY, preflight
from bulkkit.preflight.findings import Finding, Severity, Situation, as_frame

LINKS = Links("https://news.example.com", b"k" * 32)
REAL = people(20, "company.com", tracking_consent=True)


def found(
    audience: pd.DataFrame = REAL,
    links: Links | None = LINKS,
    *,
    loopback: bool = False,
    bought: int = 0,
    **changes: Any,
) -> dict[str, Finding]:
    """Return the findings for a campaign that has none worth an error but for what `changes` says, by their rule."""
    consent = changes.pop("consent", None)
    planned: Campaign = campaign(audience, **changes)
    message = compile_message(planned.name, planned.message, planned.sender, links)
    trial = tuple(trial_recipients(planned.name, audience, message, START))
    columns = tuple(map(str, audience.columns))
    situation = Situation(planned, message, audience, columns, bought, consent, loopback, trial)
    return {finding.rule: finding for finding in preflight(situation)}


def errors(**changes: Any) -> list[str]:
    """Return the rules that block."""
    return sorted(rule for rule, finding in found(**changes).items() if finding.severity == Severity.ERROR)


def test_a_good_campaign_is_not_blocked() -> None:
    """A complete message to people who agreed has no error and no warning; what was not looked up is unknown."""
    severities = {rule: finding.severity for rule, finding in found().items()}
    assert severities == {"authentication": Severity.UNKNOWN}


BLOCKED = {
    "postal_address": {"sender": Sender("news@example.com")},
    "way_out": {"message": Message("Hi", text="Hi {{ postal_address }}", footer=False)},
    "unknown_token": {"message": Message("Hi {{ nickname }}", text="x")},
    "rendering": {"message": Message("Hi", text="{{ first_name + 1 }}")},
    "subject": {"message": Message("  ", text="x")},
    "one_click_https": {"links": Links("http://news.example.com", b"k" * 32)},
    "recipients": {"audience": REAL.iloc[:0]},
    "reserved_domain": {"audience": people(20, "mail.example.org", tracking_consent=True)},
}


@pytest.mark.parametrize("rule", BLOCKED)
def test_what_blocks_blocks_alone(rule: str) -> None:
    """Each rule that blocks is broken by its own fault alone, and says what to do and whose rule it is."""
    assert errors(**BLOCKED[rule]) == [rule]
    finding = found(**BLOCKED[rule])[rule]
    assert all((finding.concerns, finding.finding, finding.fix, finding.source))


def test_a_footer_without_a_postal_address_is_seen_in_the_body() -> None:
    """Without the footer the body must show the address itself."""
    body = "{{ unsubscribe_url }}"
    assert errors(message=Message("Hi", text=body, footer=False)) == ["postal_address"]
    assert errors(message=Message("Hi", text=body + " {{ postal_address }}", footer=False)) == []


def test_a_token_of_a_missing_column_names_those_there_are() -> None:
    """The error names the token and the columns that there are."""
    finding = found(message=Message("Hi {{ nickname }}", text="x"))["unknown_token"]
    assert "'nickname'" in finding.finding
    assert "first_name" in finding.fix


@pytest.mark.parametrize(
    "domain",
    [
        "example.com",
        "EXAMPLE.org",
        "mail.example.net",
        "alpha.example",
        "a.test",
        "b.invalid",
        "c.localhost",
        "example.com.",
        "example.org ",
    ],
)
def test_reserved_names_are_seen_however_they_are_spelt(domain: str) -> None:
    """The sample cannot be sent to real relays, whatever the case, the dot behind it or the blanks around it."""
    assert "reserved_domain" in errors(audience=people(20, domain, tracking_consent=True))
    assert errors(audience=people(20, domain, tracking_consent=True), loopback=True) == []


@pytest.mark.parametrize("domain", ["example.com.company.com", "myexample.com", "latest.com", "example.de"])
def test_names_that_only_look_reserved_are_not(domain: str) -> None:
    """A real domain with one of those words in it is written to."""
    assert errors(audience=people(20, domain, tracking_consent=True)) == []


def test_on_loopback_nothing_needs_the_network() -> None:
    """Where nothing leaves the machine, neither HTTPS nor DNS is asked for."""
    plain = Links("http://127.0.0.1:8025", b"k" * 32)
    assert found(links=plain, loopback=True) == {}


def test_gaps_are_counted() -> None:
    """Empty values of a token are counted, blanks among them, unless the template has a default for them."""
    audience = REAL.assign(first_name=["Ana", " ", None, *["Eva"] * 17])
    assert found(audience)["empty_token"].finding.startswith("2 of 20 recipients have no 'first_name'")
    guarded = Message("{{ first_name | default('friend') }}", text="x")
    assert "empty_token" not in found(audience, message=guarded)


@pytest.mark.parametrize(
    ("consent", "agreed"), [(True, 20), (False, 0), ([True, False] * 10, 10), ([True, None] * 10, 10), (None, 0)]
)
def test_consent_to_measuring_is_counted(consent: Any, agreed: int) -> None:
    """Who did not say yes did not agree, and the finding says how many did."""
    findings = found(
        REAL.assign(tracking_consent=pd.array([consent] * 20 if not isinstance(consent, list) else consent, "boolean"))
    )
    assert ("tracking_consent" in findings) == (agreed < 20)
    if agreed < 20:
        assert findings["tracking_consent"].finding.startswith(f"{agreed} of 20 recipients agreed")


def test_a_list_that_does_not_say_is_unmeasured() -> None:
    """Without the column, nobody agreed to be measured."""
    assert found(REAL.drop(columns="tracking_consent"))["tracking_consent"].finding.startswith("0 of 20")


def test_an_untracked_message_is_said_to_be_one() -> None:
    """Without links nothing is measured, and that is information and no error."""
    assert found(links=None)["untracked"].severity == Severity.INFO
    assert "tracking_consent" not in found(links=None)


def test_bought_rows_and_borrowed_consent_are_told() -> None:
    """Bought rows are a warning, consent kept elsewhere is told with its place, customers get no marketing unwarned."""
    assert found(bought=7)["bought"].severity == Severity.WARNING
    assert "in a drawer" in found(consent="in a drawer")["solicited"].finding
    customers = found(REAL.assign(consent_basis="customer"), purpose="marketing")["solicited"]
    assert (customers.severity, customers.finding[:2]) == (Severity.WARNING, "20")
    assert "solicited" not in found(REAL.assign(consent_basis="customer"))


@pytest.mark.parametrize("subject", ["Re: our move", "FWD: news", "aw: Umzug"])
def test_a_subject_that_pretends_is_a_warning(subject: str) -> None:
    """A subject that pretends to be an answer is not honest."""
    assert found(message=Message(subject, text="x"))["subject"].severity == Severity.WARNING


def test_sizes_are_told() -> None:
    """Very few recipients, very many, and a very long subject are worth a word."""
    assert "small_note" in found(REAL.iloc[:9])
    assert "bulk_sender" in found(people(BULK_A_DAY, "company.com", tracking_consent=True))
    assert found(message=Message("a" * 79, text="x"))["subject"].severity == Severity.INFO


def test_findings_come_gravest_first_and_as_a_frame() -> None:
    """Errors come first; a frame of findings has the same columns with none in it."""
    audience = people(20, "example.org").assign(first_name=None)
    situation_found = list(found(audience, sender=Sender("news@example.com"), bought=1).values())
    order = [list(Severity).index(finding.severity) for finding in situation_found]
    assert order == sorted(order)
    assert len(set(order)) == 4
    assert list(as_frame([]).columns) == list(as_frame(situation_found).columns) == list(Finding.__dataclass_fields__)
