"""How many addresses of a list will bounce, from what verification says and from what bounced before.

Every probability here is a prior until history replaces it: it is shown with
its source, and its strength (worth how many messages) widens the interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from bulkkit.statistics import wilson
from bulkkit.vocabulary import Reason, Status


@dataclass(frozen=True, slots=True)
class Prior:
    """A bounce probability before any data, as a beta distribution: its mean, and how many messages it is worth."""

    mean: float
    strength: float
    source: str

    def updated(self, bounced: pd.Series[Any], sent: pd.Series[Any]) -> Prior:
        """Return the posterior after earlier campaigns (beta-binomial; each is worth `strength` messages at most).

        Campaigns differ by more than chance, so that a large one teaches about
        itself and not as much about the next.
        """
        worth = sent / (1 + (sent - 1) / (1 + self.strength))
        weight = self.strength + float(worth.sum())
        mean = (self.strength * self.mean + float((worth * bounced / sent).sum())) / weight
        return Prior(mean, self.strength, f"{len(sent)} earlier campaigns of your own, and {self.source}")


_FACT: Final = "a fact: RFC 5321 section 4.2.1, RFC 7505"
_GUESS: Final = "our prior, 2026-11, not measured"

BASELINE: Final = Prior(0.0101, 400, "Mailchimp's averages, October 2019: hard 0.40 %, soft 0.61 %")
"""The rate where nothing is known against an address; its strength lets campaigns differ by half of it either way."""

PRIORS: Final = {
    Reason.FAILED_SYNTAX_CHECK: Prior(1.0, 1000, _FACT),
    Reason.NO_DNS_ENTRIES: Prior(1.0, 1000, _FACT),
    Reason.DOES_NOT_ACCEPT_MAIL: Prior(1.0, 1000, _FACT),
    Reason.MAILBOX_NOT_FOUND: Prior(0.97, 100, _GUESS),
    Reason.MAILBOX_DISABLED: Prior(0.95, 50, _GUESS),
    Reason.POSSIBLE_TYPO: Prior(0.60, 10, _GUESS),
    Reason.MAILBOX_QUOTA_EXCEEDED: Prior(0.50, 10, _GUESS),
    Reason.SUPPRESSED: Prior(0.50, 5, _GUESS),
    Reason.DISPOSABLE: Prior(0.25, 10, _GUESS),
    Reason.ACCEPT_ALL: Prior(0.08, 20, _GUESS),
    Reason.INACTIVE: Prior(0.02, 100, _GUESS),
    Reason.ROLE_BASED: Prior(0.03, 50, _GUESS),
}
"""Bounce probabilities by reason, where they differ from the baseline."""

UNDELIVERABLE: Final = Prior(0.97, 100, _GUESS)
ACCEPTED: Final = (Reason.ACCEPTED_EMAIL, Reason.DELIVERED_BEFORE)
_ACCEPTED_SHARE: Final = 0.5
"""Mailboxes that a server accepted bounce half as often as the baseline (our prior)."""


@dataclass(frozen=True, slots=True, eq=False)
class ExpectedBounces:
    """How many of `n` messages will bounce if everybody on the list is written to.

    Attributes
    ----------
    count, lower, upper
        Messages, with a 95 % prediction interval that allows for lists differing by more than chance.
    rate, rate_lower, rate_upper
        The same as fractions of `n`.
    by_reason
        A row for each status and reason: `status, reason, contacts, probability, expected, source`.
    """

    count: float
    lower: float
    upper: float
    rate: float
    rate_lower: float
    rate_upper: float
    n: int
    by_reason: pd.DataFrame

    def __repr__(self) -> str:
        """Say how many are expected, between which bounds, of how many."""
        noun = "bounce" if f"{self.count:.0f}" == "1" else "bounces"
        return f"{self.count:,.0f} {noun} expected ({self.lower:,.0f} to {self.upper:,.0f}) of {self.n:,}"


def expected_bounces(statuses: pd.Series[Any], reasons: pd.Series[Any], baseline: Prior = BASELINE) -> ExpectedBounces:
    """Return what to expect of a list with these statuses and reasons.

    The variance within a reason is the beta-binomial's: n·p·q·(1 + (n - 1)·ρ) with
    ρ = 1 / (1 + strength), since all addresses of one reason are mistaken together.
    """
    keys = pd.DataFrame({"status": statuses.astype("str"), "reason": reasons.astype("str")}).fillna("unknown")
    table = keys.value_counts().rename("contacts").reset_index()
    priors = [_prior(status, reason, baseline) for status, reason in zip(table["status"], table["reason"], strict=True)]
    p, n = np.array([prior.mean for prior in priors]), table["contacts"].to_numpy(float)
    alike = 1 / (1 + np.array([prior.strength for prior in priors]))
    table = table.assign(probability=p, expected=n * p, source=[prior.source for prior in priors])
    total, variance = float(n.sum()), float(np.sum(n * p * (1 - p) * (1 + (n - 1) * alike)))
    rate = float(table["expected"].sum() / total)
    lower, upper = _bounds(rate, variance / total**2)
    return ExpectedBounces(rate * total, lower * total, upper * total, rate, lower, upper, int(total), table)


def _prior(status: str, reason: str, baseline: Prior) -> Prior:
    if status == Status.DELIVERABLE and reason in ACCEPTED:
        return Prior(baseline.mean * _ACCEPTED_SHARE, baseline.strength, f"half of {baseline.source}")
    against = [prior for name, prior in PRIORS.items() if name == reason]
    dead = [UNDELIVERABLE] if status == Status.UNDELIVERABLE else []
    # No address with something against it is better than one with nothing against it.
    return max([baseline, *against, *dead], key=lambda prior: prior.mean)


def _bounds(rate: float, variance: float) -> tuple[float, float]:
    """Return Wilson's interval at the number of messages that would have this variance."""
    if variance <= 0:
        return rate, rate
    messages = rate * (1 - rate) / variance
    found = wilson(rate * messages, messages)
    return found.lower, found.upper
