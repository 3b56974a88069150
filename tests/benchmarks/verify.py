"""Verification of a long list beside email-validator in a loop: speed, memory, and the same verdicts.

    python tests/benchmarks/verify.py [rows] [--agree]

The loop is measured on 20,000 rows of the same list in the same run. `--agree`
compares each row with email-validator, in words and normal form, which takes
half a minute for a million rows.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pandas as pd
from odd_addresses import big_list, oracle

import bulkkit as bk

SAMPLE = 20_000


def main(rows: int = 1_000_000, agree: bool = False) -> None:
    """Print one table."""
    contacts = big_list(rows)
    bk.verify(contacts.head(1_000))
    looped = _timed(lambda: [oracle(address) for address in contacts["email"].head(SAMPLE)])[1] / SAMPLE
    first, ours = _timed(lambda: bk.verify(contacts))
    memory = _memory_over(lambda: bk.verify(contacts))
    again = min(_timed(lambda: bk.verify(contacts))[1] for _ in range(2))
    print(f"{rows:,} addresses over {contacts['email'].str.partition('@')[2].nunique():,} domains")
    print(f"email-validator in a loop   {looped * rows:8.2f} s   ({looped * 1e6:.1f} µs an address)")
    print(f"bk.verify, the first time   {ours:8.2f} s   {looped * rows / ours:6.1f} times as fast")
    print(f"bk.verify, once more        {again:8.2f} s   {looped * rows / again:6.1f} times as fast")
    print(f"peak memory over the input  {memory:8.0f} MB")
    print(first["reason"].value_counts().to_string())
    if agree:
        _compare(contacts["email"], first)


def _compare(emails: pd.Series, checked: pd.DataFrame) -> None:
    columns = (checked[name].astype(object).where(checked[name].notna(), None) for name in ("diagnostic", "normalized"))
    told = zip(emails, *columns, strict=True)
    differing = [address for address, words, normal in told if (words, normal) != oracle(address)]
    print(f"verdicts and normal forms that differ: {len(differing)} of {len(emails):,} {differing[:5]}")


def _timed(work):
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def _memory_over(work) -> float:
    """Return how much more memory (MB) is resident at most while something is done."""
    seen, done = [_resident()], threading.Event()
    watch = threading.Thread(target=lambda: [seen.append(_resident()) for _ in iter(lambda: done.wait(0.002), True)])
    watch.start()
    work()
    done.set()
    watch.join()
    return max(seen) - seen[0]


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    numbers = [int(word.replace("_", "")) for word in sys.argv[1:] if not word.startswith("-")]
    main(*numbers, agree="--agree" in sys.argv)
