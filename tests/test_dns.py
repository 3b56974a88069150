"""Depth "dns": facts are told from silence, each domain is asked once, and what was answered is not asked again."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.asyncresolver
import dns.resolver
import pandas as pd
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st
from interrupts import interrupt_once
from nameserver import NameServer, Zone

from bulkkit.addresses import domain_of
from bulkkit.errors import InputError
from bulkkit.verification import Resolver, mx_networks, verify, verify_address
from bulkkit.verification.domains import Found, Mail, Records, answers_of
from bulkkit.verification.domains.answers import DomainAnswer, of_mx, preferred
from bulkkit.verification.domains.cache import Cache
from bulkkit.verification.domains.facts import askable
from bulkkit.verification.domains.networks import network_of_host
from bulkkit.verification.partition import domain_counts, domain_table, judge
from bulkkit.verification.progress import showing
from bulkkit.vocabulary import Action, Reason, Status

AS_OF = "2026-10-01"
HERE = ["127.0.0.1"]

ZONE: Zone = {
    "acme.example": {"MX": ["20 backup.acme.example.", "10 mx.acme.example."]},
    "mx.acme.example": {"A": HERE},
    "workspace.example": {"MX": ["1 aspmx.l.google.com.", "5 alt1.aspmx.l.google.com."]},
    "tenant.example": {"MX": ["0 tenant-example.mail.protection.outlook.com."]},
    "aol-like.example": {"MX": ["1 mx-aol.mail.gm0.yahoodns.net."]},
    "null.example": {"MX": ["0 ."]},
    "halfnull.example": {"MX": ["0 .", "10 mx.acme.example."]},
    "only-a.example": {"A": HERE},
    "only-aaaa.example": {"AAAA": ["::1"]},
    "nothing.example": {"TXT": ['"v=spf1 -all"']},
    "lost.example": {"MX": ["10 gone.lost.example."]},
    "half-lost.example": {"MX": ["10 gone.lost.example.", "20 mx.acme.example."]},
    "servfail.example": {"how": "SERVFAIL"},
    "mx-fails.example": {"how": "SERVFAIL MX", "A": HERE},
    "a-fails.example": {"how": "SERVFAIL A", "AAAA": ["::1"]},
    "aaaa-fails.example": {"how": "SERVFAIL AAAA"},
    "host-fails.example": {"MX": ["10 aaaa-fails.example."]},
    "refused.example": {"how": "REFUSED"},
    "silent.example": {"how": "silence"},
    "garbage.example": {"how": "garbage"},
    "stranger.example": {"how": "stranger"},
    "referred.example": {"how": "refer"},
    "busy.example": {"how": "busy", "A": HERE},
    "alias.example": {"CNAME": "acme.example"},
    "round.example": {"CNAME": "trip.example"},
    "trip.example": {"CNAME": "round.example"},
    "many.example": {"MX": [f"{n} mail-server-number-{n}.acme.example." for n in range(80)]},
    "mail-server-number-0.acme.example": {"A": HERE},
    "xn--mller-kva.example": {"MX": ["10 mx.acme.example."]},
    "for-sale.example": {"A": HERE, "NS": ["NS2.sedoparking.com.", "ns1.sedoparking.com."]},
    "in-use.example": {"MX": ["10 mx.acme.example."], "NS": ["ns1.sedoparking.com."]},
    "own-machine.example": {"MX": ["0 localhost."]},
    "parked.example": {"MX": ["10 mail.h-email.net."]},
    "mail.h-email.net": {"A": HERE},
}  # fmt: skip

FACTS = [
    ("acme.example", "not_probed", True, None),
    ("workspace.example", "not_probed", True, "Google"),
    ("tenant.example", "not_probed", True, "Microsoft"),
    ("aol-like.example", "not_probed", True, "Yahoo"),
    ("null.example", "does_not_accept_mail", False, None),
    ("halfnull.example", "not_probed", True, None),
    ("only-a.example", "not_probed", False, None),
    ("only-aaaa.example", "not_probed", False, None),
    ("nothing.example", "no_dns_entries", False, None),
    ("absent.example", "no_dns_entries", False, None),
    ("lost.example", "no_dns_entries", True, None),
    ("half-lost.example", "not_probed", True, None),
    ("servfail.example", "dns_error", None, None),
    ("mx-fails.example", "dns_error", None, None),
    ("a-fails.example", "not_probed", False, None),
    ("aaaa-fails.example", "dns_error", None, None),
    ("host-fails.example", "not_probed", True, None),
    ("refused.example", "dns_error", None, None),
    ("silent.example", "dns_error", None, None),
    ("garbage.example", "dns_error", None, None),
    ("stranger.example", "dns_error", None, None),
    ("referred.example", "dns_error", None, None),
    ("busy.example", "not_probed", False, None),
    ("alias.example", "not_probed", True, None),
    ("round.example", "dns_error", None, None),
    ("many.example", "not_probed", True, None),
    ("müller.example", "not_probed", True, None),
    ("parked.example", "accept_all", True, None),
    ("for-sale.example", "accept_all", False, None),
    ("in-use.example", "not_probed", True, None),
    ("own-machine.example", "no_dns_entries", True, None),
]


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    """A name server with a zone for every case."""
    with NameServer(ZONE) as running:
        yield running


def asking(server: NameServer, **options: Any) -> Resolver:
    """Return a resolver that asks this server, and keeps nothing unless it is told to."""
    return Resolver([server.address], **{"timeout": 0.3, "cache": False, **options})


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


def test_a_second_run_asks_nothing_while_answers_hold(tmp_path: Path) -> None:
    """Facts are kept for as long as their TTL; what is unknown is asked again."""
    frame = pd.DataFrame({"email": [f"ana@{domain}" for domain, *_ in FACTS]})
    with NameServer(ZONE) as server:
        resolver = asking(server, cache=tmp_path / "dns.jsonl")
        first = verify(frame, "dns", AS_OF, resolver=resolver)
        server.asked.clear()
        again = verify(frame, "dns", AS_OF, resolver=resolver)
        unknown = {name for name, reason, *_ in FACTS if reason == "dns_error"}
        assert {name for name, _ in server.asked} <= {*unknown, "round.example", "trip.example"}
    pd.testing.assert_frame_equal(again, first)


def test_an_answer_holds_as_long_as_its_ttl(tmp_path: Path) -> None:
    """The MX record's TTL, the SOA's minimum for what is not there (RFC 2308 5), and never longer than a week."""
    cache = Cache(tmp_path / "dns.jsonl")
    with NameServer(ZONE, ttl=300, minimum=60) as server:
        kept = answers_of(["acme.example", "absent.example", "null.example"], asking(server))
    assert {name: answer.ttl for name, answer in kept.items()} == {
        "acme.example": 300, "absent.example": 60, "null.example": 300,
    }  # fmt: skip
    cache.add(kept, now=1_000)
    assert set(cache.read(1_059)) == set(kept)
    assert set(cache.read(1_061)) == {"acme.example", "null.example"}
    assert cache.read(1_301) == {}
    assert cache.read(1_000 - 8 * 86_400) == {}
    assert of_mx(Records(Found.RECORDS, ("1 a.",), ttl=10**9)) == DomainAnswer(Mail.MX, ("a",), 7 * 86_400)


def test_a_torn_cache_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """Cut at any octet, the file gives whole answers only, and takes new ones behind the torn line."""
    whole = Cache(tmp_path / "whole.jsonl")
    answers = {f"d{n}.example": DomainAnswer(Mail.MX, (f"mx{n}.example",), 300) for n in range(5)}
    whole.add(answers, now=0)
    data = whole.path.read_bytes()
    for cut in range(len(data)):
        torn = Cache(tmp_path / "torn.jsonl")
        torn.path.write_bytes(data[:cut])
        read = torn.read(1)
        assert all(read[name].hosts == answers[name].hosts for name in read)
        assert len(read) >= data[:cut].count(b"\n")
        torn.add({"new.example": DomainAnswer(Mail.NULL_MX, (), 300)}, now=1)
        assert torn.read(2).keys() == {*read, "new.example"}


@pytest.mark.parametrize(
    "line",
    [b"null", b"[]", b"[1,2,3,4]", b'["a",1e9,"bad",[]]', b"\xff", b'["a","x","mx",["b"]]', b"{}", b'["a",9,"mx",7]'],
)
def test_a_strange_line_is_passed_over(tmp_path: Path, line: bytes) -> None:
    """Whatever stands in the file, it ends no run."""
    cache = Cache(tmp_path / "dns.jsonl")
    cache.path.write_bytes(line + b"\n" + json.dumps(["b.example", 100, "null_mx", []]).encode() + b"\n")
    assert cache.read(50) == {"b.example": DomainAnswer(Mail.NULL_MX, (), 1)}


def test_a_cache_that_cannot_be_written_is_named_and_done_without(server: NameServer, tmp_path: Path) -> None:
    """The answers are there all the same."""
    (tmp_path / "file").touch()
    resolver = asking(server, cache=tmp_path / "file" / "dns.jsonl")
    with pytest.warns(UserWarning, match="not kept"):
        assert answers_of(["null.example"], resolver)["null.example"].mail is Mail.NULL_MX


def test_an_interrupt_keeps_what_was_answered(tmp_path: Path) -> None:
    """Interrupted in the middle, the next run asks only for the rest, and the result is that of one run."""
    names = [f"d{n}.example" for n in range(60)]
    zone = {name: {"MX": ["10 aspmx.l.google.com."]} for name in names}
    with NameServer(zone, latency=0.02) as server:
        resolver = asking(server, cache=tmp_path / "dns.jsonl", concurrency=2, timeout=5.0)
        interrupt_once(lambda: server.questions >= 20)
        with pytest.raises(KeyboardInterrupt, match=r"stopped after \d+ of 60 domains\. What was answered is kept"):
            answers_of(names, resolver)
        asked = server.questions
        assert 20 <= asked < 60
        assert {answer.mail for answer in answers_of(names, resolver).values()} == {Mail.MX}
        # Those that were open when the interrupt came are asked again.
        assert 60 <= server.questions <= 62


def test_it_runs_where_a_loop_runs_already(server: NameServer) -> None:
    """In a notebook the kernel's loop runs in the same thread."""

    async def cell() -> str:
        return str(verify_address("ana@null.example", "dns", resolver=asking(server)).reason)

    assert asyncio.run(cell()) == "does_not_accept_mail"


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
        began = time.monotonic()
        found = answers_of(server.zone, asking(server, timeout=0.1, concurrency=20))
        assert {answer.mail for answer in found.values()} == {Mail.UNKNOWN}
        assert server.questions < 300
        assert time.monotonic() - began < 10


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


def test_a_bar_is_shown_after_a_second_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing before, then a bar on a terminal; nothing at all where nobody looks."""
    for is_terminal in (True, False):
        screen, moments = io.StringIO(), iter([0.0, 0.5, 1.5, 1.6])
        screen.isatty = lambda: is_terminal  # type: ignore[method-assign]  # noqa: B023
        monkeypatch.setattr("sys.stderr", screen)
        monkeypatch.setenv("TERM", "xterm")
        with showing("Asking DNS", 200, now=lambda: next(moments)) as show:  # noqa: B023
            show(1)
            assert screen.getvalue() == ""
            show(100)
            show(150)
        assert ("150/200" in screen.getvalue()) is is_terminal
