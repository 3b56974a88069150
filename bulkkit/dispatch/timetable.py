"""When each network's last message is handed over: the plan's estimate as a frame."""

from __future__ import annotations

from typing import Any

import pandas as pd

from bulkkit.dispatch.route import Route
from bulkkit.sending.estimate import finishing_times
from bulkkit.sending.throttle import HOUR


def timetable(network: pd.Series[Any], route: Route) -> pd.DataFrame:
    """Return the networks with how long they take, the slowest first (columns of `Plan.eta`)."""
    counts = network.value_counts()
    times = finishing_times({str(name): int(count) for name, count in counts.items()}, route.throttle, route.relays)
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
