"""The probe before a real Postfix: each answer that its own tables and restrictions give, and no message left there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
import pytest
from nameserver import NameServer
from postfix import Postfix, postfix
from test_probe import ZONE, probe_of

from bulkkit.verification import Resolver, verify, verify_address

PEOPLE = "inline:{ {ana@acme.example=ana/}, {carl@acme.example=carl/}, {@any.example=any/}, {ana@tenant.example=ana/} }"
"""Who is known: two people here, anybody there (virtual(5))."""

RULES = (
    "check_recipient_access inline:{ "
    "{full@acme.example=452 4.2.2 Mailbox is over quota}, {fuller@acme.example=552 5.2.2 Mailbox full}, "
    "{gone@acme.example=550 5.2.1 Mailbox disabled}, {grey@acme.example=450 4.2.0 Greylisted}, "
    "{policy@acme.example=550 5.7.1 Message refused}, {later@acme.example=451 4.3.0 Local trouble}, "
    "{shut@acme.example=421 4.3.2 Closing}, {out@acme.example=521 5.3.2 Goodbye} }"
)
"""What is said of others (access(5))."""

SENDERS = (
    "check_sender_access inline:{ {liar@probe.example=REJECT}, {listed@probe.example="
    "554 5.7.1 Service unavailable; Client host [127.0.0.1] blocked using zen.spamhaus.org} }"
)
"""Who is refused, whomever it writes to."""

VERDICTS = {
    "ana@acme.example": ("deliverable", "accepted_email", 250),
    "carl@acme.example": ("deliverable", "accepted_email", 250),
    "bob@acme.example": ("undeliverable", "mailbox_not_found", 550),
    "full@acme.example": ("risky", "mailbox_quota_exceeded", 452),
    "fuller@acme.example": ("risky", "mailbox_quota_exceeded", 552),
    "gone@acme.example": ("undeliverable", "mailbox_disabled", 550),
    "grey@acme.example": ("unknown", "greylisted", 450),
    "later@acme.example": ("unknown", "mail_server_temporary_error", 451),
    "policy@acme.example": ("unknown", "probe_blocked", 550),
}


@pytest.fixture(scope="module")
def resolver() -> Iterator[Resolver]:
    """A name server that maps the test's domains to loopback."""
    zone = {**ZONE, "any.example": {"MX": ["10 mx.acme.example."]}}
    with NameServer(zone) as server:
        yield Resolver([server.address], timeout=1.0, cache=False)


@pytest.fixture(scope="module")
def server() -> Iterator[Postfix]:
    """A Postfix that knows some people, and says of others why not."""
    with postfix(
        virtual_mailbox_domains="acme.example, any.example, tenant.example",
        virtual_mailbox_maps=PEOPLE,
        smtpd_recipient_restrictions=RULES,
        smtpd_sender_restrictions=SENDERS,
    ) as running:
        yield running


def test_each_of_its_answers_has_its_verdict(server: Postfix, resolver: Resolver) -> None:
    """Known, unknown, full, closed, put off and refused, in its own words; nobody gets a message."""
    told = verify(pd.DataFrame({"email": list(VERDICTS)}), "probe", resolver=resolver, probe=probe_of(server.port))
    found = {row.email: (row.status, row.reason, row.smtp_code) for row in told.itertuples()}
    assert found == VERDICTS
    assert told.set_index("email").loc["bob@acme.example", "enhanced_code"] == "5.1.1"
    assert told["diagnostic"].str.contains("User unknown in virtual mailbox table").sum() == 1
    assert server.mail() == []


def test_where_it_takes_any_name_nobody_is_deliverable(server: Postfix, resolver: Resolver) -> None:
    """A domain with a catch-all is found out, and its neighbour on the same server is not taken for one."""
    people = pd.DataFrame({"email": ["ana@any.example", "bob@any.example", "ana@acme.example"]})
    told = verify(people, "probe", resolver=resolver, probe=probe_of(server.port))
    assert told["reason"].tolist() == ["accept_all", "accept_all", "accepted_email"]
    assert told["accept_all"].tolist() == [True, True, False]


def test_a_microsoft_tenant_is_asked_about_its_own_people_only(server: Postfix, resolver: Resolver) -> None:
    """Its log shows that no name nobody has was asked about: Postfix logs each refusal."""
    verdict = verify_address("ana@tenant.example", "probe", resolver=resolver, probe=probe_of(server.port))
    assert verdict.reason == "not_probed"
    assert "@tenant.example>: Recipient address rejected" not in server.log


@pytest.mark.parametrize(
    ("address", "sender", "reason"),
    [
        ("ana@acme.example", "listed", "probe_blocked"),
        ("ana@acme.example", "liar", "probe_blocked"),
        ("out@acme.example", "bounces", "probe_blocked"),
        ("shut@acme.example", "bounces", "mail_server_temporary_error"),
    ],
)
def test_its_refusals_of_us_condemn_nobody(
    server: Postfix, resolver: Resolver, address: str, sender: str, reason: str
) -> None:
    """A block list, a refused sender, and connections that it ends: unknown, whatever the mailbox is."""
    probe = replace(probe_of(server.port), sender=f"{sender}@probe.example")
    verdict = verify_address(address, "probe", resolver=resolver, probe=probe)
    assert (verdict.status, verdict.reason) == ("unknown", reason), verdict.diagnostic
