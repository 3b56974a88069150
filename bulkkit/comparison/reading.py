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
from bulkkit.outcomes import KEY, MEASURES, Frame, Measure, Messages, gathered, mailboxes
from bulkkit.outcomes.messages import measured
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

    def missing(self, messages: pd.DataFrame) -> str:
        """Return that a side is empty; nothing where both have messages."""
        there = set(messages["treated"])
        told = zip((self.treated, self.control), (True, False), strict=True)
        return "".join(conclusions.nobody(side) for side, treated in told if treated not in there)


def measure_of(rate: str, counts: str) -> Measure:
    """Return the measure of a rate in a way of counting, or in the only one that it has."""
    fitting = [measure for measure in MEASURES if measure.rate == rate]
    if not fitting or counts not in list(Counts):
        raise InputError(f"rate={rate!r}, counts={counts!r}: use one of {', '.join(Rate)}, and human or all.")
    return next((measure for measure in fitting if measure.counts == counts), fitting[0])


def reactions(events: Frame, sends: Frame | None, measure: Measure, sides: Sides) -> pd.DataFrame:
    """Return one row a message: `_campaign, _mailbox, recipients, outcome, could, known, treated`."""
    names = [*sides.treated, *sides.control]
    parts = {"_known": "recipients"} | {
        f"{measure.name}_{part}": name for part, name in zip("ndk", ("outcome", "could", "known"), strict=True)
    }
    rows = measured(Messages.of(events, sends, names), [measure])
    columns = [nw.col(old).alias(new) for old, new in parts.items()]
    found = gathered(rows.select(*KEY, *columns))
    written_to = set(found[KEY[0]].unique())
    if absent := [name for name in names if name not in written_to]:
        there = gathered(events.select(KEY[0]).unique())[KEY[0]]
        raise InputError(
            f"There is no campaign {', '.join(absent)} here; there is {', '.join(sorted(there)) or 'none'}."
        )
    return found.assign(treated=found[KEY[0]].isin(sides.treated))


def unanswerable(messages: pd.DataFrame, sides: Sides, measure: Measure) -> str:
    """Return why the two cannot be compared at all; nothing where they can."""
    campaigns = messages.groupby(KEY[0])[["recipients", "known"]].max()
    if silent := list(campaigns.index[campaigns["recipients"] == 0]):
        return conclusions.no_recipients(silent)
    if silent := list(campaigns.index[campaigns["known"] == 0]):
        return conclusions.not_reported(silent, measure.rate, measure.counts)
    return sides.missing(messages[messages["could"] == 1])


def handed_to(events: Frame, sends: Frame | None, sides: Sides) -> pd.DataFrame:
    """Return one row a message that was handed over, whatever became of it: `_campaign, _mailbox, treated`."""
    messages = reactions(events, sends, measure_of(Rate.BOUNCED, Counts.ALL), sides)
    return messages.loc[messages["could"] == 1, [*KEY, "treated"]].reset_index(drop=True)


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


def _numbers(column: pd.Series[Any], name: str) -> pd.Series[Any]:
    try:
        return column.astype("Float64").astype(float)
    except (TypeError, ValueError) as error:
        raise InputError(f"The column {name} of contacts holds no numbers and no truth values.") from error
