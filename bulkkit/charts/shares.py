"""One rate of one group, as the rates frame says it, and the words that go with each rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from types import MappingProxyType
from typing import Any, Final, Self

import pandas as pd

from bulkkit.charts import numerals
from bulkkit.frames import require
from bulkkit.vocabulary import Counts, Rate

MEASURES: Final = ("rate", "counts", "numerator", "denominator", "value", "lower", "upper", "verdict")
"""The columns of a rates frame behind those by which it was grouped."""

EVERYTHING: Final = "everything"
"""The name of the one group where a rates frame was grouped by nothing."""


@dataclass(frozen=True, slots=True)
class Wording:
    """How one rate is spoken of."""

    title: str
    verb: str
    noun: str
    denominator: str


WORDING: Final[Mapping[str, Wording]] = MappingProxyType(
    {
        Rate.OPENED: Wording("Opened", "opened", "open rate", "of delivered"),
        Rate.CLICKED: Wording("Clicked", "clicked", "click rate", "of delivered"),
        Rate.CLICK_TO_OPEN: Wording("Click-to-open", "clicked after opening", "click-to-open rate", "of opened"),
        Rate.BOUNCED: Wording("Bounced", "bounced", "bounce rate", "of sent"),
        Rate.HARD_BOUNCED: Wording("Bounced hard", "bounced hard", "hard bounce rate", "of sent"),
        Rate.SOFT_BOUNCED: Wording("Bounced softly", "bounced softly", "soft bounce rate", "of sent"),
        Rate.UNSUBSCRIBED: Wording("Unsubscribed", "unsubscribed", "unsubscribe rate", "of delivered"),
        Rate.COMPLAINED: Wording("Complained", "complained", "complaint rate", "of delivered outside Gmail"),
    }
)


def wording(rate: str) -> Wording:
    """Return the words for a rate; a rate that is not in the vocabulary is spoken of by its own name."""
    name = str(rate).replace("_", " ")
    return WORDING.get(str(rate), Wording(name.capitalize(), name, f"{name} rate", ""))


@dataclass(frozen=True, slots=True)
class Share:
    """One row of a rates frame; what is missing there is NaN or None here."""

    rate: str
    counts: str
    numerator: float = float("nan")
    denominator: float = float("nan")
    value: float = float("nan")
    lower: float = float("nan")
    upper: float = float("nan")
    verdict: str = ""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Return the share that one row of a rates frame states."""
        figures = {name: _number(row.get(name)) for name in ("numerator", "denominator", "value", "lower", "upper")}
        verdict = row.get("verdict")
        words = str(verdict) if numerals.is_known(verdict) else ""
        return cls(str(row["rate"]), str(row["counts"]), **figures, verdict=words)

    @property
    def known(self) -> bool:
        """Whether the rate has a value: unknown is not zero."""
        return numerals.is_known(self.value)

    def spoken(self) -> str:
        """Return the value, its interval and what it counts in three short lines."""
        words = wording(self.rate)
        if not self.known:
            return self.verdict or f"{words.title}: {numerals.UNKNOWN}"
        return (
            f"{words.title} {_WHO[self.counts]}: {numerals.percent(self.value)}\n"
            f"95 % interval {numerals.percent_range(self.lower, self.upper)}\n"
            f"{numerals.count(self.numerator)} of n = {numerals.count(self.denominator)}"
            f"{words.denominator.removeprefix('of').rstrip()}"
        )


@dataclass(frozen=True, slots=True)
class Band:
    """One rate of one group: its floor (people only) and its ceiling (everything), which may be the same."""

    floor: Share | None
    ceiling: Share | None

    @property
    def known(self) -> tuple[Share, ...]:
        """The shares that have a value, the floor first; one where floor and ceiling are the same."""
        both = tuple(share for share in (self.floor, self.ceiling) if share is not None and share.known)
        return both[:1] if len(both) == 2 and both[0].value == both[1].value else both

    @property
    def denominator(self) -> float:
        """How many the rate stands on; NaN where nobody says so."""
        share = self.floor or self.ceiling
        return share.denominator if share else float("nan")

    def is_ceiling(self, share: Share) -> bool:
        """Whether a share counts machines too, where people alone could have been counted."""
        return share is self.ceiling and self.floor is not None

    def spoken(self) -> str:
        """Return the range in per cent: `9.8 %`, `9.8 to 14.1 %`, `at most 14.1 %`, or `unknown`."""
        known = self.known
        if not known:
            return numerals.UNKNOWN
        if len(known) == 2:
            return numerals.percent_range(*sorted(share.value for share in known))
        only = numerals.percent(known[0].value)
        return f"at most {only}" if self.is_ceiling(known[0]) else only


_WHO: Final[Mapping[str, str]] = {Counts.HUMAN: "by people", Counts.ALL: "by anyone, machines included"}


def group_columns(rates: pd.DataFrame) -> list[str]:
    """Return the columns by which a rates frame was grouped."""
    require(rates, ("rate", "counts", "value"), "the rates frame")
    return [str(name) for name in rates.columns if name not in MEASURES]


def group_names(rates: pd.DataFrame) -> pd.Series[Any]:
    """Return the name of each row's group; several columns are joined by a dot."""
    columns = group_columns(rates)
    if not columns:
        return pd.Series([EVERYTHING] * len(rates), index=rates.index, dtype="str")
    parts = [rates[name].astype("str").fillna(numerals.UNKNOWN) for name in columns]
    return reduce(lambda names, part: names + " · " + part, parts)


def bands(rates: pd.DataFrame) -> dict[str, dict[str, Band]]:
    """Return each group's rates: name of the group → rate → band, in the order of the frame and of the vocabulary."""
    found: dict[str, dict[tuple[str, str], Share]] = {}
    for name, row in zip(group_names(rates), rates.to_dict("records"), strict=True):
        share = Share.of({str(key): value for key, value in row.items()})
        found.setdefault(name, {})[share.rate, share.counts] = share
    return {name: _by_rate(shares) for name, shares in found.items()}


def _by_rate(shares: Mapping[tuple[str, str], Share]) -> dict[str, Band]:
    return {rate: _band(shares, rate) for rate in in_order({rate for rate, _ in shares})}


def _band(shares: Mapping[tuple[str, str], Share], rate: str) -> Band:
    return Band(shares.get((rate, Counts.HUMAN)), shares.get((rate, Counts.ALL)))


def in_order(rates: set[str] | Sequence[str]) -> list[str]:
    """Return rates in the vocabulary's order, those that it does not know at the end."""
    known = [str(rate) for rate in Rate]
    return sorted(set(rates), key=lambda rate: (known.index(rate) if rate in known else len(known), rate))


def _number(value: Any) -> float:
    return float(value) if numerals.is_known(value) else float("nan")
