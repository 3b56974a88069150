"""How long a send will take: the same policies, asked with a simulated clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bulkkit.sending.clock import ScaledClock
from bulkkit.sending.forecast import Forecast, Way
from bulkkit.sending.provider import Provider
from bulkkit.sending.relay import Relay
from bulkkit.sending.trains import Timetable
from bulkkit.vocabulary import SendState

TRANSACTION_SECONDS: Final = 0.1
"""How long a relay elsewhere is taken to need for one message, where the ledger does not know it: a few round trips."""

MACHINE_SECONDS: Final = 0.0015
"""What one message to a relay on this machine costs the machine, whichever connection it goes by: sender and receiver
share its processors (measured with the sandbox, 2026-11)."""

TRAINS: Final = 40_000
"""Up to so many messages each is foretold by itself; a forecast of so many trains takes a second at most."""


ENOUGH: Final = 200
"""Messages from which on earlier sends say how many will be put off."""


@dataclass(frozen=True, slots=True)
class Experience:
    """What is expected of a send.

    Parameters
    ----------
    deferred
        The share of messages that are put off at their first attempt.
    again
        The share of those that are put off once more.
    seconds
        How long one message takes on its connection, or None where that is not known.
    """

    deferred: float = 0.0
    again: float = 0.0
    seconds: float | None = None

    @classmethod
    def of(cls, accepted: int, deferred: int, again: int, seconds: float) -> Experience | None:
        """Return what so many accepted messages say: how many of them were put off, how many again, how long one took.

        None where there are too few to say anything.
        """
        if accepted < ENOUGH:
            return None
        return cls(deferred / accepted, again / max(1, deferred), seconds)

    def transaction(self, relays: Sequence[Relay]) -> float:
        """Return how long one message takes on its connection, in seconds of the relays' clock."""
        clock = relays[0].clock
        if self.seconds is not None and not isinstance(clock, ScaledClock):
            return self.seconds
        if not all(relay.is_loopback for relay in relays):
            return TRANSACTION_SECONDS
        scale = clock.scale if isinstance(clock, ScaledClock) else 1.0
        return MACHINE_SECONDS * sum(relay.max_connections for relay in relays) * scale


SANDBOX: Final = Experience(deferred=0.028, again=0.28)
"""What the sandbox's mailboxes do, but for those that stay full."""


def finishing_times(counts: Mapping[str, int], way: Way, experience: Experience) -> dict[str, float]:
    """Return after how many seconds the last message to each network has its final answer.

    As many messages are put off as `experience` says, spread evenly, and come
    again as the retry policy says. What nobody can foresee is not in it: networks
    that slow us down, mailboxes that stay full until they are given up, pauses.

    Parameters
    ----------
    counts
        Recipients by network.
    way
        The policies and relays.
    experience
        What earlier sends say.
    """
    table = Timetable.of(sum(counts.values()), way.throttle, way.relays, way.seconds, TRAINS)
    usual = Provider(greylists=experience.deferred, again=experience.again)
    foretold = replace(way, throttle=table.stretched)
    finished: dict[str, float] = dict.fromkeys(counts, 0.0)
    for happening in Forecast(foretold, table.trains(counts), {}, usual).run():
        if happening.state != SendState.DEFERRED:
            finished[happening.network] = happening.at
    return finished
