"""One campaign against another: the difference as it is, and the difference between people alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame
from numpy.typing import NDArray

from bulkkit import conclusions
from bulkkit.errors import InputError
from bulkkit.outcomes import KEY, MEASURES, Frame, Measure, keyed, outcomes
from bulkkit.statistics import Arm, Standardised, influence, standardise
from bulkkit.strata import OPTIONAL, stratify
from bulkkit.vocabulary import Counts, Rate

LEAST_OVERLAP: Final = 0.5
"""Below this share of people alike on both sides the answer would be about a minority, and is refused (our rule)."""

_COUNTED: Final = ("treated_n", "treated_events", "treated_rate", "control_n", "control_events", "control_rate")


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


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What `compare` found.

    Attributes
    ----------
    treated, control
        The campaign, or a tuple of campaigns, on each side.
    rate, counts, adjust
        What was compared, in which way of counting, and what makes people alike.
    strata
        A row for each group of people alike: the `adjust` columns, `treated_n, treated_events, treated_rate,
        control_n, control_events, control_rate, weight, difference`; groups on one side only have weight 0.
    raw, adjusted
        `Estimate` as they were sent, and standardised to both sides' people together.
    overlap
        The share (0 to 1) of both sides' people in groups that hold people of both.
    effective_n
        Kish's effective number of messages behind `adjusted`; far below their number, few messages carry it.
    verdict
        One sentence for whoever decides.
    """

    treated: str | tuple[str, ...]
    control: str | tuple[str, ...]
    rate: Rate
    counts: Counts
    adjust: tuple[str, ...]
    strata: pd.DataFrame
    raw: Estimate = Estimate()
    adjusted: Estimate = Estimate()
    overlap: float = float("nan")
    effective_n: float = 0.0
    verdict: str = ""

    @property
    def selection(self) -> float:
        """The part of the raw difference that comes from who got which campaign (a fraction)."""
        return self.raw.difference - self.adjusted.difference

    @property
    def is_adjusted(self) -> bool:
        """Whether anything known tells these people apart; else there is one group, and adjusted is raw."""
        return len(self.strata) > 1


def compare(
    events: IntoFrame,
    sends: IntoFrame | None = None,
    contacts: IntoFrame | None = None,
    *,
    treated: str | Sequence[str],
    control: str | Sequence[str],
    rate: str = "clicked",
    adjust: str | Sequence[str] = OPTIONAL,
    counts: str = "human",
) -> Comparison:
    """Compare a rate of two campaigns, or of two groups of campaigns, between people alike.

    Parameters
    ----------
    events, sends, contacts
        As for `rates`, the events with their history and the column `at`; contacts may have `created_at, provider`.
    treated, control
        A campaign's name, or several: then each message counts, and a person's messages hang together.
    rate
        One of `bulkkit.vocabulary.Rate`.
    adjust
        What makes people alike: "provider", "tenure" and "engagement" (the latter two as they were just before the
        campaign's first message), or columns of contacts. Those of whom it is not known are a group of their own.
    counts
        "human" or "all"; rates other than of opens and clicks know "all" only.

    Returns
    -------
    Comparison
        Fractions throughout, treated minus control.

    Raises
    ------
    InputError
        An unknown campaign, rate or column.

    Notes
    -----
    Direct standardisation: in each group of people alike the two rates are compared, and the groups weigh by their
    share of both sides' people together, each person once. It equals inverse-probability weighting with the
    probability estimated in each group. Groups on one side only are left out and lower the overlap; under 50 % overlap
    the adjusted estimate is refused. The interval (`bulkkit.statistics.standardise`) allows for people on both sides.
    It removes selection on what is adjusted for and on nothing else: the clean answer is a random holdout.
    """
    sides, measure = (_names(treated), _names(control)), _measure(rate, counts)
    names = _names(adjust)
    asked = Comparison(_label(sides[0]), _label(sides[1]), measure.rate, measure.counts, names, _no_strata(names))
    rows = keyed(events, "events")
    messages = _messages(rows, sends, measure, sides)
    if unknown := _unknown(messages, sides, measure):
        return replace(asked, verdict=unknown)
    messages = messages[messages["could"] == 1].reset_index(drop=True)
    return _answer(asked, messages, stratify(messages, names, rows, sends, contacts))


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(dict.fromkeys(given))


