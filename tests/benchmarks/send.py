"""A send beside Postfix's own generator, both to its smtp-sink: messages a second, in turns.

Ours are personalised, text and HTML, with five tracked links, one-click unsubscribe and the ledger at full
durability; `smtp-source -d` sends one constant body of the same size and keeps no ledger.
Run `python tests/benchmarks/send.py [messages] [connections]`; it needs Debian's postfix.
"""

from __future__ import annotations

import contextlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

import bulkkit as bk

ROUNDS = 3
SIZE = 3900
"""Bytes of one of our messages."""
BODY = "# We move, {{ first_name }}\n\n" + "\n\n".join(
    f"Paragraph {number} says something to {{{{ first_name }}}} of {{{{ city }}}} at some length, "
    f"[with a link](https://www.example.org/page/{number})."
    for number in range(5)
)


@contextlib.contextmanager
def sink() -> Iterator[int]:
    """Run smtp-sink; yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["/usr/sbin/smtp-sink", "-u", "nobody", f"127.0.0.1:{port}", "1000"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            while True:
                with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.02)
            yield port
        finally:
            process.kill()


def ours(count: int, connections: int, port: int, dkim: bk.Dkim | None = None) -> float:
    """Return the messages a second of a send."""
    numbers = range(count)
    people = pd.DataFrame(
        {
            "email": [f"ana{number}@d{number % 500}.example" for number in numbers],
            "first_name": [f"Ana{number % 300}" for number in numbers],
            "city": "Springfield",
            "consent_basis": "opt_in",
            "tracking_consent": True,
        }
    )
    sender = bk.Sender("Example News <news@example.org>", postal_address="1 High St, Springfield")
    message = bk.Message("{{ first_name }}, we move", markdown=BODY)
    with tempfile.TemporaryDirectory() as folder:
        plan = bk.plan(
            bk.Campaign("office-move", sender, message, people),
            [bk.Relay(f"smtp://127.0.0.1:{port}", max_connections=connections)],
            bk.Links("https://news.example.org", b"k" * 32),
            throttle=bk.Throttle.unlimited(),
            ledger=Path(folder) / "bulkkit.db",
            dkim=dkim,
        )
        send = plan.send(confirm=count)
        started = time.perf_counter()
        assert send.wait().accepted == count
        return count / (time.perf_counter() - started)


def theirs(count: int, connections: int, port: int) -> float:
    """Return the messages a second of `smtp-source -d`."""
    started = time.perf_counter()
    options = ["-d", "-s", str(connections), "-m", str(count), "-l", str(SIZE)]
    addresses = ["-f", "news@example.org", "-t", "ana@a.example", f"inet:127.0.0.1:{port}"]
    subprocess.run(["/usr/sbin/smtp-source", *options, *addresses], check=True)
    return count / (time.perf_counter() - started)


def round_of(count: int, connections: int) -> tuple[float, float]:
    """Return what either reaches, each with a sink of its own."""
    with sink() as port:
        mine = ours(count, connections, port)
    with sink() as port:
        return mine, theirs(count, connections, port)


def main(count: int, connections: int) -> None:
    """Print what either reaches, and the ratio of each round."""
    rounds = [round_of(count, connections) for _ in range(ROUNDS)]
    for mine, other in rounds:
        print(f"bulkkit {mine:7.0f}/s   smtp-source -d {other:7.0f}/s   ratio {mine / other:.2f}")
    print(f"median ratio {statistics.median(mine / other for mine, other in rounds):.2f}")


if __name__ == "__main__":
    messages, opened, *_ = [*map(int, sys.argv[1:]), *[20_000, 50][len(sys.argv) - 1 :]]
    main(messages, opened)
