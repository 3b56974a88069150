"""How long a chart takes from a ready frame: `python tests/benchmarks/charts.py`; each is to stay under 0.2 s."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import bulkkit as bk
from bulkkit import charts, sample
from bulkkit.waiting import waiting

BLAST, CONTROL = "summer-update", "spring"


def ready() -> dict[str, Callable[[], Any]]:
    """Return each chart with its frame, made beforehand from the sample."""
    contacts = bk.read_contacts(sample.path() / "contacts.csv")
    events = bk.read_events(sample.path() / "events.parquet")
    checked = bk.verify(contacts, as_of=sample.AS_OF)
    health = bk.health(checked, events, as_of=sample.AS_OF)
    rates = bk.rates(events)
    compared = bk.compare(events, None, contacts, treated=BLAST, control=CONTROL, rate="clicked")
    own, one = events[events["campaign"] == BLAST], rates[rates["campaign"] == BLAST]
    contrast = health.contrast(checked["segment"] == "members")
    frames = {"history": health.history(periods=6), "growth": health.growth(), "cleaning": health.cleaning()}
    parts, curves = health.by("segment"), waiting(events, campaigns=[BLAST, CONTROL])
    return {
        "rates": lambda: charts.rates(rates, highlight=BLAST),
        "compare": lambda: charts.compare(compared),
        "balance": lambda: charts.balance(compared),
        "funnel": lambda: charts.funnel(one),
        "timeline": lambda: charts.timeline(own),
        "waiting": lambda: charts.waiting(curves),
        "health": lambda: charts.health(health),
        "parts": lambda: charts.parts(parts),
        "contrast": lambda: charts.contrast(contrast),
        "providers": lambda: charts.providers(checked),
        "verdicts": lambda: charts.verdicts(checked),
        **{name: lambda name=name: getattr(charts, name)(frames[name]) for name in frames},
    }


def main() -> None:
    """Draw each chart five times and print the median."""
    warnings.simplefilter("ignore")
    for name, draw in ready().items():
        times = []
        for _ in range(5):
            began = perf_counter()
            draw()
            times.append(perf_counter() - began)
        print(f"{name:12} {median(times):6.3f} s")


if __name__ == "__main__":
    main()
