"""What may be concluded from a rate or a comparison, in a sentence for whoever decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from bulkkit import benchmarks
from bulkkit.distinctions import NEGLIGIBLE
from bulkkit.statistics import LEAST_EVENTS, Standardised, enough, lower_bound, more_trials, trials_below, upper_bound
from bulkkit.vocabulary import Counts, Rate

COMPLAINT_TARGET: Final = benchmarks.COMPLAINED.value
COMPLAINT_LIMIT: Final = benchmarks.COMPLAINED_NEVER.value
"""Gmail: keep the spam rate below 0.10 %, never reach 0.30 % (support.google.com/a/answer/81126, 2026-11)."""

UNITS: Final = {
    Rate.CLICK_TO_OPEN: "openers",
    Rate.BOUNCED: "messages",
    Rate.HARD_BOUNCED: "messages",
    Rate.SOFT_BOUNCED: "messages",
}
"""What a rate is out of, where it is not deliveries."""

_SINGULAR: Final = {"deliveries": "delivery", "messages": "message", "openers": "opener"}

NOUNS: Final = {
    Rate.OPENED: "opens",
    Rate.CLICKED: "clicks",
    Rate.CLICK_TO_OPEN: "clicks among its openers",
    Rate.BOUNCED: "bounces",
    Rate.HARD_BOUNCED: "hard bounces",
    Rate.SOFT_BOUNCED: "soft bounces",
    Rate.UNSUBSCRIBED: "unsubscribes",
    Rate.COMPLAINED: "complaints",
}
_WORTH_SAYING: Final = 0.1
"""A share that changes what one may conclude, and is said."""

NO_RECIPIENTS: Final = "unknown: no source says to whom this was sent; pass sends="

_EMPTY: Final = {"openers": "no data: nobody was seen to open", "messages": "no data: nothing was sent"}
_UNREPORTED: Final = "unknown: nothing was delivered to a network that reports complaints"
_UNSEEN: Final = "no data: nothing was delivered to people whose reactions can be seen"


def data(rate: Rate, numerator: int, denominator: int, effect: float = 1.0) -> str:
    """Say whether there is data enough to lean on a rate, or how much more would be; complaints beside the limits.

    `effect` is how many of these messages are worth one, where people had several.
    """
    if rate is Rate.COMPLAINED and denominator:
        return complaints(numerator, denominator, effect)
    return part(rate, numerator, denominator, effect)


def part(rate: Rate, numerator: int, denominator: int, effect: float = 1.0) -> str:
    """Say whether there is data enough to lean on a part of a rate, such as one hour's: no limit holds for that."""
    unit = UNITS.get(rate, "deliveries")
    if denominator == 0:
        return _UNREPORTED if rate is Rate.COMPLAINED else _EMPTY.get(unit, _UNSEEN)
    if enough(numerator / effect, denominator / effect):
        return "enough data"
    needed = _more(ceil(effect * more_trials(*_worth(numerator, denominator, effect))), unit)
    if 0 < numerator < denominator:
        return f"not enough data: about {needed} would be enough"
    return f"not enough data: at least {needed} would be needed"


def total(rate: Rate, events: int, denominator: int, _effect: float = 1.0) -> str:
    """Say whether there is data enough to lean on a number of events a message."""
    if denominator == 0 or events >= LEAST_EVENTS:
        return "enough data" if denominator else _EMPTY.get(UNITS.get(rate, ""), _UNSEEN)
    return f"not enough data: at least {LEAST_EVENTS - events} more {NOUNS[rate]} would be needed"


def _worth(numerator: int, denominator: int, effect: float) -> tuple[int, int]:
    """Return how many independent messages say as much; no last event, or non-event, is rounded off."""
    did, did_not = (max(round(number / effect), number > 0) for number in (numerator, denominator - numerator))
    return int(did), int(did + did_not)


def ignorance(rate: Rate, heard: bool) -> str:
    """Say why a numerator is unknown: its source judged nothing, or does not report such events."""
    what = NOUNS[rate].replace("clicks among its openers", "opens and clicks")
    if heard:
        return f"unknown: the source judged none of these {what} human or machine; the row of all is the ceiling"
    return f"unknown: no source of these events reports {what}"


