"""What a list's health says in words: the score, the bounces, what costs most, and who is behind each part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import pandas as pd

from bulkkit.charts.numerals import count, percent, plural
from bulkkit.scoring import Health

_ROWS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "expected_bounces": "More likely to bounce than most",
        "questionable": "Questionable: undeliverable, disposable, role or misspelt",
        "engagement": "Silent for a year, or not to be reached",
        "consent": "Without consent on record, or undeliverable",
        "complaints": "Complained in the last 365 days",
        "unsubscribes": "Unsubscribed in the last 365 days",
        "frequency": "Written to more than twice in 30 days",
        "fatigue": "Silent to the last six messages or more, or not to be reached",
        "decay": "Lost: bounced hard, unsubscribed or complained",
        "duplicates": "Repeats of an earlier row",
        "concentration": "At the largest provider",
    }
)
"""What the rows behind a component have in common."""

_LEADING: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "consent": ("email", "consent_basis", "consent_source", "consent_at", "status", "reason"),
        "concentration": ("email", "provider", "segment"),
        "engagement": ("email", "status", "segment", "created_at", "tracking_consent"),
    }
)
_LEADING_ELSE: Final = ("email", "did_you_mean", "status", "reason", "provider", "segment")

_WORTH_SAYING: Final = 0.5
_MOST_ADVICE: Final = 4


@dataclass(frozen=True, slots=True)
class Advice:
    """What a component costs, and what to do about it."""

    points: str
    component: str
    advice: str


@dataclass(frozen=True, slots=True)
class Summary:
    """A list's health in a few words."""

    score: str
    addresses: str
    bounces: str
    interval: str
    rate: str
    advice: list[Advice]
    unknown: list[str]


def summary(health: Health) -> Summary:
    """Return the words above the chart."""
    bounces = health.expected_bounces
    missing = health.components.loc[health.components["value"].isna(), "component"]
    return Summary(
        score=f"{health.score:.0f}",
        addresses=plural(bounces.n, "mailbox", "mailboxes"),
        bounces=count(bounces.count),
        interval=f"{count(bounces.lower)} to {count(bounces.upper)}",
        rate=percent(bounces.rate),
        advice=[_advice(row) for row in costliest(health.components).to_dict("records")[:_MOST_ADVICE] if _costs(row)],
        unknown=[spoken(name) for name in missing],
    )


def costliest(components: pd.DataFrame) -> pd.DataFrame:
    """Return the components as the chart of health stacks them: the costliest on top."""
    return components.sort_values("points_lost", ascending=False, na_position="last", kind="stable")


def choices(health: Health) -> list[tuple[str, str]]:
    """Return what rows can be asked for: words and the name for `Health.rows`."""
    known = health.components[health.components["value"].notna()]
    parts = [(_ROWS.get(name, spoken(name).capitalize()), str(name)) for name in costliest(known)["component"]]
    statuses = [(f"Status {spoken(name)}", str(name)) for name in health.counts["status"].unique()]
    reasons = [(f"Reason {spoken(name)}", str(name)) for name in health.counts["reason"].unique()]
    return [*parts, *statuses, *reasons]


def rows_title(name: str) -> str:
    """Return what the rows behind a component, a status or a reason have in common."""
    return _ROWS.get(name, spoken(name).capitalize())


def leading(name: str) -> tuple[str, ...]:
    """Return the columns that matter first in the rows behind a component."""
    return _LEADING.get(name, _LEADING_ELSE)


def spoken(name: Any) -> str:
    """Return a name of the vocabulary as words."""
    return str(name).replace("_", " ")


def _costs(row: Mapping[Any, Any]) -> bool:
    return bool(row["points_lost"] >= _WORTH_SAYING)


def _advice(row: Mapping[Any, Any]) -> Advice:
    return Advice(f"−{row['points_lost']:.1f}", spoken(row["component"]).capitalize(), str(row["advice"]))
