"""What DNS answered is kept while it holds, whatever happens to the file, and is not asked for again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from dns_zone import FACTS, ZONE, asking
from interrupts import interrupt_once
from nameserver import NameServer

from bulkkit.verification import verify
from bulkkit.verification.domains import Found, Mail, Records, answers_of
from bulkkit.verification.domains.answers import DomainAnswer, of_mx
from bulkkit.verification.domains.cache import Cache

AS_OF = "2026-10-01"


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    """A name server with a zone for every case."""
    with NameServer(ZONE) as running:
        yield running


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


class Tiring(NameServer):
    """A name server that from its twentieth question on takes a second over each, until it is `rested`."""

    rested = False

    async def answer(self, wire: bytes, *, is_tcp: bool) -> bytes | None:
        """Return what goes back over the wire, sooner or later."""
        self.latency = 1.0 if self.questions >= 19 and not self.rested else 0.0
        return await super().answer(wire, is_tcp=is_tcp)


def test_an_interrupt_keeps_what_was_answered(tmp_path: Path) -> None:
    """Interrupted in the middle, the next run asks only for the rest, and the result is that of one run."""
    names = [f"d{n}.example" for n in range(60)]
    zone = {name: {"MX": ["10 aspmx.l.google.com."]} for name in names}
    with Tiring(zone) as server:
        resolver = asking(server, cache=tmp_path / "dns.jsonl", concurrency=2, timeout=5.0)
        interrupt_once(lambda: server.questions >= 20)
        with pytest.raises(KeyboardInterrupt, match=r"stopped after \d+ of 60 domains\. What was answered is kept"):
            answers_of(names, resolver)
        asked, server.rested = server.questions, True
        assert 20 <= asked < 60
        assert {answer.mail for answer in answers_of(names, resolver).values()} == {Mail.MX}
        # Those that were open when the interrupt came are asked again.
        assert 60 <= server.questions <= 62
