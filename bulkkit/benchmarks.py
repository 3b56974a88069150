"""Published figures to hold one's own against: priors and limits, each with its source and its date.

They come from other lists, other years and other ways of counting: something
to ask questions with, and no target. This is their one home.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bulkkit.vocabulary import Rate


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One published figure: a fraction, who says so, when, and what to keep in mind."""

    value: float
    who: str
    dated: str
    note: str = ""
    rate: Rate | None = None


_MAILCHIMP: Final = "Mailchimp, Email Marketing Statistics and Benchmarks, all users"
_GMAIL: Final = "Gmail, Email sender guidelines"

OPENED: Final = Benchmark(
    0.2271, _MAILCHIMP, "October 2019", "before Apple’s Mail Privacy Protection (2021)", Rate.OPENED
)
CLICKED: Final = Benchmark(0.0291, _MAILCHIMP, "October 2019", rate=Rate.CLICKED)
HARD_BOUNCED: Final = Benchmark(0.0040, _MAILCHIMP, "October 2019", rate=Rate.HARD_BOUNCED)
SOFT_BOUNCED: Final = Benchmark(0.0061, _MAILCHIMP, "October 2019", rate=Rate.SOFT_BOUNCED)
UNSUBSCRIBED: Final = Benchmark(0.0025, _MAILCHIMP, "October 2019", rate=Rate.UNSUBSCRIBED)
COMPLAINED: Final = Benchmark(
    0.0010, _GMAIL, "in force November 2026", "to stay below; of mail that reached the inbox", Rate.COMPLAINED
)
COMPLAINED_NEVER: Final = Benchmark(0.0030, _GMAIL, "in force November 2026", "never to reach", Rate.COMPLAINED)

PUBLISHED: Final = (OPENED, CLICKED, HARD_BOUNCED, SOFT_BOUNCED, UNSUBSCRIBED, COMPLAINED, COMPLAINED_NEVER)
"""Those that stand beside a campaign's own rates."""

BOUNCED_NEVER: Final = Benchmark(0.10, "Amazon SES, which pauses senders there", "November 2026", rate=Rate.BOUNCED)
DECAYED: Final = Benchmark(0.28, "a vendor's figure for a year; the lowest quoted is 23 %", "November 2026")
CONSENTED: Final = Benchmark(1.0, "GDPR article 7(1): consent must be demonstrable", "May 2018")
