"""The rows of a report's tables: figures beside their words, ready to be written down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bulkkit.benchmarks import PUBLISHED
from bulkkit.charts.numerals import UNKNOWN, count, is_known, percent, percent_range, points
from bulkkit.charts.shares import Share, wording
from bulkkit.reporting import wording as words
from bulkkit.vocabulary import Counts, Rate

_FINE: Final = "enough data"
_MACHINES: Final = {Counts.HUMAN: ", known to be people", Counts.ALL: ", machines included"}
_PARTED: Final = (Rate.OPENED, Rate.CLICKED, Rate.CLICK_TO_OPEN)


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One row of the table of key figures."""

    name: str
    value: float
    share: str
    interval: str
    numerator: str
    counted: str
    verdict: str


def key_figures(rates: pd.DataFrame, delivered: Any) -> list[KeyFigure]:
    """Return a row for each rate of one campaign."""
    shares = [Share.of({str(key): value for key, value in row.items()}) for row in rates.to_dict("records")]
    return [_key_figure(share, delivered) for share in shares]


def _key_figure(share: Share, delivered: Any) -> KeyFigure:
    spoken = wording(share.rate)
    machines = _MACHINES.get(Counts(share.counts), "") if share.rate in _PARTED else ""
    return KeyFigure(
        name=f"{spoken.title}{machines}",
        value=share.value,
        share=percent(share.value),
        interval=words.interval(share.lower, share.upper),
        numerator=count(share.numerator),
        counted=_base(share, spoken.denominator.removeprefix("of ") + _tracked(share, delivered)),
        verdict="" if share.verdict == _FINE else share.verdict,
    )


def _base(share: Share, whom: str) -> str:
    return f"{count(share.denominator)} {whom}" if is_known(share.denominator) else "–"


def _tracked(share: Share, delivered: Any) -> str:
    reacts = share.rate in (Rate.OPENED, Rate.CLICKED)
    return " and tracked" if reacts and is_known(delivered) and share.denominator < delivered else ""


@dataclass(frozen=True, slots=True)
class BounceRow:
    """One row of the table of bounces."""

    code: str
    meaning: str
    lasting: str
    people: str
    example: str


def bounce_rows(bounces: pd.DataFrame) -> list[BounceRow]:
    """Return a row for each kind of refusal."""
    return [
        BounceRow(
            code=" ".join(str(part) for part in (row["smtp_code"], row["enhanced_code"]) if is_known(part)) or "–",
            meaning=_known(row["meaning"]) or _known(row["bounce_class"]) or "no reason told",
            lasting=_known(row["bounce_type"]) or UNKNOWN,
            people=count(row["people"]),
            example=_known(row["example"]),
        )
        for row in bounces.to_dict("records")
    ]


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One published figure beside this campaign's own."""

    name: str
    published: str
    own: str
    source: str


def published_rows(rates: pd.DataFrame) -> list[PublishedRow]:
    """Return a row for each published figure, with what this campaign has beside it."""
    return [
        PublishedRow(
            name=wording(figure.rate).noun.capitalize(),
            published=percent(figure.value),
            own=_own(rates, figure.rate),
            source=", ".join(part for part in (figure.who, figure.dated, figure.note) if part),
        )
        for figure in PUBLISHED
        if figure.rate is not None
    ]


def _own(rates: pd.DataFrame, rate: Rate) -> str:
    known = rates.loc[rates["rate"].eq(rate), "value"].dropna()
    if known.empty:
        return UNKNOWN
    return percent(known.iloc[0]) if known.nunique() == 1 else percent_range(known.min(), known.max())


@dataclass(frozen=True, slots=True)
class StrataTable:
    """The groups of people alike behind an adjusted difference: headings, rows of text, and how many are not shown."""

    headings: list[str]
    rows: list[list[str]]
    left_out: int


def strata_table(strata: pd.DataFrame) -> StrataTable:
    """Return the heaviest groups of a comparison, with both campaigns' numbers and rates in each."""
    alike = [name for name in strata.columns if name not in _MEASURED]
    heaviest = strata.sort_values(["weight", "treated_n"], ascending=False, kind="stable").head(_MOST_STRATA)
    rows = [
        [*(_known(row[name]) or UNKNOWN for name in alike), *(write(row[name]) for name, (_, write) in _STRATA.items())]
        for row in heaviest.to_dict("records")
    ]
    headings = [_spoken(name) for name in alike] + [heading for heading, _ in _STRATA.values()]
    return StrataTable(headings, rows, len(strata) - len(rows))


def _rate(value: Any) -> str:
    return percent(value) if is_known(value) else "–"


def _difference(value: Any) -> str:
    return points(value) if is_known(value) else "–"


_MOST_STRATA: Final = 60
_MEASURED: Final = (
    "treated_n", "treated_events", "treated_rate", "control_n", "control_events", "control_rate",
    "weight", "difference",
)  # fmt: skip
_STRATA: Final[dict[str, tuple[str, Callable[[Any], str]]]] = {
    "weight": ("Weight", percent),
    "treated_n": ("Here", count),
    "treated_rate": ("clicked", _rate),
    "control_n": ("Others", count),
    "control_rate": ("clicked", _rate),
    "difference": ("Difference", _difference),
}


def _spoken(column: Any) -> str:
    name = str(column).replace("_", " ").strip()
    return name[:1].upper() + name[1:]


def _known(value: Any) -> str:
    return str(value) if is_known(value) else ""
