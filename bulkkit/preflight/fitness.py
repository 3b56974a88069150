"""Whether one message to everybody is the right tool: where a send stands between a blast and a targeted one, and
what speaks against it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

import pandas as pd

from bulkkit.preflight.findings import Finding, Severity, Situation
from bulkkit.sending.planning import FREQUENCY_CAP, FREQUENCY_DAYS
from bulkkit.statistics import newcombe
from bulkkit.vocabulary import CONTACT_COLUMNS, VERDICT_DTYPES, CampaignKind, Purpose

NEARLY_ALL: Final = 0.95
"""From this share of the list on, a send is said to go to the whole of it."""
FEW: Final = 0.50
"""Below this share of the list, a send is said to be targeted."""

LAST: Final = 3
"""So many campaigns are held against as many before them: one alone may be better or worse by its subject."""

GROUPS: Final = 40
"""A column with more values than this parts nobody into groups that a message could speak of."""
LEAST_LETTERS: Final = 4
"""Shorter words stand in any text."""

_NO_GROUPS: Final = frozenset({*VERDICT_DTYPES, *CONTACT_COLUMNS, "repaired"}) - {"segment"}

REPUTATION: Final = "Gmail and Yahoo sender rules (2026-11): reported spam below 0.3 %"
FREQUENCY: Final = "the rule of thumb for blasts: once or twice a month"


def _where_it_stands(at: Situation) -> Iterator[Finding]:
    reach, count = at.reach, len(at.recipients)
    if reach is None or not reach.mailable or not count:
        return
    share = (count + reach.held_out) / reach.mailable
    tokens = sorted(at.message.tokens)
    words = f"the same words but for {_listed(tokens)}" if tokens else "the same words for everybody"
    yield Finding(
        "reach",
        Severity.INFO,
        "audience",
        f"{count:,} of the {reach.mailable:,} people who may be written to ({count / reach.mailable:.0%}) get it, "
        f"with {words}: {_place(at, share)}.",
        "For news that concerns everybody that is right; what concerns some, send to those.",
        "the share of the list, and the columns that the message fills in",
    )


def _place(at: Situation, share: float) -> str:
    if at.campaign.kind == CampaignKind.SEGMENTED:
        return "a targeted send" if at.message.tokens else "a targeted send with one text for the segment"
    if share < FEW:
        return "to fewer than half of the list, nearer to a targeted send than to a blast"
    if share < NEARLY_ALL:
        return "between a blast and a targeted send"
    return "a blast with personal details" if at.message.tokens else "a pure blast"


def _fatigue(at: Situation) -> Iterator[Finding]:
    if at.reach is None or at.campaign.kind != CampaignKind.BLAST:
        return
    if at.reach.capped:
        finding = (
            f"{at.reach.capped:,} people had {FREQUENCY_CAP} blasts in the last {FREQUENCY_DAYS} days and are left out."
        )
        fix = "Wait for a month with less, or write to those whom it concerns as a segmented campaign."
        yield Finding("fatigue", Severity.WARNING, "audience", finding, fix, FREQUENCY)
    if at.reach.again:
        finding = (
            f"For {at.reach.again:,} of {len(at.recipients):,} recipients this is not the first blast in "
            f"{FREQUENCY_DAYS} days; each further one tires them."
        )
        fix = "If it can wait, wait; if it concerns some of them only, write to those."
        yield Finding("fatigue", Severity.INFO, "audience", finding, fix, FREQUENCY)


TRENDS: Final = {
    "clicked": (
        -1,
        "Fewer people click",
        "Before another blast, write to those who still react, or ask what they want.",
    ),
    "unsubscribed": (1, "More people unsubscribe", "Write less often, or to those only whom it concerns."),
    "complained": (1, "More people complain", "Write less often, and first to those who still react."),
}
"""What is held against earlier campaigns: which direction is the bad one, how it is said, what to do."""


def _trend(at: Situation) -> Iterator[Finding]:
    past = None if at.reach is None else at.reach.past
    if past is None or len(past) < 2 * LAST:
        return
    late, early = past.iloc[-LAST:], past.iloc[-2 * LAST : -LAST]
    for what, (bad, said, fix) in TRENDS.items():
        if (worse := _worse(late, early, what, bad)) is not None:
            finding = f"{said} of late: {worse}."
            source = "Newcombe (1998), method 10: the 95 % interval of the difference leaves out zero"
            yield Finding("falling_engagement", Severity.WARNING, "audience", finding, fix, source)


def _worse(late: pd.DataFrame, early: pd.DataFrame, what: str, bad: int) -> str | None:
    now, before, of_now, of_before = (int(part[name].sum()) for name in (what, "delivered") for part in (late, early))
    if not of_now or not of_before:
        return None
    difference = newcombe(min(now, of_now), of_now, min(before, of_before), of_before)
    is_worse = difference.upper < 0 if bad < 0 else difference.lower > 0
    return (
        f"{now / of_now:.2%} over the last {LAST} campaigns, {before / of_before:.2%} over the {LAST} before"
        if is_worse
        else None
    )


def _concern(at: Situation) -> Iterator[Finding]:
    if at.campaign.kind != CampaignKind.BLAST or at.recipients.empty:
        return
    if at.campaign.purpose == Purpose.MARKETING:
        finding = "Marketing goes to the whole list; an offer rarely concerns everybody."
        fix = "Choose whom it concerns (kind='segmented'), or compare both ways by holding some out (holdout=0.1)."
        yield Finding("whole_list", Severity.INFO, "audience", finding, fix, REPUTATION)
    for column, value, count in _groups_named(at):
        finding = (
            f"The message speaks of {value!r}, which {count:,} of {len(at.recipients):,} recipients have "
            f"in {column!r}: does it concern the others?"
        )
        yield Finding("whole_list", Severity.INFO, "audience", finding, "If not, send it to those alone.", REPUTATION)


def _groups_named(at: Situation) -> Iterator[tuple[str, str, int]]:
    """Yield column, value and people of each group of fewer than half that the message calls by its name."""
    message = at.campaign.message
    text = " ".join(part for part in (message.subject, message.markdown, message.html, message.text) if part)
    # Where the sender is at home says nothing of whom the message concerns.
    words = _words(text) - _words(at.campaign.sender.postal_address)
    for column in (name for name in at.columns if name not in _NO_GROUPS and name not in at.message.tokens):
        for value, count in _groups(at.recipients, column):
            if count < FEW * len(at.recipients) and _words(value) <= words:
                yield column, value, count


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _groups(rows: pd.DataFrame, column: str) -> list[tuple[str, int]]:
    if column not in rows.columns or not isinstance(rows[column].dtype, pd.StringDtype):
        return []
    counts = rows[column].value_counts()
    if not 1 < len(counts) <= GROUPS:
        return []
    return [(str(value), int(count)) for value, count in counts.items() if len(str(value).strip()) >= LEAST_LETTERS]


def _holdout(at: Situation) -> Iterator[Finding]:
    reach = at.reach
    if reach is None or not reach.held_out:
        return
    finding = (
        f"{reach.held_out:,} people are held out to measure what the message does; planned anew, they stay the same."
    )
    fix = "Leave them alone until the comparison is made; the ledger knows them (holdouts)."
    yield Finding("holdout", Severity.INFO, "audience", finding, fix, "intention to treat: drawn before the send")


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


RULES: Final[tuple[Callable[[Situation], Iterator[Finding]], ...]] = (
    _where_it_stands,
    _fatigue,
    _trend,
    _concern,
    _holdout,
)
