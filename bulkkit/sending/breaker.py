"""A breaker for each network: after failures in a row it gets nothing for a while, then one message at a time.

Closed, it counts failures without a success between them. Open, it lets nothing
through for five minutes, and then a trickle that finds out whether the network
takes mail again; the first message taken closes it. Where none was taken for days
the network gets nothing more: at one message a minute a long list would never end.
"""

from __future__ import annotations

from math import inf
from typing import Final

from bulkkit.sending.restraint import Restraint
from bulkkit.sending.throttle import DAY, Limit

FAILURES: Final = 5
"""Failures in a row that open it: Postfix calls a destination dead after a whole cohort of failures, which is 5 at
first (initial_destination_concurrency and default_destination_concurrency_failed_cohort_limit, postconf(5))."""

REST: Final = 300.0
"""Seconds without anything: Postfix's minimal_backoff_time (postconf(5))."""

TRICKLE: Final = Limit(messages=1, window=60.0, connections=1)
"""KumoMTA's pace for a network that puts everything off (shaping.toml, 2026-11)."""

PATIENCE: Final = 4 * DAY
"""Seconds without a message taken after which it is left out: for as long a single one is tried (RFC 5321 §4.5.4.1)."""


class Breaker:
    """The breakers of all networks; they take the moment in seconds and return what follows."""

    def __init__(self) -> None:
        self._failures: dict[str, int] = {}
        self._opened: dict[str, float] = {}

    def failed(self, network: str, said: str, now: float) -> Restraint | None:
        """Count a failure; return the restraint where it opens the breaker, or ends what was tried for days."""
        self._failures[network] = failures = self._failures.get(network, 0) + 1
        if failures > FAILURES and now - self._opened[network] >= PATIENCE:
            days = f"{PATIENCE / DAY:.0f} days"
            return Restraint(f"nothing more in this send, it took nothing for {days}: {said}", rests_until=inf)
        if failures != FAILURES:
            return None
        self._opened[network] = now
        why = f"{FAILURES} put off in a row, so nothing for 5 minutes, then one a minute until one is accepted: {said}"
        return Restraint(why, TRICKLE, rests_until=now + REST)

    def succeeded(self, network: str) -> bool:
        """Count a success; tell whether it closes the breaker."""
        return self._failures.pop(network, 0) >= FAILURES
