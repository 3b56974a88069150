"""Depth "dns": facts are told from silence, and nobody is condemned by a server that failed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from dns_zone import FACTS, ZONE, asking
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st
from nameserver import NameServer

from bulkkit.addresses import domain_of
from bulkkit.verification import mx_networks, verify, verify_address
from bulkkit.verification.domains import answers_of
from bulkkit.verification.domains.answers import preferred
from bulkkit.verification.domains.facts import askable
from bulkkit.verification.domains.networks import network_of_host
from bulkkit.verification.partition import domain_counts, domain_table, judge
from bulkkit.vocabulary import Action, Reason, Status

AS_OF = "2026-10-01"


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    """A name server with a zone for every case."""
    with NameServer(ZONE) as running:
        yield running


@pytest.fixture(scope="module")
def checked(server: NameServer) -> pd.DataFrame:
    """One address at each domain of the zone, judged with DNS."""
    emails = [f"ana@{domain}" for domain, *_ in FACTS]
    return verify(pd.DataFrame({"email": emails}), "dns", AS_OF, resolver=asking(server))


@pytest.mark.parametrize(("row", "fact"), list(enumerate(FACTS)), ids=[fact[0] for fact in FACTS])
def test_servfail_and_timeout_are_unknown_and_nxdomain_and_null_mx_are_facts(
    checked: pd.DataFrame, row: int, fact: tuple[Any, ...]
) -> None:
    """NXDOMAIN, null MX and nothing at all are facts; SERVFAIL, silence and nonsense are unknown."""
    _, reason, has_mx, provider = fact
    told = checked.iloc[row]
    assert told["reason"] == reason, told["diagnostic"]
    assert (None if pd.isna(told["has_mx"]) else told["has_mx"]) == has_mx
    assert (None if pd.isna(told["provider"]) else told["provider"]) == provider
    assert told["depth"] == "dns"


def test_status_and_action_follow(checked: pd.DataFrame) -> None:
    """A fact suppresses, what is unknown is tried again, and nothing is deliverable by DNS alone."""
    outcomes = checked.groupby("reason")[["status", "action"]].agg(set).to_dict("index")
    assert outcomes == {
        "not_probed": {"status": {Status.UNKNOWN}, "action": {Action.SEND}},
        "dns_error": {"status": {Status.UNKNOWN}, "action": {Action.RETRY}},
        "no_dns_entries": {"status": {Status.UNDELIVERABLE}, "action": {Action.SUPPRESS}},
        "does_not_accept_mail": {"status": {Status.UNDELIVERABLE}, "action": {Action.SUPPRESS}},
        "accept_all": {"status": {Status.RISKY}, "action": {Action.REVIEW}},
    }
    assert checked.loc[checked["reason"].ne("not_probed"), "diagnostic"].notna().all()


def test_the_words_say_what_was_found(server: NameServer) -> None:
    """A diagnostic names the fact, or why there is none."""
    told = {name: verify_address(f"a@{name}", "dns", resolver=asking(server)).diagnostic or "" for name, *_ in FACTS}
    assert "NXDOMAIN" in told["absent.example"]
    assert "RFC 7505" in told["null.example"]
    assert "gone.lost.example" in told["lost.example"]
    assert "SERVFAIL" in told["servfail.example"]
    assert "no answer within 0.3 s" in told["silent.example"]
    assert "mail.h-email.net" in told["parked.example"]
    assert told["acme.example"] == ""


def test_a_parked_domain_is_risky_and_what_is_not_known_is_not_said() -> None:
    """By its mail server it takes any name; by its name servers it is parked, and asked about only without MX."""
    with NameServer(ZONE) as server:
        names = ["parked.example", "for-sale.example", "in-use.example", "only-a.example"]
        told = {name: verify_address(f"ana@{name}", "dns", resolver=asking(server)) for name in names}
        assert {name for name, kind in server.asked if kind == "NS"} == {"for-sale.example", "only-a.example"}
    assert [verdict.status for verdict in told.values()] == [Status.RISKY] * 2 + [Status.UNKNOWN] * 2
    assert [verdict.accept_all for verdict in told.values()] == [True, None, None, None]
    assert "ns1.sedoparking.com, ns2.sedoparking.com" in (told["for-sale.example"].diagnostic or "")


def test_what_is_no_address_is_not_asked_about() -> None:
    """Neither a line break, nor a reserved name, nor a name that no host can have goes to a name server."""
    bad = [
        "a@",
        "no address",
        "a@b\r\nc.example",
        "a@localhost",
        "a@x.invalid",
        f"a@{'x' * 64}.example",
        None,
    ]
    with NameServer(ZONE) as server:
        told = verify(pd.DataFrame({"email": bad}), "dns", resolver=asking(server))
        assert server.questions == 0
    assert told["reason"].eq("failed_syntax_check").all()
    assert told["depth"].eq("syntax").all()


@settings(max_examples=200, deadline=None)
@given(st.emails() | st.from_regex(r"[a-z]{1,3}@[a-zA-Z0-9éü中.-]{1,12}\.(com|example|中国)", fullmatch=True))
def test_every_valid_address_has_a_domain_to_ask_about(address: str) -> None:
    """What email-validator lets pass can be asked about."""
    try:
        validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        return
    assert len(askable(domain_of(pd.Series([address], dtype="str")))) == 1


def test_undeliverable_beats_risky_and_keeps_the_suggestion(server: NameServer) -> None:
    """A misspelt domain that does not exist is undeliverable, and what was meant is still said."""
    verdict = verify_address("info@gmial.com", "dns", resolver=asking(server))
    assert (verdict.reason, verdict.did_you_mean) == (Reason.NO_DNS_ENTRIES, "info@gmail.com")
    risky = verify_address("info@servfail.example", "dns", resolver=asking(server))
    assert (risky.reason, risky.action) == (Reason.ROLE_BASED, Action.REVIEW)


def test_it_runs_where_a_loop_runs_already(server: NameServer) -> None:
    """In a notebook the kernel's loop runs in the same thread."""

    async def cell() -> str:
        return str(verify_address("ana@null.example", "dns", resolver=asking(server)).reason)

    assert asyncio.run(cell()) == "does_not_accept_mail"


