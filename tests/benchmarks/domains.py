"""Many domains asked about at a local name server: how many a second, by the number of questions open at once.

    python tests/benchmarks/domains.py [domains] [milliseconds]

The server answers after so many milliseconds (default 20, as one not far away),
in a process of its own. What `concurrency` allows is concurrency / latency.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import sys
import time

from bulkkit.verification import Resolver
from bulkkit.verification.domains import answers_of

SIGNS = bytes.fromhex("81800001000100000000")
MX = bytes.fromhex("c00c000f00010000012c0009000a") + b"\x04mail\xc0\x0c"
A = bytes.fromhex("c00c000100010000012c00047f000001")


class Server(asyncio.DatagramProtocol):
    """It answers MX with `mail` below the domain, and all else with an address."""

    def __init__(self, latency: float) -> None:
        self._latency = latency

    def connection_made(self, transport):
        """Take the transport."""
        self._transport = transport

    def datagram_received(self, data, addr):
        """Answer in a while."""
        end = data.index(0, 12) + 5
        record = MX if data[end - 4 : end - 2] == b"\x00\x0f" else A
        answer = data[:2] + SIGNS + data[12:end] + record
        asyncio.get_running_loop().call_later(self._latency, self._transport.sendto, answer, addr)


def serve(sock: socket.socket, latency: float) -> None:
    """Answer until the process is ended."""

    async def hold() -> None:
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: Server(latency), sock=sock)
        await asyncio.Event().wait()

    asyncio.run(hold())


def main(domains: int = 20_000, milliseconds: int = 20) -> None:
    """Print one line for each concurrency."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    sock.bind(("127.0.0.1", 0))
    address = f"127.0.0.1:{sock.getsockname()[1]}"
    server = multiprocessing.get_context("fork").Process(target=serve, args=(sock, milliseconds / 1000), daemon=True)
    server.start()
    names = [f"d{n}.example" for n in range(domains)]
    for concurrency in (10, 50, 100, 200):
        rows = names if concurrency >= 50 else names[: domains // 10]
        began, cpu = time.perf_counter(), time.process_time()
        found = answers_of(rows, Resolver([address], concurrency=concurrency, cache=False))
        took, busy = time.perf_counter() - began, time.process_time() - cpu
        questions = 2 * len(rows)
        allowed = concurrency / (milliseconds / 1000) if milliseconds else float("inf")
        print(
            f"{len(found):,} domains, {questions:,} questions, {concurrency:3} at once: {took:6.2f} s, "
            f"{questions / took:7,.0f}/s of {allowed:7,.0f} allowed, {busy / questions * 1e6:4.0f} µs of CPU each, "
            f"{sum(answer.mail == 'mx' for answer in found.values()):,} with MX"
        )
    server.terminate()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
