"""What is decided about a network beyond its limit: written to more slowly, not at all for a while, or no more."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from bulkkit.sending.throttle import UNLIMITED, Limit


@dataclass(frozen=True, slots=True)
class Restraint:
    """A network held back.

    Parameters
    ----------
    why
        The reason in a sentence, for whoever watches.
    limit
        What it gets at most, as long as this holds.
    rests_until
        The moment before which nothing goes, in the clock's seconds.
    ends
        The moment at which its own limit alone holds again; infinite where only an accepted message ends it.
    """

    why: str
    limit: Limit = UNLIMITED
    rests_until: float = -inf
    ends: float = inf

    @property
    def bars(self) -> bool:
        """Whether nothing goes there in this send any more."""
        return self.rests_until == inf