def test_parts_are_judged_as_the_whole(server: NameServer, checked: pd.DataFrame) -> None:
    """A part and a table of domains that holds DNS's answers: no part asks anything."""
    own = checked[["email"]]
    counts = domain_counts(own)
    domains = domain_table(counts, answers=answers_of(askable(counts.index), asking(server)))
    before = server.questions
    together = pd.concat([judge(own.iloc[start : start + 5], domains, AS_OF) for start in range(0, len(own), 5)])
    assert server.questions == before
    pd.testing.assert_frame_equal(together, checked)


def test_a_network_is_who_runs_the_mail_servers(server: NameServer) -> None:
    """A Workspace domain is Google's; an unknown host's is the domain it is registered under; no answer is none."""
    names = ["Workspace.example", "tenant.example", "acme.example", "only-a.example", "null.example", "silent.example"]
    networks = mx_networks(names, resolver=asking(server))
    assert networks.index.tolist() == [name.lower() for name in names]
    assert networks.fillna("-").tolist() == ["Google", "Microsoft", "acme.example", "only-a.example", "-", "-"]


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("mx1.mail.acme.co.uk", "acme.co.uk"),
        ("aspmx2.googlemail.com", "Google"),
        ("contoso-com.v-v1.mx.microsoft", "Microsoft"),
        ("mxa-00abc.gslb.pphosted.com", "Proofpoint"),
        ("notgoogle.com", "notgoogle.com"),
        ("google.com.evil.example", "evil.example"),
        ("mx01.mail.icloud.com", "Apple"),
    ],
)
def test_the_host_says_which_network(host: str, network: str) -> None:
    """By whole labels, from the end."""
    assert network_of_host(host) == network


def test_the_preferred_server_comes_first() -> None:
    """By preference, then by name, each once, in lower case."""
    assert preferred(["20 b.", "10 C.", "10 a.", "30 b."]) == ("a", "c", "b")
