"""One row a person, worked out where the events lie: what each campaign came to, and what was known before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import narwhals as nw

from bulkkit.comparison.beginning import Beginning
from bulkkit.comparison.listing import Listing
from bulkkit.comparison.past import evidence, marks, sum_of, time_since
from bulkkit.outcomes import KEY, Frame, Knowledge, Measure, Messages, alike, gathered, merged
from bulkkit.outcomes.facts import said_by_events, said_by_sends, with_facts
from bulkkit.outcomes.messages import facts_behind
from bulkkit.segmentation.responses import REACTED

PEOPLE: Final = "_people"


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What is looked at.

    Attributes
    ----------
    measure
        What counts, of whom.
    beginnings
        The campaigns, and when each began.
    adjust
        What is to be known of people.
    """

    measure: Measure
    beginnings: dict[str, Beginning]
    adjust: tuple[str, ...]

    @property
    def campaigns(self) -> list[str]:
        """The campaigns; their places in this list stand in the names of columns."""
        return list(self.beginnings)

    def starts(self, band: str, dtype: Any) -> dict[int, datetime]:
        """Return by the campaign's place when it began, as a column of moments has it, if the band is asked for."""
        if band not in self.adjust or not isinstance(dtype, nw.Datetime):
            return {}
        starts = {place: begun.at(dtype) for place, begun in enumerate(self.beginnings.values())}
        return {place: start for place, start in starts.items() if start is not None}


def kinds_of_people(
    question: Question, events: Frame, sends: Frame | None, knowledge: Knowledge, listing: Listing | None
) -> Frame:
    """Return how many people there are of each kind: of whom all that is looked at is the same.

    Returns
    -------
    narwhals.LazyFrame
        `_people`, and what they have in common: `_came_<place>` for each campaign (0: no message that could count, 1:
        one that did not, 2: one that did), `_past_<place>` and `_since_<place>` (the numbers of `past`) where a band is
        asked for, and the listing's columns.
    """
    people = _reached(question, events, sends, knowledge)
    if listing is not None:
        people = _with_listing(people, question, listing)
    in_common = [name for name in people.collect_schema().names() if name not in (KEY[1], "_created")]
    return people.group_by(*in_common).agg(nw.len().alias(PEOPLE))


def _reached(question: Question, events: Frame, sends: Frame | None, knowledge: Knowledge) -> Frame:
    """Return a row for each person who had a message that could count."""
    starts = question.starts("engagement", events.collect_schema().get("at"))
    said = said_by_events(events, knowledge.spelt)
    written = {} if sends is None else said_by_sends(sends)
    facts = [name for name in facts_behind(question.measure) if name in said or name in written or name == "sent"]
    past = marks(events, knowledge.spellings(*REACTED), starts) if starts else {}
    numbers = {f"_past_{place}": evidence(place) for place in starts}
    marked = [truth.alias(name) for name, truth in (_own(question) | past).items()]
    told = with_facts(_looked_at(events, question, starts), said, facts, *marked)
    parts = [_by_campaign(told, question, facts, numbers)]
    if sends is not None:
        rows = _looked_at(alike(sends, events), question, {})
        nothing = dict.fromkeys(numbers, nw.lit(0).cast(nw.Int8))
        told = with_facts(rows, written, facts, *(truth.alias(name) for name, truth in _own(question).items()))
        parts.append(_by_campaign(told, question, facts, nothing))
    happened = [nw.col(name).any() for name in _of_campaigns(question, facts)]
    people = nw.concat(parts).group_by(KEY[1]).agg(*happened, *(nw.col(name).max() for name in numbers))
    return _answered(people, question, facts, list(numbers), knowledge)


def _looked_at(rows: Frame, question: Question, starts: Mapping[int, datetime]) -> Frame:
    """Return the rows of the campaigns, and those from before the last of the starts."""
    own = nw.col(KEY[0]).is_in(question.campaigns)
    return rows.filter(own | (nw.col("at") < max(starts.values())) if starts else own)


def _own(question: Question) -> dict[str, nw.Expr]:
    return {f"_own_{place}": nw.col(KEY[0]) == campaign for place, campaign in enumerate(question.campaigns)}


def _of_campaigns(question: Question, facts: Sequence[str]) -> list[str]:
    return [f"_{fact}_{place}" for place in range(len(question.campaigns)) for fact in facts]


def _by_campaign(told: Frame, question: Question, facts: Sequence[str], numbers: Mapping[str, nw.Expr]) -> Frame:
    """Return the facts apart by campaign, beside the numbers of the past."""
    apart = [nw.col(f"_{fact}") & nw.col(is_own) for is_own in _own(question) for fact in facts]
    return told.select(KEY[1], **dict(zip(_of_campaigns(question, facts), apart, strict=True)), **numbers)


def _answered(
    people: Frame, question: Question, facts: Sequence[str], numbers: Sequence[str], knowledge: Knowledge
) -> Frame:
    """Return what each campaign came to in the place of its facts, of those to whom any came to something."""
    came = [f"_came_{place}" for place in range(len(question.campaigns))]
    for place, campaign in enumerate(question.campaigns):
        of_one = Messages(people, frozenset(facts), knowledge.alone(campaign))
        could = of_one.truth(*question.measure.base)
        answer = sum_of([could, could & of_one.truth(*question.measure.event)])
        its_own = people.with_columns(*(nw.col(f"_{fact}_{place}").alias(f"_{fact}") for fact in facts))
        people = its_own.with_columns(answer.alias(came[place]))
    return people.select(KEY[1], *came, *numbers).filter(nw.max_horizontal(*came) > 0)


def _with_listing(people: Frame, question: Question, listing: Listing) -> Frame:
    """Add what contacts know of each person; where these are of another library, the two meet in pandas."""
    known = listing.rows
    if known.implementation is not people.implementation:
        people, known = (nw.from_native(gathered(frame)).lazy() for frame in (people, known))
    starts = question.starts("tenure", known.collect_schema().get("_created"))
    since = [time_since(start).alias(f"_since_{place}") for place, start in starts.items()]
    joined = merged(people, known, [KEY[1]])
    return joined.with_columns(*since) if since else joined
