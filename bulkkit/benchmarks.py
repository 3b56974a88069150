"""What the health of a list is made of, and what each part is measured against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

COMPONENT_COLUMNS: Final = (
    "component", "value", "unit", "benchmark", "benchmark_source", "benchmark_date", "weight", "points_lost", "advice",
)  # fmt: skip
NaN: Final = float("nan")


@dataclass(frozen=True, slots=True)
class Component:
    """One thing that health is made of: no points are lost up to `good`, all of its weight from `bad` on."""

    name: str
    weight: float
    good: float
    bad: float
    unit: str
    source: str
    dated: str
    advice: str

    def lost(self, value: float) -> float:
        """Return which part (0 to 1) of the weight a value costs; missing where the value is."""
        return float(np.clip((value - self.good) / (self.bad - self.good), 0, 1)) if value == value else NaN


_OURS: Final = "bulkkit's own rule"
COMPONENTS: Final = (
    Component(
        "expected_bounces", 30, 0.0101, 0.10, "of messages, expected to bounce",
        "Mailchimp's average (good); Amazon SES pauses senders (bad)", "2019-10; 2026-11",
        "Leave out what is undeliverable, and look at the suggested spellings.",
    ),
    Component(
        "questionable", 15, 0.0, 0.20, "of addresses: undeliverable, disposable, role or misspelt",
        _OURS, "2026-11", "Review risky addresses; correct misspelt ones with the people they belong to.",
    ),
    Component(
        "engagement", 15, 0.72, 0.20, "of people with a history: reacted in the last 365 days",
        "list decay of 28 % a year, a vendor's figure (good)", "2026-11",
        "Ask silent people once whether they want to stay, and let go those who do not answer.",
    ),
    Component(
        "consent", 15, 1.0, 0.50, "of addresses: consent on record, and not undeliverable",
        "GDPR article 7(1): consent must be demonstrable (good)", "2018-05",
        "Find the records of consent; never write to bought addresses.",
    ),
    Component(
        "complaints", 10, 0.0010, 0.0030, "of deliveries in a year", "Gmail's two limits", "2026-11",
        "Make unsubscribing easier than complaining, and write to fewer people.",
    ),
    Component(
        "unsubscribes", 5, 0.0025, 0.0100, "of deliveries in a year",
        "Mailchimp's average (good)", "2019-10", "Send what was promised when people signed up.",
    ),
    Component(
        "frequency", 5, 0.0, 0.50, "of people written to in 30 days: more than twice", _OURS, "2026-11",
        "Hold back those who had two campaigns in 30 days.",
    ),
    Component(
        "duplicates", 5, 0.0, 0.20, "repeats for each usable address", _OURS, "2026-11",
        "Nobody is mailed twice, but counts are wrong: merge the repeated rows.",
    ),
    Component(
        "concentration", 0, 0.5, 1.0, "of addresses with a known provider: at the largest one", "shown, not scored",
        "2026-11", "One provider's limits will set the pace: plan the send around it.",
    ),
)  # fmt: skip
"""What is scored, of 100 points. A value that is unknown is not scored; the others then weigh more."""


def scored(values: dict[str, float]) -> pd.DataFrame:
    """Return the table of `COMPONENT_COLUMNS` for values by name; the weights of the known ones add up to 100."""
    lost = {component.name: component.lost(values.get(component.name, NaN)) for component in COMPONENTS}
    scale = 100 / sum(component.weight for component in COMPONENTS if lost[component.name] == lost[component.name])
    rows = []
    for part in COMPONENTS:
        weight = part.weight * (scale if lost[part.name] == lost[part.name] else 1)
        told = (part.name, values.get(part.name, NaN), part.unit, part.good, part.source, part.dated)
        rows.append((*told, weight, weight * lost[part.name], part.advice))
    return pd.DataFrame(rows, columns=list(COMPONENT_COLUMNS))
