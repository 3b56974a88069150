"""What follows from a server's answer: a policy, with its reasons in words that the ledger keeps.

2xx is accepted. 4xx is tried again later (RFC 5321 §4.5.4.1: 30 minutes or more
apart, given up after days), greylisting after five minutes. 5xx is never tried
again. An answer that says the mailbox is dead suppresses the address
(`refusals.says_dead`); one that refuses us (5.7.x, RFC 3463 §3.8) suppresses nobody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from bulkkit.refusals import classify, says_dead
from bulkkit.vocabulary import SendState

GREYLIST_SECONDS: Final = 300.0
"""Postfix's own minimal backoff (postconf(5), 2026-11), and what most greylists ask for."""

GREYLISTED: Final = "greylisted"
"""The reason of a first 4xx by which a server only asks whether we come again (RFC 6647)."""

RELAY_BUSY: Final = "relay_busy"
"""The reason of a 4xx to MAIL: the relay puts us off, and knows nothing yet of whom the message is for."""

_GREYLISTED: Final = re.compile(r"gr[ea]y-?list|try again (later|in)|4\.7\.1\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a message after an attempt; `delay` in seconds where it is tried again."""

    state: SendState
    reason: str | None = None
    delay: float | None = None
    suppress: bool = False


_ACCEPTED: Final = Decision(SendState.ACCEPTED)


@dataclass(frozen=True, slots=True)
class Retry:
    """When to try again, and when to give up.

    Parameters
    ----------
    first
        Seconds before the second attempt; each further wait is twice as long.
    longest
        The longest wait, in seconds.
    give_up_after
        Seconds after the first attempt when a message that was only deferred is given up.
    """

    first: float = 1800.0
    longest: float = 4 * 3600.0
    give_up_after: float = 4 * 86400.0

    def decide(self, code: int, enhanced: str | None, text: str, attempts: int, age: float) -> Decision:
        """Return what follows from a reply to the attempt number `attempts`, `age` seconds after the first one."""
        if 200 <= code < 300:
            return _ACCEPTED
        reason = str(classify(enhanced, code, text).reason)
        if code >= 500:
            return Decision(SendState.REFUSED, reason, suppress=says_dead(enhanced, code, text))
        if attempts == 1 and code in {450, 451, 452} and _GREYLISTED.search(text):
            return self.later(GREYLISTED, GREYLIST_SECONDS, age)
        return self.later(reason, self.wait(attempts), age)

    def wait(self, attempts: int) -> float:
        """Return the seconds to wait after attempt number `attempts`."""
        return float(min(self.first * 2 ** max(0, attempts - 1), self.longest))

    @property
    def longest_wait(self) -> float:
        """The seconds after which whoever was put off is tried again at the latest."""
        return max(GREYLIST_SECONDS, self.longest)

    def later(self, reason: str, delay: float, age: float) -> Decision:
        """Return a new attempt after `delay`, or giving up where that would be too late."""
        if age + delay > self.give_up_after:
            return Decision(SendState.EXPIRED, reason)
        return Decision(SendState.DEFERRED, reason, delay)

    def spec(self) -> dict[str, Any]:
        """Return what is needed to make the same policy again."""
        return asdict(self)

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Retry:
        """Return the policy that `spec` describes."""
        return cls(**spec)
