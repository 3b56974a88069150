"""Reactions told apart by what they say themselves: the link, the device, the hour, the class of a bounce.

Such a thing belongs to the event and not to the message: whoever did not click
has no link. So it divides the numerators, and the denominators stay whole. A
person who followed two links counts for each of them; in hours since sending
each reaction counts in the hour in which it first happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import narwhals as nw

from bulkkit.errors import InputError
from bulkkit.metrics.dimensions import Frames, home, sent_at
from bulkkit.outcomes import KEY, MEASURES, Frame, Measure, Messages, merged
from bulkkit.outcomes.clocks import with_seconds
from bulkkit.outcomes.facts import KINDS, said_by_events, with_facts
from bulkkit.vocabulary import EventKind

HOUR: Final = "hour"
_SECONDS: Final = 3600
_CLICKS: Final = (EventKind.CLICKED,)
_SEEN: Final = (EventKind.OPENED, EventKind.CLICKED)
_BOUNCES: Final = (EventKind.BOUNCED,)
_ALL: Final = (*_SEEN, *_BOUNCES, EventKind.UNSUBSCRIBED, EventKind.COMPLAINED)


@dataclass(frozen=True, slots=True)
class Trait:
    """What a reaction says of itself: the column of events it is taken from, and the kinds of event that have it."""

    column: str
    kinds: tuple[EventKind, ...]


TRAITS: Final = {
    "link": Trait("url", _CLICKS),
    "url": Trait("url", _CLICKS),
    "device": Trait("user_agent", _SEEN),
    "user_agent": Trait("user_agent", _SEEN),
    "ip": Trait("ip", _SEEN),
    "machine_basis": Trait("machine_basis", _SEEN),
    HOUR: Trait("at", _ALL),
    "bounce_type": Trait("bounce_type", _BOUNCES),
    "bounce_class": Trait("bounce_class", _BOUNCES),
    "smtp_code": Trait("smtp_code", _BOUNCES),
    "enhanced_code": Trait("enhanced_code", _BOUNCES),
    "diagnostic": Trait("diagnostic", _BOUNCES),
}

_DEVICES: Final = (
    ("unknown", r"ImageProxy|YahooMailProxy"),
    ("tablet", r"iPad|Tablet|Kindle|Silk/"),
    ("phone", r"Mobi|iPhone|iPod|BlackBerry|BB10"),
    ("tablet", r"Android"),
    ("desktop", r"Windows NT|Macintosh|X11|CrOS|Linux"),
)
"""By user agent, the first that fits (MDN, "Browser detection using the user agent string", 2026-11: Mobi is a phone,
Android without it a tablet). An iPad that calls itself a Macintosh, as it does since 2019, counts as a desktop."""

_NO_KIND: Final = ""
_FACT_OF: Final = {"only_soft": "soft"}


def divides(name: str, frames: Frames) -> bool:
    """Return whether grouping by this name divides reactions, unless sends or contacts have a column of this name."""
    return name in TRAITS and home(name, frames) in (None, "events")


def applying(names: Sequence[str]) -> list[Measure]:
    """Return the measures whose events say all of these things of themselves."""
    facts = [{fact for kind in TRAITS[name].kinds for fact in KINDS[kind]} for name in names]
    fitting = [m for m in MEASURES if all(_FACT_OF.get(m.event[0], m.event[0]) in some for some in facts)]
    if not fitting:
        raise InputError(f"by: no reaction has {' and '.join(names)} at once; group by one of them.")
    return fitting


def divided(
    messages: Messages, rows: Frame, events: Frame, names: Mapping[str, str], frames: Frames, unique: bool
) -> Frame:
    """Return a row a message and value of the traits, with a column for each measure that applies: how often it counts.

    Parameters
    ----------
    messages, rows
        What became of the messages, and the same rows with more columns to group by.
    events
        The keyed events.
    names
        The traits, by the alias that their column gets; none where all events are to be counted.
    frames
        What was handed in, for the time at which messages went out.
    unique
        Whether a message counts once a trait, or as often as it happened.
    """
    measures = applying(list(names.values())) if names else list(MEASURES)
    possible = sorted({_FACT_OF.get(measure.event[0], measure.event[0]) for measure in measures})
    facts = [fact for fact in possible if fact in messages.facts] or possible[:1]
    happened = _happened(messages, events, facts, names, frames, unique)
    renamed = happened.select(*KEY, *names, *(nw.col(f"_{fact}").alias(f"_at_{fact}") for fact in facts))
    whole = merged(renamed, rows, KEY, "inner")
    counted = (_times(messages, measure, facts).alias(measure.name) for measure in measures)
    return whole.with_columns(*counted)


def _times(messages: Messages, measure: Measure, facts: Sequence[str]) -> nw.Expr:
    fact = _FACT_OF.get(measure.event[0], measure.event[0])
    if fact not in facts:
        return nw.lit(0)
    return nw.col(f"_at_{fact}") * messages.truth(*measure.event, *measure.base).cast(nw.Int64)


def _happened(
    messages: Messages, events: Frame, facts: Sequence[str], names: Mapping[str, str], frames: Frames, unique: bool
) -> Frame:
    """Return how often each fact happened to each message at each value of the traits (once at most, if unique)."""
    kinds = {str(kind) for kind, said in KINDS.items() if set(said) & set(facts)}
    spelt = [way for kind, ways in messages.knowledge.spelt["kind"].items() if kind in kinds for way in ways]
    chosen = events.filter(nw.col("kind").is_in(spelt or [_NO_KIND]))
    sent = sent_at(frames) if HOUR in names.values() else None
    traits = {alias: _trait(chosen, name) for alias, name in names.items() if name != HOUR}
    said = said_by_events(events, messages.knowledge.spelt)
    at = () if sent is None else (nw.col("at").alias("_at"),)
    marks = (expression.alias(alias) for alias, expression in traits.items())
    flags = with_facts(_once(chosen) if not unique else chosen, said, facts, *marks, *at)
    if sent is not None:
        (alias,) = (alias for alias, name in names.items() if name == HOUR)
        flags = _in_hours(flags, facts, list(traits), alias, sent, unique)
    numbers = flags.with_columns(*(nw.col(f"_{fact}").cast(nw.Int64) for fact in facts))
    taken = [nw.col(f"_{fact}").max() if unique else nw.col(f"_{fact}").sum() for fact in facts]
    return numbers.group_by(*KEY, *names).agg(*taken)


def _in_hours(flags: Frame, facts: Sequence[str], others: list[str], alias: str, sent: Frame, unique: bool) -> Frame:
    """Return the facts by whole hours since sending: if unique each in the hour in which it first happened."""
    parts = []
    for fact in facts:
        when = flags.filter(nw.col(f"_{fact}")).select(*KEY, *others, "_at")
        if unique:
            when = when.group_by(*KEY, *others).agg(nw.col("_at").min())
        marks = (nw.lit(name == fact).alias(f"_{name}") for name in facts)
        parts.append(when.with_columns(*marks).select(*KEY, *others, "_at", *(f"_{name}" for name in facts)))
    together = with_seconds(merged(nw.concat(parts), sent, KEY, "inner"), "_sent_at", "_at", "_seconds")
    seconds = nw.col("_seconds")
    hours = nw.when(seconds > 0).then(seconds).otherwise(nw.lit(0)) // _SECONDS
    told = (nw.col(f"_{name}") for name in facts)
    return together.select(*KEY, *others, hours.cast(nw.Int64).alias(alias), *told)


def _trait(events: Frame, name: str) -> nw.Expr:
    column = TRAITS[name].column
    has = events.collect_schema()
    if column not in has.names():
        raise InputError(f"by={name!r} needs a column {column} of events; there is none.")
    if name != "device":
        return nw.col(column).cast(nw.String) if has[column] in (nw.Categorical, nw.Enum) else nw.col(column)
    found = nw.lit("unknown")
    for device, pattern in reversed(_DEVICES):
        found = nw.when(nw.col(column).str.contains(pattern)).then(nw.lit(device)).otherwise(found)
    return found


def _once(events: Frame) -> Frame:
    """Return each event once, by its source and number, where it has one."""
    has = events.collect_schema().names()
    if "event_id" not in has:
        return events
    numbered = events.filter(~nw.col("event_id").is_null())
    return nw.concat(
        [
            numbered.unique(subset=[name for name in ("source", "event_id") if name in has]),
            events.filter(nw.col("event_id").is_null()),
        ]
    )
