"""A name server for the tests: UDP and TCP on one port of loopback, with a zone for each thing that can happen."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

LOOPBACK: Final = "127.0.0.1"
PATIENCE: Final = 20.0
PLAIN_SIZE: Final = 512
"""Octets of an answer over UDP without EDNS (RFC 1035 4.2.1)."""

LARGEST: Final = 65_535

HOW: Final = "how"
"""The key of a name that misbehaves: `SERVFAIL` and other codes, `silence`, `garbage`, `stranger`, `refer`, or `busy`
(SERVFAIL the first time); with a kind behind it, such as `SERVFAIL MX`, for this kind only."""

Zone = Mapping[str, Mapping[str, Sequence[str] | str]]


@dataclass
class NameServer:
    """A name server in a thread; a name that the zone lacks is NXDOMAIN, one of its kinds that it lacks no data.

    `asked` counts the questions by name and kind, `tcp` those that came over TCP,
    `most_open` how many were waiting for an answer at once.
    """

    zone: Zone
    ttl: int = 300
    minimum: int = 60
    latency: float = 0.0
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    tcp: int = 0
    most_open: int = 0

    def __enter__(self) -> NameServer:
        self._open = 0
        self._tcp, self._udp = twins()
        self.port = self._tcp.getsockname()[1]
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)

    @property
    def address(self) -> str:
        """What a resolver is given."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def questions(self) -> int:
        """How many questions came in."""
        return self.asked.total()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        tcp = await asyncio.start_server(self._talk, sock=self._tcp)
        udp, _ = await self._loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=self._udp)
        self._ready.set()
        await self._stop.wait()
        tcp.close()
        udp.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tcp += 1
        try:
            size = struct.unpack("!H", await reader.readexactly(2))[0]
            answer = await self.answer(await reader.readexactly(size), is_tcp=True)
            if answer is not None:
                writer.write(struct.pack("!H", len(answer)) + answer)
        finally:
            writer.close()

    async def answer(self, wire: bytes, *, is_tcp: bool) -> bytes | None:
        """Return what goes back over the wire, or None for silence."""
        query = dns.message.from_wire(wire)
        name, kind = _asked(query)
        self.asked[name, kind] += 1
        self._open += 1
        self.most_open = max(self.most_open, self._open)
        await asyncio.sleep(self.latency)
        self._open -= 1
        how, _, only = str(self.zone.get(name, {}).get(HOW, "")).partition(" ")
        how = how if only in {"", kind} else ""
        if how in {"silence", "garbage"}:
            return None if how == "silence" else b"\x00\x01garbage"
        reply = self._reply(query, how)
        whole = reply.to_wire(max_size=LARGEST)
        room = LARGEST if is_tcp else max(query.payload, PLAIN_SIZE)
        return whole if len(whole) <= room else _cut(query)

    def _reply(self, query: dns.message.Message, how: str) -> dns.message.Message:
        reply = dns.message.make_response(query, recursion_available=how != "refer")
        name, kind = _asked(query)
        if how == "refer":
            reply.authority.append(dns.rrset.from_text("example.", self.ttl, "IN", "NS", "ns.example."))
        elif how == "stranger":
            reply.id = query.id ^ 1
        elif how and (how != "busy" or self.asked[name, kind] == 1):
            reply.set_rcode(dns.rcode.from_text("SERVFAIL" if how == "busy" else how))
        else:
            self._fill(reply, name, kind)
        return reply

    def _fill(self, reply: dns.message.Message, name: str, kind: str) -> None:
        """Put in the records of a name, behind its aliases, or the SOA where there are none."""
        seen: list[str] = []
        while "CNAME" in self.zone.get(name, {}) and name not in seen:
            seen.append(name)
            target = str(self.zone[name]["CNAME"])
            reply.answer.append(dns.rrset.from_text(name + ".", self.ttl, "IN", "CNAME", target + "."))
            name = target
        records = self.zone.get(name, {}).get(kind, ())
        if records:
            reply.answer.append(dns.rrset.from_text(name + ".", self.ttl, "IN", kind, *records))
        elif name not in seen:
            soa = f"ns.example. root.example. 1 2 3 4 {self.minimum}"
            reply.authority.append(dns.rrset.from_text("example.", self.ttl, "IN", "SOA", soa))
            reply.set_rcode(dns.rcode.NOERROR if name in self.zone else dns.rcode.NXDOMAIN)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = await self._server.answer(data, is_tcp=False)
        if answer is not None:
            self._transport.sendto(answer, addr)


def _asked(query: dns.message.Message) -> tuple[str, str]:
    question = query.question[0]
    return question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)


def _cut(query: dns.message.Message) -> bytes:
    reply = dns.message.make_response(query, recursion_available=True)
    reply.flags |= dns.flags.TC
    return reply.to_wire()


def twins() -> tuple[socket.socket, socket.socket]:
    """Return a listening socket for TCP and one for UDP on the same free port."""
    while True:
        tcp = socket.create_server((LOOPBACK, 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        try:
            udp.bind(tcp.getsockname())
        except OSError:
            tcp.close()
            udp.close()
        else:
            return tcp, udp