def _label(names: tuple[str, ...]) -> str | tuple[str, ...]:
    return names[0] if len(names) == 1 else names


def _measure(rate: str, counts: str) -> Measure:
    fitting = [measure for measure in MEASURES if measure.rate == rate]
    if not fitting or counts not in list(Counts):
        raise InputError(f"rate={rate!r}, counts={counts!r}: use one of {', '.join(Rate)}, and human or all.")
    return next((measure for measure in fitting if measure.counts == counts), fitting[0])


def _messages(
    events: Frame, sends: IntoFrame | None, measure: Measure, sides: tuple[tuple[str, ...], tuple[str, ...]]
) -> pd.DataFrame:
    """Return one row a message: `_campaign, _mailbox, recipients, did, could, known, treated`."""
    names = [*sides[0], *sides[1]]
    if not sides[0] or not sides[1] or set(sides[0]) & set(sides[1]):
        raise InputError("treated and control need at least one campaign each, and none may be on both sides.")
    parts = {"_known": "recipients"} | {
        f"{measure.name}_{k}": v for k, v in zip("ndk", ("did", "could", "known"), strict=True)
    }
    rows = outcomes(events, sends, names)
    columns = [nw.col(old).alias(new) for old, new in parts.items()]
    found: pd.DataFrame = rows.select(*KEY, *columns).collect("pandas").to_native()
    if absent := [name for name in names if name not in set(found[KEY[0]])]:
        there = events.select(KEY[0]).unique().collect("pandas").to_native()[KEY[0]]
        raise InputError(
            f"There is no campaign {', '.join(absent)} here; there is {', '.join(sorted(there)) or 'none'}."
        )
    return found.assign(treated=found[KEY[0]].isin(sides[0]))


def _unknown(messages: pd.DataFrame, sides: tuple[tuple[str, ...], ...], measure: Measure) -> str:
    """Return why the two cannot be compared at all; nothing where they can."""
    campaigns = messages.groupby(KEY[0])[["recipients", "known"]].max()
    if silent := list(campaigns.index[campaigns["recipients"] == 0]):
        return conclusions.no_recipients(silent)
    if silent := list(campaigns.index[campaigns["known"] == 0]):
        return conclusions.not_reported(silent, measure.rate, measure.counts)
    could = messages.groupby("treated")["could"].sum()
    return "".join(
        conclusions.nobody(side) for side, there in zip(sides, (True, False), strict=True) if not could[there]
    )


