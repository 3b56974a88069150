"""What follows from a server's answer: a policy, with its reasons in words that the ledger keeps.

2xx is accepted. 4xx is tried again later (RFC 5321 §4.5.4.1: 30 minutes or more
apart, given up after days), greylisting after five minutes. 5xx is never tried
again. An answer that says the mailbox is dead suppresses the address; one that
refuses us (5.7.x, RFC 3463 §3.8) suppresses nobody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from bulkkit.vocabulary import BounceClass, SendState

GREYLIST_SECONDS: Final = 300.0
"""Postfix's own minimal backoff (postconf(5), 2026-11), and what most greylists ask for."""

_GREYLISTED: Final = re.compile(r"gr[ea]y-?list|try again (later|in)|4\.7\.1\b", re.IGNORECASE)
_ENHANCED: Final = re.compile(r"(?<![\w.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\w)")
"""RFC 3463 §2; what goes on behind a further dot is an IP address."""

ENHANCED_CLASSES: Final = {
    "1.1": BounceClass.INVALID_RECIPIENT,
    "1.2": BounceClass.BAD_DOMAIN,
    "1.3": BounceClass.INVALID_RECIPIENT,
    "1.6": BounceClass.INACTIVE_MAILBOX,
    "1.10": BounceClass.BAD_DOMAIN,
    "2.1": BounceClass.INACTIVE_MAILBOX,
    "2.2": BounceClass.QUOTA_ISSUES,
    "4.1": BounceClass.NO_ANSWER_FROM_HOST,
    "4.4": BounceClass.DNS_FAILURE,
    "4.7": BounceClass.MESSAGE_EXPIRED,
    "5.3": BounceClass.TOO_MANY_RECIPIENTS,
    "7.26": BounceClass.AUTHENTICATION_FAILED,
}
"""RFC 3463 and its registry, without the first digit."""

SUBJECT_CLASSES: Final = {"7": BounceClass.POLICY_RELATED, "2": BounceClass.INACTIVE_MAILBOX}
"""Where the detail is not known: RFC 3463's subject digit."""

DEAD: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
"""The mailbox or its domain is not there, and will not be."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a message after an attempt; `delay` in seconds where it is tried again."""

    state: SendState
    reason: str | None = None
    delay: float | None = None
    suppress: bool = False


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
            return Decision(SendState.ACCEPTED)
        reason = str(classify(code, enhanced))
        if code >= 500:
            return Decision(SendState.REFUSED, reason, suppress=enhanced in DEAD)
        return self.later(reason, self._delay(code, text, attempts), age)

    def later(self, reason: str, delay: float, age: float) -> Decision:
        """Return a new attempt after `delay`, or giving up where that would be too late."""
        if age + delay > self.give_up_after:
            return Decision(SendState.EXPIRED, reason)
        return Decision(SendState.DEFERRED, reason, delay)

    def _delay(self, code: int, text: str, attempts: int) -> float:
        if attempts == 1 and code in {450, 451, 452} and _GREYLISTED.search(text):
            return GREYLIST_SECONDS
        return float(min(self.first * 2 ** max(0, attempts - 1), self.longest))

    def spec(self) -> dict[str, Any]:
        """Return what is needed to make the same policy again."""
        return asdict(self)

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Retry:
        """Return the policy that `spec` describes."""
        return cls(**spec)


def classify(code: int, enhanced: str | None) -> BounceClass:
    """Return the class of a refusal, by its enhanced code where there is one."""
    if enhanced:
        _, _, detail = enhanced.partition(".")
        known = ENHANCED_CLASSES.get(detail) or SUBJECT_CLASSES.get(detail.partition(".")[0])
        if known:
            return known
    return BounceClass.TRANSIENT_FAILURE if code < 500 else BounceClass.UNCATEGORIZED


def enhanced_code(text: str) -> str | None:
    """Return the enhanced status code (RFC 3463) that a reply's text begins with or holds, or None."""
    found = _ENHANCED.search(text[:200])
    return found[0] if found else None
