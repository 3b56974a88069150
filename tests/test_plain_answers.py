"""Questions and plain answers as octets: never anything but what dnspython writes and reads."""

from __future__ import annotations

import struct

import dns.exception
import dns.message
import dns.rrset
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkkit.verification.domains.answers import Found, Records
from bulkkit.verification.domains.datagrams import KINDS, query
from bulkkit.verification.domains.nameservers import records_of
from bulkkit.verification.domains.plain_answers import plain_answer

NAME = st.lists(st.from_regex(r"[a-zA-Z0-9_-]{1,12}", fullmatch=True), min_size=1, max_size=5).map(".".join)

ASKED = b"\1a\4acme\0"
OWNERS = [b"\xc0\x0c"] * 9 + [
    b"\xc0\x0e",
    b"\xc0\x13",
    b"\0",
    b"\4acme\0",
    ASKED,
    b"\xc0\x0d",
    b"\xc0\x7f",
    b"\2mx\xc0\x0c",
]
"""Whose a record is: the name asked about, one above it, the root, another, and pointers that lead astray."""
HOSTS = [
    b"\2mx\xc0\x0c",
    b"\2MX\xc0\x0c",
    b"\2mx\xc0\x0e",
    b"\xc0\x0c",
    b"\0",
    b"\3a.b\0",
    b"\3a b\0",
    b"\2mx\xc0\x22",
    b"\1a",
]
DATA = {
    15: [b"\0\x0a" + host for host in HOSTS],
    1: [bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2]), bytes(5), b""],
    28: [bytes(15) + b"\1", bytes(10) + b"\xff\xff\xc0\0\2\1", bytes(16), bytes(4)],
    6: [b"\2ns\xc0\x0c\0" + bytes(16) + last for last in (b"\0\0\0\x3c", b"\xff\xff\xff\xff", b"\0")],
    5: [b"\2mx\xc0\x0c", b"\xc0\x0e"],
    41: [b"", b"\0\x0f\0\2\0\0"],
    2: [b"\2ns\xc0\x0c"],
}
"""What records of each kind (MX, A, AAAA, SOA, CNAME, OPT, NS) can hold, and what they cannot."""
FLAGS = [0x8180] * 4 + [0x8183] * 2 + [0x8182, 0x8380, 0x0180, 0xA980, 0x8000]


def records(kinds: st.SearchStrategy[int], most: int) -> st.SearchStrategy[list[bytes]]:
    """So many records of these kinds as octets."""
    return st.lists(kinds.flatmap(lambda kind: record(kind)), max_size=most)


def record(kind: int) -> st.SearchStrategy[bytes]:
    """A record as octets, mostly of the name asked about and with what its kind can hold."""
    owners = st.just(b"\0") if kind == 41 else st.sampled_from(OWNERS)
    ttl = (
        st.sampled_from([0, 60, 300, 300, 2**31 - 1, 2**31, 2**32 - 1]) if kind != 41 else st.sampled_from([0, 1 << 16])
    )
    group = st.sampled_from([1] * 9 + [3])
    return st.builds(
        lambda owner, group, ttl, data: owner + struct.pack("!HHIH", kind, group, ttl, len(data)) + data,
        owners, group, ttl, st.sampled_from(DATA[kind]),
    )  # fmt: skip


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """An answer as octets: mostly as name servers give it, else with whatever can be wrong or unusual with it."""
    kind = draw(st.sampled_from([15, 15, 1, 28, 2]))
    sections = (
        draw(records(st.sampled_from([kind] * 12 + [5, 6]), 3)),
        draw(records(st.sampled_from([6] * 6 + [2]), draw(st.sampled_from([0, 1, 2])))),
        draw(records(st.sampled_from([1, 28, 41, 41, 15]), 3)),
    )
    header = struct.pack("!6H", 7, draw(st.sampled_from(FLAGS)), 1, *map(len, sections))
    wire = bytearray(header + ASKED + struct.pack("!HH", kind, 1) + b"".join(map(b"".join, sections)))
    for place, octet in draw(st.just([]) | st.lists(st.tuples(st.integers(0, len(wire) - 1), st.integers(0, 255)))):
        wire[place] = octet
    return bytes(wire[: draw(st.none() | st.integers(0, len(wire)))])


def by_dnspython(wire: bytes) -> Records | str:
    """Return what the whole message says, or why it is none."""
    try:
        return records_of(dns.message.from_wire(wire, raise_on_truncation=True))
    except (dns.exception.DNSException, ValueError) as error:
        return repr(error)


@settings(max_examples=400, deadline=None)
@given(answers())
def test_a_plain_answer_is_what_dnspython_reads(wire: bytes) -> None:
    """Usual, unusual or damaged: the same records, holding for the same time, or it is left to dnspython."""
    told = plain_answer(wire)
    assert told is None or told == by_dnspython(wire)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80))
@example(
    bytes.fromhex("000081800001000100000000") + b"\1a\0" + bytes.fromhex("000f0001c00c000f000100000005000400010aff")
)
def test_any_octets_are_borne(wire: bytes) -> None:
    """No octets end in anything but an answer or none."""
    told = plain_answer(wire)
    assert told is None or told == by_dnspython(wire)


@settings(max_examples=200, deadline=None)
@given(NAME, st.sampled_from(list(KINDS)), st.booleans())
@example("a\\.b.example", "MX", True)
@example("müller.example", "A", True)
@example("acme.example.", "PTR", False)
def test_a_question_is_what_dnspython_writes(name: str, kind: str, edns: bool) -> None:
    """But for its number, which is new each time."""
    theirs = dns.message.make_query(name, kind, use_edns=0 if edns else False, payload=1232).to_wire()
    assert query(name, kind, edns=edns)[2:] == theirs[2:]


def test_the_usual_answers_are_plain() -> None:
    """MX with the host's address, an address, an absence below its zone: none of them needs dnspython."""
    for kind, data in (("MX", "10 mx.acme.example."), ("A", "192.0.2.1"), ("AAAA", "2001:db8::1")):
        asked = dns.message.make_query("acme.example", kind, use_edns=0)
        reply = dns.message.make_response(asked)
        reply.answer.append(dns.rrset.from_text("acme.example.", 300, "IN", kind, data))
        reply.additional.append(dns.rrset.from_text("mx.acme.example.", 60, "IN", "A", "192.0.2.1"))
        assert plain_answer(reply.to_wire()) == Records(
            Found.RECORDS, (data,), 300, beside=frozenset({"mx.acme.example"})
        )
    for zone in ("acme.example.", "."):
        nothing = dns.message.make_response(dns.message.make_query("a.acme.example", "MX", use_edns=0))
        nothing.authority.append(dns.rrset.from_text(zone, 300, "IN", "SOA", "ns.example. root.example. 1 2 3 4 60"))
        assert plain_answer(nothing.to_wire()) == Records(Found.NO_DATA, ttl=60)
