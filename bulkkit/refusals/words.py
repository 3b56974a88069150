"""What mail servers say when they refuse, and the class of bounce that it means.

No pattern nests one repeat in another, so each takes time in proportion to the text.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from bulkkit.vocabulary import BounceClass

TEXT_LENGTH: Final = 2_000
"""Characters that are read; what follows is the server's small talk."""

_WORDS: Final = {
    BounceClass.AUTHENTICATION_FAILED: (
        r"\b(?:spf|dkim|dmarc)\b",
        r"unauthenticated|not authenticated",
        r"reverse dns|\bptr\b",
    ),
    BounceClass.SPAM_BLOCK: (
        r"spamhaus|spamcop|barracudacentral|\brbl\b|dnsbl|(?:black|block) ?list",
        r"(?:poor|low|bad) reputation",
        r"\b(?:ip|host|server|sender)\b.{0,60}\bblocked",
    ),
    BounceClass.SPAM_CONTENT: (r"\bspam\b|\bvirus|malware|phishing|unsolicited|message content",),
    BounceClass.QUOTA_ISSUES: (
        r"(?:mail)?box (?:is |was )?(?:\S+ )?(?:full|exceed)",
        r"quota|storage|too large|size limit|receiving mail (?:too quickly|at a rate)",
    ),
    BounceClass.INACTIVE_MAILBOX: (
        r"(?:account|mailbox|user|recipient|address)\b.{0,60}\b(?:disabled|inactive|suspended|deactivated|closed|expired)",
        r"(?:disabled|inactive|suspended|deactivated) (?:account|mailbox|user|recipient)",
        r"no longer (?:active|in use|valid)",
    ),
    BounceClass.BAD_DOMAIN: (
        r"(?:host|domain)(?: or domain name)? (?:\S+ )?(?:not found|unknown|does ?n[o']t exist)",
        r"(?:unknown|no such) (?:host|domain)|unrouteable|nxdomain|null ?mx",
        r"does not accept (?:e-?)?mail|\bdomain\b.{0,60}does not exist",
    ),
    BounceClass.INVALID_RECIPIENT: (
        r"(?:user|recipient|mailbox|address|account|alias)\b.{0,80}\b"
        r"(?:unknown|not found|not exist|invalid|not known|not valid|no such|not a valid|does not have)",
        r"(?:unknown|invalid|no such|bad|non-?existent|not a valid|undeliverable) (?:\S+ )?"
        r"(?:user|recipient|mailbox|address|account|alias|person)",
        r"does ?n[o']t exist|doesn't have a|no mailbox (?:here )?(?:by|with) that name",
        r"(?<!sender )address rejected|mailbox unavailable",
    ),
    BounceClass.TOO_MANY_RECIPIENTS: (r"too many recipients",),
    BounceClass.NO_ANSWER_FROM_HOST: (
        r"timed? ?out|no route to host|unreachable",
        r"lost connection|connection (?:was )?(?:refused|reset|dropped|lost)",
    ),
    BounceClass.MESSAGE_EXPIRED: (r"expired|retry time(?:out)? exceeded|too long in queue|gave up|giving up",),
    BounceClass.TRANSIENT_FAILURE: (r"gr[ea]ylist|try again|temporar|later|too busy|rate limit|deferred|throttl",),
    BounceClass.POLICY_RELATED: (r"policy|denied|not allowed|prohibited|refused|rejected|relay",),
}
"""The telling before the general."""

_PATTERNS: Final = {name: re.compile("|".join(words), re.IGNORECASE) for name, words in _WORDS.items()}
_ADDRESS: Final = re.compile(r"[^\s<>]+@[^\s<>]+")


def class_of_words(text: str, never: Collection[BounceClass] = ()) -> BounceClass | None:
    """Return the class of bounce that a server's words mean, or None; none of those in `never`."""
    # An address is not what the server says: spam@example.org must not read as spam.
    words = _ADDRESS.sub(" ", text[:TEXT_LENGTH])
    return next((name for name, pattern in _PATTERNS.items() if name not in never and pattern.search(words)), None)
