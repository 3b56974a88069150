"""What became of each message: one row a campaign and mailbox, wherever the events lie.

Each event and each send says some truths; "any" takes them together by message.
What is known of whole campaigns is not joined to the messages: it is a short
list of campaigns, and most often all of them or none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Final

import narwhals as nw

from bulkkit.outcomes.facts import FACTS, said_by_events, said_by_sends, with_facts
from bulkkit.outcomes.joining import KEY, AnyFrame, Frame, alike, keyed
from bulkkit.outcomes.knowledge import Knowledge
from bulkkit.outcomes.measures import MEASURES, Measure

_REACHED: Final = ("sent", "rejected", "bounced")
_BEHIND: Final = {
    "handed": _REACHED,
    "delivered": _REACHED,
    "seen": (*_REACHED, "untracked"),
    "reporting": (*_REACHED, "complained", "at_google"),
    "only_soft": ("soft", "hard"),
}
"""What is no fact itself, and the facts that it follows from."""


def facts_behind(measure: Measure) -> list[str]:
    """Return the facts that tell of a measure."""
    needed = {fact for name in (*measure.event, *measure.base) for fact in _BEHIND.get(name, (name,))}
    return [name for name in FACTS if name in needed]


@dataclass(frozen=True, slots=True, eq=False)
class Messages:
    """One row a message, and what is known of its campaign.

    Attributes
    ----------
    rows
        `_campaign, _mailbox`, and of `facts.FACTS` those that anything says, each with an underscore before it.
    facts
        Which these are.
    knowledge
        What is known of the campaigns.
    """

    rows: Frame
    facts: frozenset[str]
    knowledge: Knowledge

    @classmethod
    def of(cls, events: AnyFrame, sends: AnyFrame | None = None, campaigns: Collection[str] | None = None) -> Messages:
        """Take together what events and sends say (see `outcomes`)."""
        happened = keyed(events, "events")
        written = None if sends is None else alike(keyed(sends, "sends"), happened)
        knowledge = Knowledge.of(happened, written, campaigns)
        said = [(happened, said_by_events(happened, knowledge.spelt))]
        if written is not None:
            said.append((written, said_by_sends(written)))
        names = [name for name in FACTS if any(name in facts for _, facts in said)]
        parts = [with_facts(_of(frame, campaigns), facts, names) for frame, facts in said]
        together = nw.concat(parts) if len(parts) > 1 else parts[0]
        rows = together.group_by(*KEY).agg(*(nw.col(f"_{name}").any() for name in names))
        return cls(rows, frozenset(names), knowledge)

    def truth(self, *names: str) -> nw.Expr:
        """Return whether all these hold of a message: facts, or what follows from them."""
        return reduce(and_, map(self._one, names))

    def known(self, measure: Measure) -> nw.Expr:
        """Return whether what a measure needs is known of a message's campaign."""
        return reduce(and_, map(self.knowledge.of_campaign, measure.known)) if measure.known else nw.lit(True)

    def _one(self, name: str) -> nw.Expr:
        if name in ("handed", "delivered", "seen"):
            return self._reached(name)
        if name == "reporting":
            return self._reached("delivered") & (self._one("complained") | ~self._at_gmail())
        if name == "only_soft":
            return self._one("soft") & ~self._one("hard")
        return nw.col(f"_{name}") if name in self.facts else nw.lit(False)

    def _at_gmail(self) -> nw.Expr:
        """Return who is where nobody hears of complaints.

        Gmail's feedback loop names no recipient (support.google.com/a/answer/6254652, 2026-11).
        """
        return nw.col(KEY[1]).str.ends_with("@gmail.com") | self._one("at_google")

    def _reached(self, name: str) -> nw.Expr:
        """Return whom a denominator holds; all who appear, where nobody knows to whom their campaign went."""
        handed = self._one("sent") | self._one("bounced")
        delivered = handed & ~self._one("rejected") & ~self._one("bounced")
        unknown = ~self.knowledge.of_campaign("known")
        if name == "seen":
            return (delivered | unknown) & ~self._one("untracked")
        return (handed if name == "handed" else delivered) | unknown


def outcomes(events: AnyFrame, sends: AnyFrame | None = None, campaigns: Collection[str] | None = None) -> Frame:
    """Return one row a message, with 0/1 columns for each measure.

    Parameters
    ----------
    events
        Columns `kind, campaign, email` at least; `bounce_type, machine, source` are used where they are.
    sends
        Columns `campaign, email` at least; `state, reason, smtp_code, enhanced_code, tracked` are used where they are.
    campaigns
        Those to answer for; by default all. What the events of others tell shows what their sources can tell.

    Returns
    -------
    narwhals.LazyFrame
        `_campaign, _mailbox, _known` (1 where it is known to whom the campaign was sent), and for each of
        `MEASURES` `<name>_n`, `<name>_d` and `<name>_k`: counted, could have been counted, is known.

    Notes
    -----
    A message was delivered when it was sent, and neither rejected nor bounced, in
    whatever order that was reported. A person who bounced and yet reacted counts
    as bounced, and the reaction counts nowhere, so that no numerator holds anybody
    whom its denominator does not. Who bounced both hard and soft bounced hard. A
    bounce of type "suppressed" was never handed over, and is a rejection. A click
    counts for click-to-open only with an open.
    """
    return measured(Messages.of(events, sends, campaigns))


def measured(messages: Messages, measures: Sequence[Measure] = MEASURES) -> Frame:
    """Return the columns of `outcomes` for some measures."""
    return with_measures(messages, messages.rows, [KEY[0]], measures)


def with_measures(
    messages: Messages, rows: Frame, more: Sequence[str], measures: Sequence[Measure] = MEASURES
) -> Frame:
    """Return the same of messages that have got more columns: these, the mailbox, and the measures."""
    known = messages.knowledge.of_campaign("known")
    columns = (column for measure in measures for column in _columns(messages, measure))
    return rows.select(*more, KEY[1], _as_number(known).alias("_known"), *columns)


def _columns(messages: Messages, measure: Measure) -> Iterable[nw.Expr]:
    known = messages.known(measure)
    base = messages.truth(*measure.base) & known
    truths = {"n": messages.truth(*measure.event) & base, "d": base, "k": known}
    return (_as_number(truth).alias(f"{measure.name}_{part}") for part, truth in truths.items())


def _as_number(truth: nw.Expr) -> nw.Expr:
    return truth.cast(nw.Int64)


def _of(frame: Frame, campaigns: Collection[str] | None) -> Frame:
    return frame if campaigns is None else frame.filter(nw.col(KEY[0]).is_in(list(campaigns)))
