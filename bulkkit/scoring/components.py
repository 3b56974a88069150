"""What the health of a list is made of, and what each part is measured against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from bulkkit import benchmarks
from bulkkit.benchmarks import Benchmark

COMPONENT_COLUMNS: Final = (
    "component", "value", "lower", "upper", "unit", "benchmark", "benchmark_source", "benchmark_date",
    "weight", "points_lost", "advice",
)  # fmt: skip
NaN: Final = float("nan")


@dataclass(frozen=True, slots=True)
class Value:
    """The value of a component, and its 95 % interval where it is an estimate; a count of the list itself has none."""

    value: float
    lower: float = NaN
    upper: float = NaN


@dataclass(frozen=True, slots=True)
class Component:
    """One thing that health is made of: no points are lost up to `good`, all of its weight from `bad` on."""

    name: str
    weight: float
    good: Benchmark
    bad: float
    unit: str
    advice: str

    def lost(self, value: float) -> float:
        """Return which part (0 to 1) of the weight a value costs; missing where the value is."""
        good = self.good.value
        return float(np.clip((value - good) / (self.bad - good), 0, 1)) if value == value else NaN


def _ours(value: float) -> Benchmark:
    return Benchmark(value, "bulkkit's own rule", "November 2026")


_BOUNCED: Final = Benchmark(
    benchmarks.HARD_BOUNCED.value + benchmarks.SOFT_BOUNCED.value, "Mailchimp's average", benchmarks.HARD_BOUNCED.dated
)
_STAYED: Final = Benchmark(
    1 - benchmarks.DECAYED.value, f"what list decay leaves, {benchmarks.DECAYED.who}", benchmarks.DECAYED.dated
)

COMPONENTS: Final = (
    Component(
        "expected_bounces", 25, _BOUNCED, benchmarks.BOUNCED_NEVER.value, "of messages, expected to bounce",
        "Leave out what is undeliverable, and look at the suggested spellings.",
    ),
    Component(
        "questionable", 15, _ours(0.0), 0.20, "of addresses: undeliverable, disposable, role or misspelt",
        "Review risky addresses; correct misspelt ones with the people they belong to.",
    ),
    Component(
        "engagement", 15, _STAYED, 0.20, "of people with a history: reacted in the last 365 days",
        "Ask silent people once whether they want to stay, and let go those who do not answer.",
    ),
    Component(
        "consent", 15, benchmarks.CONSENTED, 0.50, "of addresses: consent on record, and not undeliverable",
        "Find the records of consent; never write to bought addresses.",
    ),
    Component(
        "complaints", 10, benchmarks.COMPLAINED, benchmarks.COMPLAINED_NEVER.value,
        "of deliveries in a year outside Gmail, which reports none",
        "Make unsubscribing easier than complaining, and write to fewer people.",
    ),
    Component(
        "unsubscribes", 5, benchmarks.UNSUBSCRIBED, 0.0100, "of deliveries in a year",
        "Send what was promised when people signed up.",
    ),
    Component(
        "frequency", 4, _ours(0.0), 0.50, "of people written to in 30 days: more than twice",
        "Hold back those who had two campaigns in 30 days.",
    ),
    Component(
        "fatigue", 4, _ours(0.25), 0.75, "of people with a history: silent to the last six messages or more",
        "Write to tired people less often, or about something else, before they complain.",
    ),
    Component(
        "decay", 4, benchmarks.DECAYED, 0.56, "of people lost in a year: dead mailboxes, unsubscribes, complaints",
        "Find out where the people who leave came from, and gain new ones there less.",
    ),
    Component(
        "duplicates", 3, _ours(0.0), 0.20, "repeats for each usable address",
        "Nobody is mailed twice, but counts are wrong: merge the repeated rows.",
    ),
    Component(
        "concentration", 0, Benchmark(0.5, "shown, not scored", "November 2026"), 1.0,
        "of addresses with a known provider: at the largest one",
        "One provider's limits will set the pace: plan the send around it.",
    ),
)  # fmt: skip
"""What is scored, of 100 points. A value that is unknown is not scored; the others then weigh more."""


def scored(values: Mapping[str, Value]) -> pd.DataFrame:
    """Return the table of `COMPONENT_COLUMNS` for values by name; the weights of the known ones add up to 100."""
    told = [(part, values.get(part.name, Value(NaN))) for part in COMPONENTS]
    known = sum(part.weight for part, found in told if found.value == found.value)
    scale = 100 / known if known else 1
    rows = [_row(part, found, scale if found.value == found.value else 1) for part, found in told]
    return pd.DataFrame(rows, columns=list(COMPONENT_COLUMNS))


def _row(part: Component, found: Value, scale: float) -> tuple[str | float, ...]:
    weight, good = part.weight * scale, part.good
    measured = (part.name, found.value, found.lower, found.upper, part.unit)
    return (*measured, good.value, good.who, good.dated, weight, weight * part.lost(found.value), part.advice)
