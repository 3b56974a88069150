"""When each network's last message is handed over: the plan's estimate as a frame."""

from __future__ import annotations

from typing import Any

import pandas as pd

from bulkkit.dispatch.route import Route
from bulkkit.ledger import Ledger
from bulkkit.sending.estimate import SANDBOX, Experience, finishing_times
from bulkkit.sending.forecast import Way
from bulkkit.sending.throttle import HOUR


def timetable(network: pd.Series[Any], route: Route, ledger: Ledger | None) -> pd.DataFrame:
    """Return the networks with how long they take, the slowest first (columns of `Plan.eta`)."""
    counts = network.value_counts()
    experience = experience_of(route, ledger)
    times = finishing_times(
        {str(name): int(count) for name, count in counts.items()}, way(route, experience), experience
    )
    limits = [route.throttle.limit(str(name)) for name in counts.index]
    hourly = [None if limit.messages is None else limit.messages * HOUR / limit.window for limit in limits]
    frame = pd.DataFrame(
        {
            "network": counts.index.astype("str"),
            "recipients": counts.to_numpy(),
            "per_hour": pd.array(hourly, dtype="Float64"),
            "connections": pd.array([limit.connections for limit in limits], dtype="Int64"),
            "finishes_after": pd.to_timedelta([times[str(name)] for name in counts.index], unit="s"),
        }
    )
    return frame.sort_values(["finishes_after", "recipients"], ascending=False, ignore_index=True)


def experience_of(route: Route, ledger: Ledger | None) -> Experience:
    """Return what is expected of a send: what the ledger's earlier ones say, or else that a relay takes everything."""
    known = None if ledger is None else Experience.of(*ledger.experience(route.clock.name))
    return known or (SANDBOX if route.is_sandbox else Experience())


def way(route: Route, experience: Experience) -> Way:
    """Return how the messages of a route go."""
    return Way(route.throttle, route.retry, route.relays, experience.transaction(route.relays))
