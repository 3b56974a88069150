"""Rates and comparisons of a big history beside the same queries written by hand: time, memory, and equal values.

    python tests/benchmarks/rates.py [pandas|polars|duckdb] [sends] [events]

For pandas, polars and DuckDB both run by turns in one process, the best of three
each, in seconds of the clock and of the processor (of which a busy machine gives
the steadier ratio). The queries by hand are what an expert would write for these
very columns, and nothing more; their counts are asserted to be ours.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import bulkkit as bk

sys.path.insert(0, str(Path(__file__).resolve().parent))
import by_hand

CAMPAIGNS = 4
KINDS = {"opened": 0.8, "clicked": 0.15, "bounced": 0.03, "unsubscribed": 0.015, "complained": 0.005}


def history(sends: int, events: int, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return sends and events of four campaigns to the same people, a fortnight apart."""
    rng, people = np.random.default_rng(seed), sends // CAMPAIGNS
    who = np.array([f"person.{i}@domain{i % 5000}.example" for i in range(people)], dtype=object)
    campaign = np.repeat(np.arange(CAMPAIGNS), people)
    rows = np.r_[np.arange(len(campaign)), rng.integers(0, len(campaign), events - len(campaign))]
    reactions = rng.choice(list(KINDS), events - len(campaign), p=list(KINDS.values()))
    kinds = np.r_[np.repeat("delivered", len(campaign)), reactions].astype(object)
    seen, bounced = np.isin(kinds, ["opened", "clicked"]), kinds == "bounced"
    at = pd.Timestamp("2026-06-01", tz="UTC") + pd.to_timedelta(campaign[rows] * 14 * 24 * 3600, unit="s")
    delay = np.where(kinds == "delivered", 0, rng.exponential(8 * 3600, events)).astype(int)
    names = np.array([f"campaign-{i}" for i in range(CAMPAIGNS)], dtype=object)
    written = pd.DataFrame({"campaign": names[campaign], "email": np.tile(who, CAMPAIGNS), "state": "accepted"})
    told = pd.DataFrame(
        {
            "kind": kinds, "campaign": names[campaign[rows]], "email": np.tile(who, CAMPAIGNS)[rows],
            "at": at + pd.to_timedelta(delay, unit="s"),
            "bounce_type": np.where(bounced, rng.choice(["hard", "soft"], events), None),
            "machine": pd.array(np.where(seen, rng.random(events) < 0.4, None), dtype="boolean"),
            "source": "sendgrid",
        }
    )  # fmt: skip
    shuffled = told.sample(frac=1, random_state=seed).reset_index(drop=True)
    text = dict.fromkeys(("kind", "campaign", "email", "bounce_type", "source"), "str")
    return written.assign(tracked=True).astype({"campaign": "str", "email": "str", "state": "str"}), shuffled.astype(
        text
    )


def beside(library: str, sends: int, events: int) -> None:
    """Print one table for a library."""
    written, told = history(sends, events)
    frames = by_hand.FRAMES[library](told, written)
    sides = {"treated": "campaign-3", "control": "campaign-2"}
    work: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "rates": (lambda: bk.rates(*frames), lambda: by_hand.RATES[library](*frames)),
        "compare": (
            lambda: bk.compare(*frames, adjust="engagement", **sides),
            lambda: by_hand.COMPARED[library](*frames, **sides),
        ),
    }
    print(f"{library}: {sends:,} sends, {events:,} events")
    for name, (ours, hand) in work.items():
        taken = {which: [(np.inf, np.inf)] for which in ("ours", "hand")}
        for _ in range(3):
            answers = {}
            for which, call in (("ours", ours), ("hand", hand)):
                answers[which], *spent = timed(call)
                taken[which].append(tuple(spent))
        by_hand.same[name](answers["ours"], answers["hand"])
        clock, processor = ([min(one[i] for one in taken[which]) for which in ("ours", "hand")] for i in (0, 1))
        print(
            f"  {name:8s} clock {clock[0]:6.2f} s by hand {clock[1]:6.2f} s ratio {clock[0] / clock[1]:5.2f}   "
            f"processor {processor[0]:6.2f} s by hand {processor[1]:6.2f} s ratio {processor[0] / processor[1]:5.2f}"
        )


def timed(call: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return an answer, and the seconds of the clock and of the processor that it took."""
    start, spent = time.perf_counter(), time.process_time()
    answer = call()
    return answer, time.perf_counter() - start, time.process_time() - spent


if __name__ == "__main__":
    which = sys.argv[1:2] or ["pandas", "polars", "duckdb"]
    sizes = [int(number) for number in sys.argv[2:4]]
    for one in which:
        beside(one, *(sizes or [2_000_000, 5_000_000]))
