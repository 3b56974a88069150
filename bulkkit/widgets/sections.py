"""The sections of a report panel: what is looked at, in which figures, and what a click on a mark asks for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import pandas as pd

from bulkkit.charts.passage import delivered_of
from bulkkit.charts.shares import bands, in_order, wording
from bulkkit.drilling import DELIVERED, SENT, Messages, by_people, described, happened
from bulkkit.outcomes import KEY, NOT_TOLD
from bulkkit.reporting.tables import KeyFigure, key_figures
from bulkkit.vocabulary import Counts, EventKind, Rate
from bulkkit.waiting import waiting
from bulkkit.widgets.figure import Mark


class Section(StrEnum):
    """What a report panel shows at a time."""

    RATES = "Rates"
    FUNNEL = "Funnel"
    TIMELINE = "Timeline"
    WAITING = "Waiting"
    COMPARISON = "Comparison"
    FIGURES = "Figures"


RANGE: Final = "range"
MACHINES: Final = "machines"
_STAGES: Final = (SENT, DELIVERED, str(Rate.OPENED), str(Rate.CLICKED))
_PARTED: Final = (Rate.OPENED, Rate.CLICKED, Rate.CLICK_TO_OPEN)


@dataclass(frozen=True, slots=True)
class Choice:
    """What is looked at: campaigns, what their messages are split by, and which opens and clicks count.

    `counts` is "human", "all", or `RANGE` for both.
    """

    campaigns: tuple[str, ...]
    by: str = "campaign"
    counts: str = RANGE

    def rates(self, messages: Messages) -> pd.DataFrame:
        """Return the rates frame; of opens and clicks only the way of counting that is chosen."""
        found = messages.rates(self.by, self.campaigns)
        if self.counts == RANGE:
            return found
        return found[found["counts"].eq(self.counts) | ~found["rate"].isin([str(rate) for rate in _PARTED])]

    def events(self, messages: Messages) -> pd.DataFrame:
        """Return the campaigns' events; of opens and clicks only those that count."""
        chosen = messages.events[messages.events[KEY[0]].isin(self.campaigns)]
        if self.counts != Counts.HUMAN:
            return chosen
        parted = chosen["kind"].isin([str(EventKind.OPENED), str(EventKind.CLICKED)])
        return chosen[~parted | by_people(chosen)]

    def waiting(self, messages: Messages) -> pd.DataFrame:
        """Return how long the campaigns' people took to open and click (`waiting.waiting`), as it counts."""
        found = waiting(messages.events, messages.sends, self.campaigns)
        return found if self.counts == RANGE else found[found["counts"] == self.counts]


@dataclass(frozen=True, slots=True)
class Behind:
    """Whose rows are asked for: the figure, how it counts, its group (None for all), or an event's span of time."""

    what: str
    counts: str = str(Counts.ALL)
    group: str | None = None
    since: pd.Timestamp | None = None
    until: pd.Timestamp | None = None

    def rows(self, messages: Messages, choice: Choice) -> pd.DataFrame:
        """Return a row for each message behind the figure (`drilling.described`)."""
        if self.since is not None and self.until is not None:
            rows = happened(messages, self.what, self.since, self.until, _HUMAN.get(self.counts))
            return rows[rows["campaign"].isin(choice.campaigns)]
        people = messages.people(self.what, self.counts, choice.by, self.group, choice.campaigns)
        return described(messages, people, self.what, self.counts)

    def title(self, choice: Choice) -> str:
        """Return what these rows have in common."""
        machines = _MACHINES.get(self.counts, "") if self.what in _PARTED else ""
        span = f", {self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M} UTC" if self.since is not None else ""
        whose = self.group if self.group is not None else _listed(choice.campaigns)
        return f"{ASKED[self.what]}{machines}{span}: {whose}"


ASKED: Final = {
    SENT: "Were sent the message",
    DELIVERED: "Got the message",
    **{str(rate): wording(rate).verb.capitalize() for rate in Rate},
}
"""What the people behind a figure did or had done to them."""

_MACHINES: Final = {
    str(Counts.HUMAN): ", known to be people",
    str(Counts.ALL): ", machines included",
    MACHINES: ", machines or nobody knows who",
}
_HUMAN: Final = {str(Counts.HUMAN): True, MACHINES: False}


@dataclass(frozen=True, slots=True)
class Group:
    """A group of the rates, and the rows of its table of figures."""

    name: str
    rows: list[KeyFigure]


def key_figure_groups(rates: pd.DataFrame, by: str) -> list[Group]:
    """Return the figures of each group as words for a table."""
    names, found = rates[by].astype("str").fillna(NOT_TOLD), bands(rates)
    return [Group(name, key_figures(rates[names == name], delivered_of(found[name]))) for name in dict.fromkeys(names)]


def behind(section: str, mark: Mark, rates: pd.DataFrame, counts: str = RANGE) -> Behind | None:
    """Return what a click on a mark of a section's chart asks for; None where it asks for nothing."""
    if section == Section.TIMELINE:
        return _in_time(mark, counts)
    if rates.empty or section == Section.WAITING:
        return None
    return _in_funnel(mark, rates) if section == Section.FUNNEL else _in_rates(mark, rates)


def _in_rates(mark: Mark, rates: pd.DataFrame) -> Behind | None:
    """Each small panel is a rate, each row a group, and the place across the value in one way of counting."""
    groups = bands(rates)
    rate = in_order({name for shares in groups.values() for name in shares})[mark.panel]
    group = list(groups)[mark.row]
    shares = [share for share in groups[group][rate].known if share.value == mark.x]
    return Behind(rate, shares[0].counts, group) if shares else None


def _in_funnel(mark: Mark, rates: pd.DataFrame) -> Behind:
    """Each small panel is a group, each row a stage; the bar on top is that of people, as long as one is known."""
    group, what = list(bands(rates))[mark.panel], _STAGES[mark.row]
    share = bands(rates)[group].get(what)
    is_floor = share is not None and share.floor is not None and share.floor.numerator == mark.x
    return Behind(what, str(Counts.HUMAN if is_floor else Counts.ALL), group)


def _in_time(mark: Mark, counts: str) -> Behind | None:
    """Each trace is a kind of event, named by it and by whose they are; its bars fill 92 % of their bins."""
    kind, _, whose = str(mark.trace.name).partition(" by ")
    half = pd.Timedelta(milliseconds=float(mark.trace.width) / 0.92 / 2)
    middle = pd.Timestamp(mark.x).tz_localize("UTC")
    part = str(Counts.HUMAN if counts == Counts.HUMAN else Counts.ALL) if not whose else _WHOSE.get(whose, MACHINES)
    return Behind(kind.lower(), part, since=(middle - half).round("s"), until=(middle + half).round("s"))


_WHOSE: Final = {"people": str(Counts.HUMAN)}


def _listed(names: Collection[str]) -> str:
    shown = list(names)
    return ", ".join(shown) if len(shown) <= 3 else f"{shown[0]}, {shown[1]} and {len(shown) - 2} others"
