"""When a whole send must stop: its answers say that going on does harm."""

from __future__ import annotations

from collections import Counter
from typing import Final

from bulkkit.statistics import wilson

MOST_DEAD: Final = 0.10
"""The share of dead mailboxes at which Amazon SES pauses a sender (AWS Knowledge Center, "SES sending account under
review or paused", 2026-11); from 5 % on it looks into one."""

LEAST_ANSWERS: Final = 100
"""Answers before dead mailboxes may stop a send: fewer say nothing of the list."""

MOST_REFUSALS: Final = 0.05
LEAST_REFUSALS: Final = 5
"""Refusals of us, and their share, at which a send stops: no provider publishes a number, and these repeat enough to be
no accident. A single network that refuses us is left out instead, where others take mail (`caution.REFUSALS`)."""


SAID: Final = 120
"""Characters of a server's words that are quoted."""


class Harm:
    """Counts a run's answers; each count returns why to stop, or None.

    Whoever goes on after a stop has decided to: then as many new answers as the
    campaign had already come first.

    Parameters
    ----------
    answers
        How many answers the campaign had before this run.
    """

    def __init__(self, answers: int = 0) -> None:
        self._least = max(LEAST_ANSWERS, answers)
        self._answers = self._dead = self._refusals = 0
        self._by_network: Counter[str] = Counter()
        self._left_out: set[str] = set()

    def accepted(self) -> None:
        """Count a message taken."""
        self._answers += 1

    def dead(self) -> str | None:
        """Count a dead mailbox."""
        self._answers += 1
        self._dead += 1
        if self._answers < self._least or self._dead <= MOST_DEAD * self._answers:
            return None
        lower, said = _interval(self._dead, self._answers)
        if lower <= MOST_DEAD:
            return None
        return (
            f"{said} say that the mailbox is dead. Amazon SES pauses a sender at {MOST_DEAD:.0%}, and other networks "
            "begin to refuse one. Verify the list (bulkkit.verify) and leave out whom you have not written to for long"
        )

    def leave_out(self, network: str) -> None:
        """Count a network's refusals no longer, as it gets nothing more; not where nobody else has answered yet."""
        refusals = self._by_network[network]
        if refusals < self._answers:
            self._refusals -= refusals
            self._left_out.add(network)

    def refused(self, network: str, said: str, *, us: bool) -> str | None:
        """Count another refusal, of us or for another reason."""
        self._answers += 1
        if not us or network in self._left_out:
            return None
        self._refusals += 1
        self._by_network[network] += 1
        if self._refusals < LEAST_REFUSALS:
            return None
        lower, share = _interval(self._refusals, self._answers)
        if lower <= MOST_REFUSALS:
            return None
        last = said[:SAID]
        return f"{share} refuse us, not the person; the last one: {last}. Find out why, and clear it with the network"


def _interval(count: int, answers: int) -> tuple[float, str]:
    share = wilson(float(count), float(answers))
    percent = f"{share.estimate:.1%}, 95 % interval {share.lower:.1%} to {share.upper:.1%}"
    return float(share.lower), f"{count:,} of {answers:,} answers ({percent})"
