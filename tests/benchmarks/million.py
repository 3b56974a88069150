"""A million recipients: seconds and memory of the plan, of storing it, and until the first message is on the wire.

Run `python tests/benchmarks/million.py [recipients] [seconds]`; it sends for so many seconds, to Debian's smtp-sink.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
from send import BODY, sink

import bulkkit as bk

CONNECTIONS = 50


def people(count: int) -> pd.DataFrame:
    """Return so many people at 5,000 domains."""
    numbers = pd.Series(range(count))
    return pd.DataFrame(
        {
            "email": "ana" + numbers.astype("str") + "@d" + (numbers % 5000).astype("str") + ".example",
            "first_name": "Ana" + (numbers % 300).astype("str"),
            "city": "Springfield",
            "consent_basis": "opt_in",
            "tracking_consent": True,
        }
    )


def resident() -> float:
    """Return the memory that this process has now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


class Watch:
    """Prints what each step took."""

    def __init__(self) -> None:
        self._at = time.perf_counter()

    def took(self, step: str) -> None:
        """Print seconds since the step before, the memory now, and the most there was."""
        now, most = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        print(f"{step:34}{now - self._at:7.1f} s   {resident():6.0f} MB now   {most:6.0f} MB at most", flush=True)
        self._at = now


def main(count: int, seconds: float) -> None:
    """Plan, store, start, and send for a while."""
    watch = Watch()
    audience = people(count)
    watch.took("the list")
    audience = bk.verify(audience)
    watch.took("verify")
    sender = bk.Sender("Example News <news@example.org>", postal_address="1 High St, Springfield")
    message = bk.Message("{{ first_name }}, we move", markdown=BODY)
    with sink() as port, tempfile.TemporaryDirectory() as folder:
        relays = [bk.Relay(f"smtp://127.0.0.1:{port}", max_connections=CONNECTIONS)]
        links, ledger = bk.Links("https://news.example.org", b"k" * 32), Path(folder) / "bulkkit.db"
        campaign = bk.Campaign("office-move", sender, message, audience)
        plan = bk.plan(campaign, relays, links, bk.Throttle.unlimited(), ledger)
        watch.took("plan")
        plan.queue(confirm=count)
        watch.took("plan.queue: all rows stored")
        send = bk.resume("office-move", ledger, relays, links)
        while not send.progress.accepted:
            send.join(0.005)
        watch.took("bk.resume: the first one accepted")
        send.join(seconds)
        done = send.progress
        send.stop()
        watch.took(f"{done.accepted:,} sent, and stopped")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000, float(sys.argv[2]) if sys.argv[2:] else 60)
