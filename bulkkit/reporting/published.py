"""Published figures to hold one's own against: priors and limits, each with its source and its date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bulkkit.vocabulary import Rate


@dataclass(frozen=True, slots=True)
class Published:
    """One published figure: a fraction, who says so, when, and what to keep in mind."""

    rate: Rate
    value: float
    who: str
    when: str
    note: str = ""


_MAILCHIMP: Final = "Mailchimp, Email Marketing Statistics and Benchmarks, all users"
_GMAIL: Final = "Gmail, Email sender guidelines"

PUBLISHED: Final = (
    Published(Rate.OPENED, 0.2271, _MAILCHIMP, "October 2019", "before Apple’s Mail Privacy Protection (2021)"),
    Published(Rate.CLICKED, 0.0291, _MAILCHIMP, "October 2019"),
    Published(Rate.HARD_BOUNCED, 0.0040, _MAILCHIMP, "October 2019"),
    Published(Rate.SOFT_BOUNCED, 0.0061, _MAILCHIMP, "October 2019"),
    Published(Rate.UNSUBSCRIBED, 0.0025, _MAILCHIMP, "October 2019"),
    Published(
        Rate.COMPLAINED, 0.0010, _GMAIL, "in force November 2026", "to stay below; of mail that reached the inbox"
    ),
    Published(Rate.COMPLAINED, 0.0030, _GMAIL, "in force November 2026", "never to reach"),
)
"""They come from other lists, other years and other ways of counting: something to ask questions with, not a target."""