def _no_strata(names: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(columns=[*names, *_COUNTED, "weight", "difference"])


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """Messages as arrays: did they count, whose are they (a code), on which side, in which group (a code)."""

    did: NDArray[Any]
    person: NDArray[Any]
    treated: NDArray[Any]
    group: NDArray[Any]

    def events(self, side: NDArray[Any]) -> NDArray[Any]:
        """Return how many messages of one side counted, by group."""
        return self._sum(side, self.did)

    def trials(self, side: NDArray[Any]) -> NDArray[Any]:
        """Return how many messages one side has, by group."""
        return self._sum(side, np.ones(len(self.did)))

    def people(self) -> NDArray[Any]:
        """Return how many people each group holds; a person with several messages is shared among them."""
        return self._sum(np.ones(len(self.did), bool), 1 / np.bincount(self.person)[self.person])

    def pooled(self) -> _Sample:
        """Return the same messages as one group."""
        return replace(self, group=np.zeros_like(self.group))

    def within(self, groups: NDArray[Any]) -> _Sample:
        """Return the messages of some groups, which are numbered anew."""
        kept, number = groups[self.group], np.cumsum(groups) - 1
        return _Sample(self.did[kept], self.person[kept], self.treated[kept], number[self.group[kept]])

    def standardised(self) -> Standardised:
        """Return the difference standardised over the groups, its interval clustered by person."""
        weights = self.people() / self.people().sum()
        one, two = self._moves(self.treated, weights), self._moves(~self.treated, weights)
        treated = Arm(self.events(self.treated), self.trials(self.treated), float(one @ one))
        control = Arm(self.events(~self.treated), self.trials(~self.treated), float(two @ two))
        return standardise(treated, control, weights, covariance=float(one @ two))

    def estimate(self, found: Standardised) -> Estimate:
        """Return a standardised difference with the two rates and the numbers of messages."""
        values = (found.treated.estimate, found.control.estimate)
        sizes = int(self.treated.sum()), int((~self.treated).sum())
        return Estimate(found.difference.estimate, found.difference.lower, found.difference.upper, *values, *sizes)

    def _moves(self, side: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
        """Return how much each person's messages on one side move its rate."""
        pushes = influence(self.did[side], self.group[side], weights)
        return np.bincount(self.person[side], pushes, int(self.person.max()) + 1)

    def _sum(self, chosen: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
        return np.bincount(self.group[chosen], values[chosen], int(self.group.max()) + 1)


def _answer(asked: Comparison, messages: pd.DataFrame, alike: pd.DataFrame) -> Comparison:
    group, labels = _numbered(alike)
    person = pd.factorize(messages[KEY[1]])[0]
    sample = _Sample(messages["did"].to_numpy(float), person, messages["treated"].to_numpy(bool), group)
    strata = _strata(labels, sample)
    both, people = (strata["weight"] > 0).to_numpy(), sample.people()
    raw = sample.pooled().estimate(sample.pooled().standardised())
    answer = replace(asked, strata=strata, raw=raw, overlap=float(people[both].sum() / people.sum()))
    if answer.overlap < LEAST_OVERLAP:
        return replace(answer, verdict=conclusions.no_overlap(asked.treated, asked.control, answer.overlap))
    found = sample.within(both).standardised()
    adjusted = sample.within(both).estimate(found)
    answer = replace(answer, adjusted=adjusted, effective_n=found.effective_n)
    return replace(answer, verdict=_verdict(answer, found))


def _verdict(answer: Comparison, found: Standardised) -> str:
    sides = answer.treated, answer.control
    if not answer.is_adjusted:
        return conclusions.unadjusted(*sides, answer.rate, found)
    return conclusions.selection(*sides, answer.rate, answer.raw.difference, found)


def _numbered(alike: pd.DataFrame) -> tuple[NDArray[Any], pd.DataFrame]:
    """Return the number of each message's group, and what each group is."""
    if alike.columns.empty:
        return np.zeros(len(alike), int), pd.DataFrame(index=[0])
    group = alike.groupby(list(alike.columns), observed=True).ngroup().to_numpy()
    return group, alike.iloc[np.unique(group, return_index=True)[1]].reset_index(drop=True)


def _strata(labels: pd.DataFrame, sample: _Sample) -> pd.DataFrame:
    counted: dict[str, NDArray[Any]] = {}
    for name, side in (("treated", sample.treated), ("control", ~sample.treated)):
        trials, events = sample.trials(side), sample.events(side)
        rate = np.divide(events, trials, out=np.full(len(trials), np.nan), where=trials > 0)
        counted |= {f"{name}_n": trials.astype(int), f"{name}_events": events.astype(int), f"{name}_rate": rate}
    both = (counted["treated_n"] > 0) & (counted["control_n"] > 0)
    people = np.where(both, sample.people(), 0)
    difference = counted["treated_rate"] - counted["control_rate"]
    return labels.assign(**counted, weight=people / max(people.sum(), 1), difference=difference)
