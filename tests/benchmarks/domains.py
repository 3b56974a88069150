"""Many domains asked about at a local name server: how many a second, by the number of questions open at once.

    python tests/benchmarks/domains.py [domains] [milliseconds]

First a server that answers after so many milliseconds (default 20, as one not far
away), so that `concurrency` allows concurrency / latency questions a second; then
Debian's BIND, where it is installed, which answers at once: there the processors
are the limit. Both run in a process of their own.
"""

from __future__ import annotations

import multiprocessing
import select
import socket
import sys
import tempfile
import time
from collections import deque
from pathlib import Path

from bulkkit.verification import Resolver
from bulkkit.verification.domains import Mail, answers_of

sys.path.insert(0, str(Path(__file__).parents[1]))
from bind import bind

SIGNS = bytes.fromhex("81800001000100000000")
MX = bytes.fromhex("c00c000f00010000012c0009000a") + b"\x04mail\xc0\x0c"
A = bytes.fromhex("c00c000100010000012c00047f000001")


def serve(sock: socket.socket, latency: float) -> None:
    """Answer MX with `mail` below the domain, and all else with an address, in a while, until the process is ended."""
    sock.setblocking(False)
    waiting: deque[tuple[float, bytes, object]] = deque()
    while True:
        rest = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        ready, _, _ = select.select([sock], [], [], rest)
        while ready:
            try:
                data, address = sock.recvfrom(512)
            except BlockingIOError:
                break
            end = data.index(0, 12) + 5
            record = MX if data[end - 4 : end - 2] == b"\x00\x0f" else A
            waiting.append((time.monotonic() + latency, data[:2] + SIGNS + data[12:end] + record, address))
        while waiting and waiting[0][0] <= time.monotonic():
            sock.sendto(*waiting.popleft()[1:])


def measure(server: str, names: list[str], concurrency: int, questions: int, allowed: float) -> None:
    """Ask about all of these names, each of which takes so many questions, and print one line."""
    began, cpu = time.perf_counter(), time.process_time()
    found = answers_of(names, Resolver([server], concurrency=concurrency, cache=False))
    took, busy = time.perf_counter() - began, time.process_time() - cpu
    asked = questions * len(names)
    print(
        f"{len(names):,} domains, {asked:,} questions, {concurrency:3} at once: {took:6.2f} s, {asked / took:7,.0f}/s"
        f"{f' of {allowed:7,.0f} allowed' if allowed else ''}, {busy / asked * 1e6:4.0f} µs of CPU each, "
        f"{sum(answer.mail is Mail.MX for answer in found.values()):,} with MX"
    )


def main(domains: int = 20_000, milliseconds: int = 20) -> None:
    """Print one line for each server and concurrency."""
    names = [f"d{n}.example" for n in range(domains)]
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    sock.bind(("127.0.0.1", 0))
    server = multiprocessing.get_context("fork").Process(target=serve, args=(sock, milliseconds / 1000), daemon=True)
    server.start()
    print(f"A server that answers after {milliseconds} ms:")
    for concurrency in (10, 50, 100, 200, 400):
        rows = names if concurrency >= 50 else names[: domains // 10]
        measure(
            f"127.0.0.1:{sock.getsockname()[1]}", rows, concurrency, 2, 1000 * concurrency / max(milliseconds, 0.001)
        )
    server.terminate()
    generated = f'$GENERATE 0-{domains - 1} d$.example. MX "10 mail.d$.example."'
    hosts = f"$GENERATE 0-{domains - 1} mail.d$.example. A 127.0.0.1"
    with tempfile.TemporaryDirectory() as folder, bind(Path(folder), {".": f"{generated}\n{hosts}"}) as address:
        print("BIND, which adds the mail server's address to the answer:")
        for concurrency in (10, 50, 100, 200):
            measure(address, names, concurrency, 1, 0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
