"""What networks ask for when they put mail off: whom to write to more slowly, how slowly, and for how long.

The words and numbers are those by which KumoMTA's community slows down
(`shaping.toml`, automation rules, 2026-11). A rule goes by the words, not by the
network's name: a company's own domain may be hosted by any of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bulkkit.sending.restraint import Restraint
from bulkkit.sending.throttle import HOUR, UNLIMITED, Limit

MINUTE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Rule:
    """What follows from a 4xx with these words: a limit, or a rest, for so many seconds."""

    name: str
    words: re.Pattern[str]
    seconds: float
    limit: Limit = UNLIMITED
    rests: bool = False
    code: int | None = None

    def restraint(self, said: str, now: float) -> Restraint:
        """Return what follows from `said`, which was said just now."""
        ends = now + self.seconds
        return Restraint(f"{self.name}: {said}", self.limit, ends if self.rests else now, ends)


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


RULES: Final = (
    Rule("nothing for 2 hours", _words(r"\[TS?S04\]"), 2 * HOUR, rests=True),
    Rule(
        "one message a minute for 90 minutes",
        _words(
            r"temporarily deferred|permanently deferred|temporarily rate limited due to ip reputation"
            r"|messages from \S{1,60} weren.t sent|server busy\W{1,3}please try again later from"
        ),
        90 * MINUTE,
        Limit(messages=1, window=MINUTE, connections=1),
    ),
    Rule(
        "10 messages a minute for 30 minutes",
        _words(r"unusual rate|\b4\.7\.28\b"),
        30 * MINUTE,
        Limit(messages=10, window=MINUTE),
    ),
    Rule(
        "one connection for an hour",
        _words(r"too many .{0,30}(?:connections|sessions)|concurrent connections|connection limit"),
        HOUR,
        Limit(connections=1),
    ),
    # RFC 5321 §3.8: the server closes. For as long as Postfix waits at least (minimal_backoff_time, postconf(5)).
    Rule("one connection for 5 minutes", _words(""), 5 * MINUTE, Limit(connections=1), code=421),
)
"""The first one that fits counts: Yahoo's TSS04 also says "temporarily deferred"."""

LONGEST: Final = max(rule.seconds for rule in RULES)
"""Seconds after which no rule says anything any more: how far back a restart looks."""


def rule_for(code: int, text: str) -> Rule | None:
    """Return the rule for an answer, or None where it is no 4xx or asks for nothing."""
    if not 400 <= code < 500:
        return None
    return next((rule for rule in RULES if rule.code in {None, code} and rule.words.search(text)), None)
