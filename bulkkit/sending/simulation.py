"""A send seen before it is sent: what a throttle does where networks behave well, and where they do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from bulkkit.frames import from_rows
from bulkkit.sending.forecast import Forecast, Happening, Way
from bulkkit.sending.provider import Provider
from bulkkit.sending.throttle import DAY, HOUR
from bulkkit.sending.trains import Timetable
from bulkkit.vocabulary import SendState

TRAINS: Final = 100_000
"""Up to so many messages each is simulated by itself."""

STEPS: Final = (1.0, 10.0, 60.0, 300.0, 900.0, HOUR, 3 * HOUR, 6 * HOUR, DAY, 7 * DAY)
"""Lengths of a step, in seconds."""
MOST_STEPS: Final = 150

SIMULATION_DTYPES: Final = {
    "time": "timedelta64[us]",
    "network": "str",
    "accepted": "Int64",
    "deferred": "Int64",
    "refused": "Int64",
    "expired": "Int64",
    "waiting": "Int64",
}
"""A simulated send: one row a network for the start, then one a step and network in which something happened. `time`
is the end of the step from the start; the counts are those of the step, `waiting` what is left for the network.
"""


def simulate(counts: Mapping[str, int], way: Way, providers: Mapping[str, Provider], others: Provider) -> pd.DataFrame:
    """Return what becomes of a send where networks behave so.

    The policies are the real send's: throttle, retry, slow-down, breaker and stop.

    Parameters
    ----------
    counts
        Recipients by network.
    way
        The policies and relays.
    providers
        How networks behave, by name.
    others
        How all other networks behave.

    Returns
    -------
    pandas.DataFrame
        Columns of `SIMULATION_DTYPES`, in the order of time. Its `attrs` hold
        `stopped` (why the send stopped itself, or None) and `barred` (the networks
        that got nothing more).
    """
    table = Timetable.of(sum(counts.values()), way.throttle, way.relays, way.seconds, TRAINS)
    forecast = Forecast(replace(way, throttle=table.stretched), table.trains(counts), providers, others)
    happenings = list(forecast.run())
    frame = _frame(happenings, _step(happenings), counts)
    frame.attrs = {"stopped": forecast.stop_reason, "barred": sorted(forecast.barred)}
    return frame


def _step(happenings: list[Happening]) -> float:
    whole = happenings[-1].at if happenings else 0.0
    return next((step for step in STEPS if whole <= step * MOST_STEPS), STEPS[-1])


def _frame(happenings: list[Happening], step: float, counts: Mapping[str, int]) -> pd.DataFrame:
    left, done = dict(counts), Counter[tuple[int, str, SendState]]()
    for at, network, state, messages in happenings:
        done[int(at // step), network, state] += messages
    start = pd.Timedelta(0)
    rows: list[tuple[Any, ...]] = [(start, network, 0, 0, 0, 0, count) for network, count in counts.items()]
    for number, network in dict.fromkeys((number, network) for number, network, _ in done):
        accepted, deferred, refused, expired = (
            done[number, network, state]
            for state in (SendState.ACCEPTED, SendState.DEFERRED, SendState.REFUSED, SendState.EXPIRED)
        )
        left[network] -= accepted + refused + expired
        time = pd.Timedelta(seconds=(number + 1) * step)
        rows.append((time, network, accepted, deferred, refused, expired, left[network]))
    return from_rows(rows, SIMULATION_DTYPES)
