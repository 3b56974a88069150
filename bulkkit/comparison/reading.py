"""The messages of both sides of a comparison, read from events, sends and contacts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import pandas as pd
from narwhals.typing import IntoFrame

from bulkkit import conclusions
from bulkkit.errors import InputError
from bulkkit.outcomes import KEY, MEASURES, Frame, Knowledge, Measure, gathered, mailboxes
from bulkkit.vocabulary import Counts, Rate


@dataclass(frozen=True, slots=True)
class Sides:
    """The campaigns on each side."""

    treated: tuple[str, ...]
    control: tuple[str, ...]

    @classmethod
    def of(cls, treated: str | Sequence[str], control: str | Sequence[str]) -> Sides:
        """Take one campaign or several on each side; none may be on both."""
        sides = [(side,) if isinstance(side, str) else tuple(dict.fromkeys(side)) for side in (treated, control)]
        if not all(sides) or set(sides[0]) & set(sides[1]):
            raise InputError("treated and control need at least one campaign each, and none may be on both sides.")
        return cls(*sides)

    @property
    def labels(self) -> tuple[str | tuple[str, ...], str | tuple[str, ...]]:
        """Each side's campaign, or campaigns."""
        one, two = (side[0] if len(side) == 1 else side for side in (self.treated, self.control))
        return one, two

    @property
    def campaigns(self) -> list[str]:
        """Return the campaigns of both sides."""
        return [*self.treated, *self.control]

    def missing(self, messages: pd.DataFrame) -> str:
        """Return that a side is empty; nothing where both have messages."""
        there = set(messages[KEY[0]].unique())
        return "".join(conclusions.nobody(side) for side in (self.treated, self.control) if there.isdisjoint(side))


def measure_of(rate: str, counts: str) -> Measure:
    """Return the measure of a rate in a way of counting, or in the only one that it has."""
    fitting = [measure for measure in MEASURES if measure.rate == rate]
    if not fitting or counts not in list(Counts):
        raise InputError(f"rate={rate!r}, counts={counts!r}: use one of {', '.join(Rate)}, and human or all.")
    return next((measure for measure in fitting if measure.counts == counts), fitting[0])


def known_of(events: Frame, sends: Frame | None, sides: Sides) -> Knowledge:
    """Return what the sources can tell of both sides' campaigns, which must be there."""
    knowledge = Knowledge.of(events, sends, sides.campaigns, timed=True)
    if absent := [name for name in sides.campaigns if name not in knowledge.campaigns.index]:
        there = gathered(events.select(KEY[0]).unique())[KEY[0]]
        raise InputError(
            f"There is no campaign {', '.join(absent)} here; there is {', '.join(sorted(there)) or 'none'}."
        )
    return knowledge


def unanswerable(knowledge: Knowledge, measure: Measure) -> str:
    """Return why the two cannot be compared at all; nothing where they can."""
    campaigns = knowledge.campaigns
    if silent := list(campaigns.index[~campaigns["known"]]):
        return conclusions.no_recipients(silent)
    if silent := list(campaigns.index[~campaigns[list(measure.known)].all(axis=1)]):
        return conclusions.not_reported(silent, measure.rate, measure.counts)
    return ""


def with_outcome(messages: pd.DataFrame, contacts: IntoFrame | None, *columns: str) -> pd.DataFrame:
    """Return the messages with a column of contacts as `outcome`, and a second one as `before`.

    Messages of people without an outcome are left out.
    """
    if contacts is None:
        raise InputError(f"outcome={columns[0]!r} is a column of contacts: pass contacts=.")
    lazy = nw.from_native(contacts).lazy()
    if missing := [name for name in columns if name not in lazy.collect_schema().names()]:
        raise InputError(f"contacts has no column {' and no '.join(missing)}; pass the contacts that have it.")
    rows = gathered(mailboxes(lazy).select(KEY[1], *dict.fromkeys(columns)))
    people = rows.drop_duplicates(KEY[1]).set_index(KEY[1])
    found = {new: _numbers(people[old], old) for new, old in zip(("outcome", "before"), columns, strict=False)}
    joined = messages.join(pd.DataFrame(found), on=KEY[1])
    return joined[joined["outcome"].notna()].reset_index(drop=True)


def told(messages: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Return the messages of people of whom the outcome is known, with its number."""
    known = messages.assign(_outcome=_numbers(messages[outcome], outcome))
    return known[known["_outcome"].notna()].reset_index(drop=True)


def _numbers(column: pd.Series[Any], name: str) -> pd.Series[Any]:
    try:
        return column.astype("Float64").astype(float)
    except (TypeError, ValueError) as error:
        raise InputError(f"The column {name} of contacts holds no numbers and no truth values.") from error
