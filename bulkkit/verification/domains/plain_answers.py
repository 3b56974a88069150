"""Answers of the plainest shape read from their octets, for whole messages take dnspython twenty times as long."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Final

import dns.ipv4
import dns.ipv6
from dns.rdatatype import AAAA, MX, SOA, A

from bulkkit.verification.domains.answers import Found, Records

HEADER: Final = struct.Struct("!6H")
TAIL: Final = struct.Struct("!2H")
"""Kind and class, behind the name asked about (RFC 1035 4.1.2)."""
RECORD: Final = struct.Struct("!3HIH")
"""A record whose owner is a pointer, up to its data (RFC 1035 4.1.3, 4.1.4)."""
ADDED: Final = struct.Struct("!2HIH")
"""A record behind its owner, up to its data."""
SOA_NUMBERS: Final = struct.Struct("!5I")
BARE_OPT: Final = re.compile(rb"\0\0\x29..\0\0..\0\0", re.DOTALL)
"""An OPT record without options, of version 0 and without a longer code (RFC 6891 6.1.3)."""

TOLD: Final = {0x8000: Found.NO_DATA, 0x8003: Found.NO_NAME}
"""What an answer without records says, by its flags: no error, or NXDOMAIN (RFC 1035 4.1.1)."""
SIGNS: Final = 0xFA0F
"""The flags that count: that it is an answer, to what kind of question, whether it is cut off, the code."""

IN: Final = 1
POINTER: Final = 0xC0
"""What begins a pointer to an earlier name (RFC 1035 4.1.4); less than `LABEL` is a label's length."""
LABEL: Final = 0x40
SIZES: Final = {A: 4, AAAA: 16}
"""Octets of an address."""
LONGEST_NAME: Final = 255
"""RFC 1035 2.3.4."""
LONGEST_TTL: Final = 0x7FFF_FFFF
"""RFC 2181 8."""

_PLAIN: Final = re.compile(rb"[A-Za-z0-9_.-]*")


class OddError(ValueError):
    """The answer is not plain."""


def plain_answer(wire: bytes) -> Records | None:
    """Return what an answer says, or None where it is not plain, and dnspython is to read it.

    Plain are MX, A or AAAA records of the very name that was asked about, or none
    of them and at most the SOA above it; beside them addresses and an empty OPT
    record; and names of letters, digits, hyphens and underscores. It says what
    dnspython reads.
    """
    try:
        return _read(wire)
    except (OddError, IndexError, struct.error):
        return None


def _read(wire: bytes) -> Records:
    _, flags, questions, count, authorities, others = HEADER.unpack_from(wire)
    names, at = _names_asked(wire)
    kind, group = TAIL.unpack_from(wire, at)
    told = TOLD.get(flags & SIGNS)
    if told is None or questions != 1 or group != IN or kind not in VALUES:
        raise OddError
    at += TAIL.size
    if count:
        _require(told is Found.NO_DATA and not authorities)
        values, ttl, at = _records(wire, at, kind, count)
        return Records(Found.RECORDS, values, ttl, beside=_beside(wire, at, others))
    ttl, at = _absence(wire, at, names, authorities)
    _beside(wire, at, others)
    return Records(told, ttl=ttl)


def _names_asked(wire: bytes) -> tuple[list[int], int]:
    """Return where the name asked about and those above it begin, and where it ends."""
    at, names = HEADER.size, [HEADER.size]
    while size := wire[at]:
        at += 1 + size
        names.append(at)
        _require(size < LABEL)
    _require(at < HEADER.size + LONGEST_NAME)
    return names, at + 1


def _records(wire: bytes, at: int, kind: int, count: int) -> tuple[tuple[str, ...], int, int]:
    """Return the records, the shortest time for which one holds, and where they end."""
    value_of, values, holds = VALUES[kind], [], LONGEST_TTL
    for _ in range(count):
        owner, its_kind, group, ttl, size = RECORD.unpack_from(wire, at)
        _require(owner == (POINTER << 8 | HEADER.size) and its_kind == kind and group == IN and ttl <= LONGEST_TTL)
        start, at = at + RECORD.size, at + RECORD.size + size
        _require(at <= len(wire))
        values.append(value_of(wire, start, at))
        holds = min(holds, ttl)
    _require(count == 1 or len({value.lower() for value in values}) == count)
    return tuple(values), holds, at


def _absence(wire: bytes, at: int, names: list[int], authorities: int) -> tuple[int, int]:
    """Return how long an absence holds by its SOA (RFC 2308 5), and where that ends."""
    if not authorities:
        return 0, at
    if wire[at] == 0:
        at -= 1  # The root is spelt out as one octet, where a pointer has two.
    else:
        _require(wire[at] >= POINTER and (wire[at] - POINTER << 8 | wire[at + 1]) in names)
    _, kind, group, ttl, size = RECORD.unpack_from(wire, at)
    at += RECORD.size
    _require(kind == SOA and group == IN and ttl <= LONGEST_TTL)
    numbers = _name(wire, _name(wire, at)[1])[1]
    _require(numbers + SOA_NUMBERS.size == at + size)
    return min(ttl, SOA_NUMBERS.unpack_from(wire, numbers)[-1]), at + size


def _beside(wire: bytes, at: int, others: int) -> frozenset[str]:
    """Return the names of the addresses that come with an answer, which ends with them."""
    hosts, opts = set(), 0
    for _ in range(others):
        if opt := BARE_OPT.match(wire, at):
            at, opts = opt.end(), opts + 1
        else:
            host, at = _name(wire, at)
            kind, group, _, size = ADDED.unpack_from(wire, at)
            _require(group == IN and SIZES.get(kind) == size)
            hosts.add(host.lower())
            at += ADDED.size + size
    _require(at == len(wire) and opts <= 1)
    return frozenset(hosts)


def _mx(wire: bytes, at: int, end: int) -> str:
    name, stop = _name(wire, at + 2)
    _require(stop == end)
    return f"{wire[at] << 8 | wire[at + 1]} {name}."


def _a(wire: bytes, at: int, end: int) -> str:
    _require(end - at == SIZES[A])
    return dns.ipv4.inet_ntoa(wire[at:end])


def _aaaa(wire: bytes, at: int, end: int) -> str:
    _require(end - at == SIZES[AAAA])
    return dns.ipv6.inet_ntoa(wire[at:end])


def _name(wire: bytes, at: int) -> tuple[str, int]:
    """Return a name without its last dot, and where it ends; a pointer leads before all that is read of it."""
    labels, start, limit, stop = [], at, len(wire), 0
    while size := wire[at]:
        if size < LABEL:
            labels.append(wire[at + 1 : at + 1 + size])
            at += 1 + size
        else:
            target = (size - POINTER) << 8 | wire[at + 1]
            _require(size >= POINTER and target < start)
            stop, limit, start, at = stop or at + 2, start, target, target
        _require(at < limit)
    name = b".".join(labels)
    _require(len(name) + 2 <= LONGEST_NAME and name.count(b".") == max(len(labels) - 1, 0))
    _require(_PLAIN.fullmatch(name) is not None)
    return name.decode(), stop or at + 1


def _require(plain: bool) -> None:
    if not plain:
        raise OddError


VALUES: Final[dict[int, Callable[[bytes, int, int], str]]] = {MX: _mx, A: _a, AAAA: _aaaa}
"""How the data of each kind read as in a zone file."""