def complaints(complained: int, delivered: int, effect: float = 1.0) -> str:
    """Say on which side of Gmail's two limits a complaint rate is shown to be: 95 % sure below, 97.5 % sure above."""
    worth = _worth(complained, delivered, effect)
    lowest, highest = lower_bound(*worth, 0.975), upper_bound(*worth, 0.95)
    if lowest > COMPLAINT_LIMIT:
        return "above Gmail's limit of 0.30 %: stop and find out why"
    if lowest > COMPLAINT_TARGET:
        return "above Gmail's 0.10 %"
    if highest < COMPLAINT_TARGET:
        return "below Gmail's 0.10 %"
    if complained == 0:
        needed = _more(ceil(effect * trials_below(COMPLAINT_TARGET)) - delivered, "deliveries")
        return f"not enough data: about {needed} without a complaint would show a rate below 0.10 %"
    side = "below" if highest < COMPLAINT_LIMIT else "not shown to be below"
    return f"not enough data to tell from Gmail's 0.10 %; {side} its limit of 0.30 %"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a comparison of people alike leaves open.

    Parameters
    ----------
    overlap
        The share of all people who have their like on the other side.
    unknown
        By column, the share of the people compared of whom it is not known.
    apart
        By column of numbers, how many standard deviations still lie between the means of people alike.
    """

    overlap: float = 1.0
    unknown: Mapping[str, float] = field(default_factory=dict)
    apart: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        told = []
        if 1 - self.overlap >= _WORTH_SAYING:
            told.append(f"; only {_percent(self.overlap)} have their like on the other side, and the rest is left out")
        if unknown := [
            f"{name} of {_percent(share)}" for name, share in self.unknown.items() if share >= _WORTH_SAYING
        ]:
            told.append(f"; not known is {' and '.join(unknown)} of them, so selection may remain")
        if apart := [f"{name} by {abs(by):.2f}" for name, by in self.apart.items() if abs(by) >= NEGLIGIBLE]:
            named = " and ".join(apart)
            told.append(
                f"; they still differ in {named} standard deviations inside the groups, which only a slope bridges"
            )
        return "".join(told)


def no_recipients(campaigns: Iterable[str]) -> str:
    """Say that a comparison has no denominators."""
    return f"Unknown: no source says to whom {_listed(campaigns)} went; pass sends=."


def not_reported(campaigns: Iterable[str], rate: Rate, counts: Counts) -> str:
    """Say that a comparison has no numerators."""
    if counts is Counts.HUMAN:
        return f'Unknown: no source of {_listed(campaigns)} tells which {NOUNS[rate]} are human; try counts="all".'
    return f"Unknown: no source of {_listed(campaigns)} reports {NOUNS[rate]}."


def nobody(campaigns: Iterable[str]) -> str:
    """Say that one side of a comparison is empty."""
    return f"No data: nobody of {_listed(campaigns)} could have been counted."


def no_overlap(treated: str | Iterable[str], control: str | Iterable[str], overlap: float) -> str:
    """Say why a comparison is refused."""
    return (
        f"no overlap: only {_percent(overlap)} of the people of {_listed(treated)} and {_listed(control)} are in "
        "groups that both of them reached, so effect and selection cannot be told apart."
    )


def selection(
    treated: str | Iterable[str],
    control: str | Iterable[str],
    rate: Rate | str,
    raw: float,
    found: Standardised,
    limits: Limits | None = None,
    is_share: bool = True,
) -> str:
    """Say how much of a raw difference is selection, what remains between people alike, and what that rests on."""
    adjusted = found.difference
    ahead, behind, sign = (treated, control, 1) if raw >= 0 else (control, treated, -1)
    left = sign * adjusted.estimate
    bounds = sorted((sign * adjusted.lower, sign * adjusted.upper))
    unit = _Unit.of(is_share, abs(raw), abs(left))
    more = f"{_listed(ahead)} drew more {_noun(rate)} than {_listed(behind)}"
    selected = abs(raw) - left
    if selected < 0:
        told = f"{more} by {unit.named(abs(raw))}, and selection hid {unit.of_it(-selected)} more"
    elif left < 0:
        told = f"The {unit.named(abs(raw))} by which {more} are all selection"
    else:
        told = f"Of the {unit.named(abs(raw))} by which {more}, {unit.of_it(selected)} are selection"
    return f"{told}: {_remaining(left, bounds, unit)}{limits or ''}{_doubt(found)}."


def unadjusted(
    treated: str | Iterable[str],
    control: str | Iterable[str],
    rate: Rate | str,
    found: Standardised,
    is_share: bool = True,
) -> str:
    """Say what the raw difference is, and that nothing was known to adjust it by."""
    raw = found.difference
    ahead, behind, sign = (treated, control, 1) if raw.estimate >= 0 else (control, treated, -1)
    bounds = sorted((sign * raw.lower, sign * raw.upper))
    unit = _Unit.of(is_share, abs(raw.estimate))
    chance = ", which may be chance" if bounds[0] <= 0 else ""
    return (
        f"{_listed(ahead)} drew more {_noun(rate)} than {_listed(behind)} by {unit.named(abs(raw.estimate))}"
        f"{chance} ({_within(bounds, unit)}); nothing is known to adjust by, so the adjusted figure is the "
        f"raw one and no selection was removed{_doubt(found)}."
    )


def randomised(
    treated: str | Iterable[str], outcome: Rate | str, found: Standardised, is_share: bool, gain: float
) -> str:
    """Say what a message did, where chance decided who was held out."""
    difference = found.difference
    unit = _Unit.of(is_share, abs(difference.estimate))
    sign, direction = (1, "higher") if difference.estimate >= 0 else (-1, "lower")
    bounds = sorted((sign * difference.lower, sign * difference.upper))
    chance = ", which may be chance" if bounds[0] <= 0 else ""
    sharper = f" What was known before takes {_percent(gain)} off the variance." if gain >= _WORTH_SAYING else ""
    return (
        f"{_noun(outcome)} is {unit.named(abs(difference.estimate))} {direction} among people who were to get "
        f"{_listed(treated)} than among people held out{chance} ({_within(bounds, unit)}). Chance decided who was held "
        f"out, so nothing of it is selection{_doubt(found)}.{sharper}"
    )


@dataclass(frozen=True, slots=True)
class _Unit:
    """How differences are written: shares in points, means as they are."""

    is_share: bool
    figures: int

    @classmethod
    def of(cls, is_share: bool, *sizes: float) -> _Unit:
        largest = max(sizes)
        if is_share:
            return cls(True, 1 if largest >= 0.01 else 2)
        return cls(False, 2 if largest >= 0.1 else 4)

    def of_it(self, value: float) -> str:
        scaled = round(100 * value if self.is_share else value, self.figures)
        return f"{scaled + 0.0:.{self.figures}f}".replace("-", "−")

    def named(self, value: float) -> str:
        return f"{self.of_it(value)} {'points' if self.is_share else 'a person'}"


def _noun(rate: Rate | str) -> str:
    return NOUNS[rate] if isinstance(rate, Rate) else f'"{rate}"'


def _remaining(left: float, bounds: list[float], unit: _Unit) -> str:
    within = _within(bounds, unit)
    if bounds[0] <= 0 <= bounds[1]:
        return f"between people alike {unit.of_it(left)} are left, which may be chance ({within})"
    direction = "more" if left > 0 else "fewer"
    return f"between people alike it drew {unit.named(abs(left))} {direction} ({within})"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _within(bounds: list[float], unit: _Unit) -> str:
    return f"95 % interval {unit.of_it(bounds[0])} to {unit.of_it(bounds[1])}"


def _doubt(found: Standardised) -> str:
    return "" if found.effective_events >= LEAST_EVENTS else "; there is not enough data to lean on this"


def _listed(campaigns: str | Iterable[str]) -> str:
    names = [campaigns] if isinstance(campaigns, str) else list(campaigns)
    return " and ".join(names) if len(names) <= 2 else f"{names[0]} and {len(names) - 1} others"


def _more(number: int, unit: str) -> str:
    """Round up to two figures, as one says it: 2,400 more deliveries; 1 more delivery."""
    step = 10 ** max(len(str(number)) - 2, 0)
    return f"{-(-number // step) * step:,} more {_SINGULAR[unit] if number == 1 else unit}"
