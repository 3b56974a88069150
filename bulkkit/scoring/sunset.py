"""Whom to stop mailing: people long silent, and what not writing to them would lose and avoid.

What it would lose is not guessed: the same rule is put to earlier campaigns, as
of the moment before each, and what those did who were silent then is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import narwhals as nw
import pandas as pd

from bulkkit.contacts.tracking import untracked
from bulkkit.outcomes import KEY, AnyFrame, Frame, gathered, keyed, merged, outcomes
from bulkkit.scoring.basis import Basis
from bulkkit.scoring.past import FATIGUE
from bulkkit.segmentation.responses import RECEIVED, own_clock, responding, until
from bulkkit.statistics import wilson
from bulkkit.vocabulary import Counts, Rate

if TYPE_CHECKING:
    from bulkkit.scoring.score import Health

MESSAGES: Final = FATIGUE
DAYS: Final = 180
"""bulkkit's own rule: no reaction by a person to six messages in a row, and none in half a year."""

TRIED_ON: Final = 5
"""So many of the last campaigns are looked back on."""

_MEASURES: Final = {
    Rate.OPENED: Counts.HUMAN,
    Rate.CLICKED: Counts.HUMAN,
    Rate.UNSUBSCRIBED: Counts.ALL,
    Rate.COMPLAINED: Counts.ALL,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """How long silent is too long."""

    messages: int = MESSAGES
    days: int = DAYS

    def holds(self, at: pd.Timestamp) -> nw.Expr:
        """Return which mailboxes of `bulkkit.segmentation.responses` were too long silent at a moment.

        A reaction that nobody judged may have been a person's: it is no silence.
        """
        edge = (at - pd.Timedelta(days=self.days)).to_pydatetime(warn=False)
        lately = [(nw.col(name) > edge).fill_null(False) for name in ("human", "unjudged")]
        known = (nw.col("unanswered") >= self.messages) & (nw.col("first") <= edge)
        return known.fill_null(False) & ~lately[0] & ~lately[1]


@dataclass(frozen=True, slots=True, eq=False)
class Sunset:
    """A proposal whom to stop mailing.

    Attributes
    ----------
    rule
        Which silence is too long: `messages` in a row and `days`.
    rows
        The list's own rows of these people, one a mailbox.
    effect
        What one message to them would bring: a row for `bounced, opened, clicked, unsubscribed, complained` with
        `measure, counts, value, lower, upper` (fractions, 95 % interval), `n` (messages behind it), `expected,
        expected_lower, expected_upper` (people), `basis`; missing where nothing can tell.
    now, without
        The health of the list as it is, and without them (None where nobody would remain).
    """

    rule: Rule
    rows: pd.DataFrame
    effect: pd.DataFrame
    now: Health
    without: Health | None

    def __repr__(self) -> str:
        """Say how many they are, and what it would cost and gain."""
        whole, rule = self.now.expected_bounces.n, self.rule
        told = {row["measure"]: row for row in self.effect.to_dict("records")}
        score = "" if self.without is None else f"; score {self.now.score:.0f} → {self.without.score:.0f}"
        return (
            f"{len(self.rows):,} of {whole:,} people were silent to the last {rule.messages} messages or more and for "
            f"{rule.days} days: a message to them brings {_range(told['clicked'])} clicks, "
            f"{_range(told['bounced'])} bounces and {_range(told['complained'])} complaints{score}"
        )


def silent(basis: Basis, rule: Rule | None = None) -> pd.Series[Any]:
    """Return which people of a list were too long silent, of those whose silence tells and who can be written to."""
    listed = basis.listed
    if basis.past is None:
        return pd.Series(False, index=listed.people.index)
    found = nw.from_native(basis.past.people).filter((rule or Rule()).holds(basis.before)).to_native().index
    return listed.keys.isin(found) & listed.usable & ~untracked(listed.people)


def sunset(health: Health, rule: Rule) -> Sunset:
    """Return whom to stop mailing: what `Health.sunset` says."""
    basis = health.basis
    chosen = silent(basis, rule).to_numpy(bool)
    rows, rest = basis.listed.people[chosen], basis.listed.without(basis.listed.keys[chosen])
    seen = basis.listed.keys[~untracked(basis.listed.people)]
    tried = pd.DataFrame() if basis.events is None else _tried(basis.events, basis.before, rule, seen)
    effect = pd.DataFrame([_bounces(health, rows), *(_measure(rate, tried, len(rows)) for rate in _MEASURES)])
    return Sunset(rule, rows, effect, health, health.of(rest) if len(rest) else None)


def _tried(events: AnyFrame, before: pd.Timestamp, rule: Rule, seen: pd.Series[Any]) -> pd.DataFrame:
    """Return what became of messages of the last campaigns to people who were silent then, one row each."""
    rows = until(keyed(events, "events"), before)
    if "at" not in rows.collect_schema().names():
        return pd.DataFrame()
    starts = rows.filter(nw.col("kind").is_in(RECEIVED)).group_by(KEY[0]).agg(nw.col("at").min())
    begun = gathered(starts).set_index(KEY[0])["at"].sort_values().tail(TRIED_ON)
    if begun.empty:
        return pd.DataFrame()
    parts = [f"{rate}_{counts}_{part}" for rate, counts in _MEASURES.items() for part in "nd"]
    messages = outcomes(rows, campaigns=list(begun.index)).select(*KEY, *parts)
    tried = []
    for name, began in begun.items():
        sent = messages.filter(nw.col(KEY[0]) == name)
        tried.append(gathered(merged(sent, _quiet(rows, pd.Timestamp(began), rule), [KEY[1]], "inner")))
    rows_tried = pd.concat(tried, ignore_index=True)
    return rows_tried[rows_tried[KEY[1]].isin(seen)]


def _quiet(rows: Frame, began: pd.Timestamp, rule: Rule) -> Frame:
    """Return the mailboxes that were too long silent when a campaign began, where the events lie."""
    at = began.tz_localize("UTC") if began.tz is None else began
    return responding(rows, at).filter(rule.holds(own_clock(rows, at))).select(KEY[1])


def _measure(rate: Rate, tried: pd.DataFrame, people: int) -> dict[str, Any]:
    stem, nan = f"{rate}_{_MEASURES[rate]}", float("nan")
    n = float(tried[f"{stem}_d"].sum()) if len(tried) else 0.0
    found = wilson(float(tried[f"{stem}_n"].sum()) if n else nan, n or nan)
    basis = f"what people as silent did in the last {TRIED_ON} campaigns" if n else "unknown: nobody was so silent"
    shares = (float(found.estimate), float(found.lower), float(found.upper))
    return _told(str(rate), str(_MEASURES[rate]), shares, n, people, basis)


def _bounces(health: Health, rows: pd.DataFrame) -> dict[str, Any]:
    if rows.empty:
        return _told(str(Rate.BOUNCED), str(Counts.ALL), (0.0, 0.0, 0.0), 0, 0, "nobody is that silent")
    found = health.of(rows).expected_bounces
    shares = (found.rate, found.rate_lower, found.rate_upper)
    return _told(str(Rate.BOUNCED), str(Counts.ALL), shares, 0, len(rows), "verification and earlier campaigns")


def _told(measure: str, counts: str, shares: tuple[float, ...], n: float, people: int, basis: str) -> dict[str, Any]:
    named = dict(zip(("value", "lower", "upper"), shares, strict=True))
    expected = {"expected" if key == "value" else f"expected_{key}": share * people for key, share in named.items()}
    return {"measure": measure, "counts": counts} | named | {"n": int(n)} | expected | {"basis": basis}


def _range(row: Mapping[Any, Any]) -> str:
    if pd.isna(row["expected"]):
        return "an unknown number of"
    return f"{row['expected']:,.0f} ({row['expected_lower']:,.0f} to {row['expected_upper']:,.0f})"
