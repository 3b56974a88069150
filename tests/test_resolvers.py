"""Who is asked: each domain once, so many at a time, of whatever name servers or table is handed in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dns.asyncresolver
import dns.resolver
import pandas as pd
import pytest
from dns_zone import ZONE, asking
from nameserver import NameServer

from bulkkit.errors import InputError
from bulkkit.verification import Resolver, verify, verify_address
from bulkkit.verification.domains import Found, Mail, Records, answers_of
from bulkkit.vocabulary import Reason


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    """A name server with a zone for every case."""
    with NameServer(ZONE) as running:
        yield running


def test_each_domain_is_asked_once() -> None:
    """Whatever the number and spelling of its addresses, and a server that many domains share is looked up once."""
    shared = {f"d{n}.example": {"MX": ["10 mx.acme.example."]} for n in range(40)}
    emails = [f"u{n}@{'D' if n % 2 else 'd'}{n % 40}.example." for n in range(400)]
    with NameServer({**ZONE, **shared}) as server:
        verify(pd.DataFrame({"email": [email.rstrip(".") for email in emails]}), "dns", resolver=asking(server))
        assert set(server.asked.values()) == {1}
        assert server.questions == 41


@pytest.mark.parametrize(("added", "questions"), [("mx.acme.example", 1), ("b.example", 1), ("c.example", 2)])
def test_a_host_whose_address_came_with_the_answer_is_not_asked_about(added: str, questions: int) -> None:
    """What a server adds unasked (RFC 1035 3.3.9) saves the second question; another host's address does not."""
    asked = []

    class Table:
        async def ask(self, name: str, kind: str) -> Records:
            asked.append((name, kind))
            mx = ("10 MX.acme.example.", "20 b.example.")
            return Records(Found.RECORDS, mx, 60, beside=frozenset({added}))

    (told,) = answers_of(["acme.example"], Resolver(through=Table())).values()
    assert (told.mail, len(asked)) == (Mail.MX, questions)


def test_no_more_questions_are_open_than_said() -> None:
    """The concurrency holds at the server, and is used."""
    names = [f"d{n}.example" for n in range(100)]
    with NameServer({name: {"MX": ["0 ."]} for name in names}, latency=0.02) as server:
        answers_of(names, asking(server, concurrency=7, timeout=5.0))
        assert server.most_open == 7


def test_another_server_answers_where_one_fails(server: NameServer) -> None:
    """A dead, a failing and a referring server are passed over, and facts are facts whoever says them."""
    names = {"acme.example": "SERVFAIL", "mx.acme.example": "silence", "null.example": "refer"}
    broken = {name: {"how": how} for name, how in names.items()}
    with NameServer(broken) as other:
        resolver = Resolver([other.address, server.address], timeout=0.3, cache=False)
        found = answers_of(["acme.example", "null.example"], resolver)
    assert [answer.mail for answer in found.values()] == [Mail.MX, Mail.NULL_MX]


def test_a_large_answer_comes_over_tcp() -> None:
    """A truncated answer is asked for again over TCP, and all of its hosts are there."""
    with NameServer(ZONE) as server:
        found = answers_of(["many.example"], asking(server))["many.example"]
        assert (len(found.hosts), server.tcp) == (80, 1)


def test_where_no_server_answers_the_wait_is_short() -> None:
    """After a number of failures and not one answer, the rest is unknown at once, and no domain is condemned."""
    with NameServer({f"d{n}.example": {"how": "silence"} for n in range(3_000)}) as server:
        found = answers_of(server.zone, asking(server, timeout=0.1, concurrency=20))
        assert {answer.mail for answer in found.values()} == {Mail.UNKNOWN}
        assert server.questions < 300


def test_a_server_that_answers_is_not_deaf() -> None:
    """Many domains in a row that nobody can look up are no reason not to ask about the others."""
    broken = {f"d{n}.example": {"how": "SERVFAIL"} for n in range(80)}
    good = {f"e{n}.example": {"MX": ["0 ."]} for n in range(20)}
    with NameServer({**broken, **good}) as server:
        found = answers_of([*broken, *good], asking(server, concurrency=5, timeout=5.0))
    assert {answer.mail for name, answer in found.items() if name in good} == {Mail.NULL_MX}
    assert {answer.said for name, answer in found.items() if name in broken} == {"MX: SERVFAIL"}


@pytest.mark.parametrize("kind", [dns.resolver.Resolver, dns.asyncresolver.Resolver])
def test_dnspythons_resolvers_are_taken(server: NameServer, kind: Any) -> None:
    """A resolver with its owner's settings answers the same."""
    resolver = kind(configure=False)
    resolver.nameservers, resolver.port, resolver.lifetime = ["127.0.0.1"], server.port, 1.0
    reasons = {name: verify_address(f"a@{name}", "dns", resolver=resolver).reason for name in list(ZONE)[:12]}
    assert reasons == {name: verify_address(f"a@{name}", "dns", resolver=asking(server)).reason for name in reasons}
    assert verify_address("a@absent.example", "dns", resolver=resolver).reason is Reason.NO_DNS_ENTRIES
    assert verify_address("a@servfail.example", "dns", resolver=resolver).reason is Reason.DNS_ERROR


def test_a_table_of_ones_own_can_answer() -> None:
    """Anything that can be asked is a resolver."""

    class Table:
        async def ask(self, name: str, kind: str) -> Records:
            return Records(Found.RECORDS, ("0 .",), 60) if kind == "MX" else Records(Found.FAILED)

    assert verify_address("ana@acme.example", "dns", resolver=Table()).reason is Reason.DOES_NOT_ACCEPT_MAIL


@pytest.mark.parametrize("wrong", [7, ["ns.example.org"], "127.0.0.1:dns", ["127.0.0.1:70000"], object()])
def test_what_is_no_resolver_is_refused(wrong: Any) -> None:
    """The message says how an address reads."""
    with pytest.raises(InputError, match=r"127\.0\.0\.1:5353"):
        verify_address("ana@acme.example", "dns", resolver=wrong)
