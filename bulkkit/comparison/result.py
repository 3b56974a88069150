"""What a comparison found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from bulkkit.statistics import Standardised
from bulkkit.vocabulary import Counts, Rate

LEAST_OVERLAP: Final = 0.5
"""Below this share of people alike on both sides the answer would be about a minority, and is refused (our rule)."""

COUNTED: Final = ("treated_n", "treated_events", "treated_rate", "control_n", "control_events", "control_rate")
BALANCE_COLUMNS: Final = ("covariate", "level", "before", "after")


@dataclass(frozen=True, slots=True)
class Estimate:
    """The difference of two rates, treated minus control, as fractions, with its 95 % interval; NaN where refused."""

    difference: float = float("nan")
    lower: float = float("nan")
    upper: float = float("nan")
    treated_value: float = float("nan")
    control_value: float = float("nan")
    treated_n: int = 0
    control_n: int = 0

    @classmethod
    def of(cls, found: Standardised, treated_n: int, control_n: int) -> Estimate:
        """Take a difference, its interval and the two rates."""
        values = (found.treated.estimate, found.control.estimate)
        difference = found.difference
        return cls(difference.estimate, difference.lower, difference.upper, *values, treated_n, control_n)


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What `compare` found.

    Attributes
    ----------
    treated, control
        The campaign, or a tuple of campaigns, on each side; "holdout" for people held out.
    rate, counts, adjust
        What was compared (the name of a column, where that was the outcome), in which way of counting, and what makes
        people alike.
    strata
        A row for each group of people alike: the `adjust` columns, `treated_n, treated_events, treated_rate,
        control_n, control_events, control_rate, weight, difference`; groups on one side only have weight 0, and the
        difference is that of the rates, but for numbers in which the sides still differ inside a group.
    raw, adjusted
        `Estimate` as they were sent, and standardised to both sides' people together (beside a holdout: sharpened by
        what was before, or the same as `raw`).
    weighted
        The same question answered by inverse-probability weights from a logistic model: a second opinion.
    balance
        How unlike the sides are, before and after standardising: columns `covariate, level, before, after`, the
        standardised mean differences (0.1 and more is a difference to mind); of a number also the row "mean".
    overlap
        The share (0 to 1) of both sides' people in groups that hold people of both.
    unknown
        For each of `adjust` that is known of some, the share of the people compared of whom it is not.
    effective_n
        Kish's effective number of messages behind `adjusted`; far below their number, few messages carry it.
    randomised
        Whether chance decided who got what, so that nothing of the raw difference is selection.
    verdict
        One sentence for whoever decides.
    """

    treated: str | tuple[str, ...]
    control: str | tuple[str, ...]
    rate: Rate | str
    counts: Counts
    adjust: tuple[str, ...]
    strata: pd.DataFrame
    raw: Estimate = Estimate()
    adjusted: Estimate = Estimate()
    weighted: Estimate = Estimate()
    balance: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(BALANCE_COLUMNS)))
    overlap: float = float("nan")
    unknown: dict[str, float] = field(default_factory=dict)
    effective_n: float = 0.0
    randomised: bool = False
    verdict: str = ""

    @property
    def selection(self) -> float:
        """The part of the raw difference that comes from who got which campaign (a fraction)."""
        return self.raw.difference - self.adjusted.difference

    @property
    def is_adjusted(self) -> bool:
        """Whether anything known tells these people apart; else there is one group, and adjusted is raw."""
        return len(self.strata) > 1
