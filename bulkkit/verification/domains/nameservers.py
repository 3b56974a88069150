"""Name servers asked over the wire with dnspython's messages: in turn, with a time for each, over TCP where needed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import count
from typing import Final

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from bulkkit.verification.domains.answers import Found, Records
from bulkkit.verification.domains.datagrams import Socket, query
from bulkkit.verification.domains.plain_answers import plain_answer

TELLING: Final = frozenset({dns.rcode.NOERROR, dns.rcode.NXDOMAIN})
"""Codes that say something of the name (RFC 1035 4.1.1); all others speak of the server."""


ADDRESSES: Final = frozenset({dns.rdatatype.A, dns.rdatatype.AAAA})


@dataclass(frozen=True, slots=True)
class NameServer:
    """Where a name server is."""

    host: str
    port: int = 53

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class NameServers:
    """Name servers that are asked in turn until one answers; the next question begins at the next server.

    SERVFAIL and all that is no answer goes to the next server, and after the last
    once more to each, then without EDNS, which some old servers do not know
    (RFC 6891 6.2.2). Sockets are kept for later questions; a question has one to
    itself, and only a reply with its number, name and kind counts.
    """

    def __init__(self, servers: tuple[NameServer, ...], timeout: float, rounds: int) -> None:
        self._servers = servers
        self._timeout = timeout
        self._rounds = rounds
        self._turn = count()
        self._idle: dict[NameServer, list[Socket]] = defaultdict(list)

    async def ask(self, name: str, kind: str) -> Records:
        """Return the records of one kind that a name has."""
        start, said, is_silence = next(self._turn), "no name server is known", True
        for attempt in range(self._rounds * len(self._servers)):
            server = self._servers[(start + attempt) % len(self._servers)]
            try:
                wire = query(name, kind, edns=attempt < len(self._servers))
                answer = await self._sent(wire, server)
            except (dns.exception.Timeout, TimeoutError):
                said = f"no answer within {self._timeout:g} s"
            except (dns.exception.DNSException, OSError, EOFError) as error:
                said = str(error) or type(error).__name__
                is_silence &= not isinstance(error, dns.exception.DNSException)
            else:
                if answer.found is not Found.FAILED:
                    return answer
                said, is_silence = answer.said, False
        return Records(Found.FAILED, said=f"{kind}: {said}", is_silence=is_silence)

    async def close(self) -> None:
        """Close the sockets."""
        for sockets in self._idle.values():
            for socket in sockets:
                socket.close()

    async def _sent(self, wire: bytes, server: NameServer) -> Records:
        said = await self._datagram(wire, server)
        try:
            return plain_answer(said) or records_of(dns.message.from_wire(said, raise_on_truncation=True))
        except dns.message.Truncated:
            whole = await dns.asyncquery.tcp(dns.message.from_wire(wire), server.host, self._timeout, server.port)
            return records_of(whole)

    async def _datagram(self, wire: bytes, server: NameServer) -> bytes:
        idle = self._idle[server]
        socket = idle.pop() if idle else await Socket.open(server.host, server.port)
        try:
            return await socket.ask(wire, self._timeout)
        finally:
            idle.append(socket)


def records_of(response: dns.message.Message) -> Records:
    """Return what a whole response says."""
    if response.rcode() not in TELLING:
        return Records(Found.FAILED, said=dns.rcode.to_text(response.rcode()))
    if response.flags & dns.flags.TC:
        return Records(Found.FAILED, said="the answer is cut off")
    try:
        chain = response.resolve_chaining()  # type: ignore[attr-defined]
    except dns.exception.DNSException as error:
        return Records(Found.FAILED, said=f"its aliases lead nowhere ({error})")
    if chain.answer is not None:
        values = tuple(value.to_text() for value in chain.answer)
        return Records(Found.RECORDS, values, chain.minimum_ttl, beside=_beside(response))
    if response.rcode() == dns.rcode.NXDOMAIN:
        return Records(Found.NO_NAME, ttl=_absence(response, chain.minimum_ttl))
    if _refers(response):
        return Records(Found.FAILED, said="the name server only refers to others")
    return Records(Found.NO_DATA, ttl=_absence(response, chain.minimum_ttl))


def _beside(response: dns.message.Message) -> frozenset[str]:
    added = (rrset for rrset in response.additional if rrset.rdtype in ADDRESSES)
    return frozenset(str(rrset.name).rstrip(".").lower() for rrset in added)


def _absence(response: dns.message.Message, ttl: int) -> int:
    """Return how long an absence holds: RFC 2308 5 keeps none that comes without SOA."""
    return ttl if any(rrset.rdtype == dns.rdatatype.SOA for rrset in response.authority) else 0


def _refers(response: dns.message.Message) -> bool:
    """Tell whether the server, which looks nothing up, only says who might know (RFC 1034 4.3.1)."""
    kinds = {rrset.rdtype for rrset in response.authority}
    return dns.rdatatype.NS in kinds and dns.rdatatype.SOA not in kinds and not response.flags & dns.flags.RA
