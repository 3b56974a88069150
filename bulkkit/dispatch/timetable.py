"""When each network's last message is handed over, and what may become of a send: the plan's forecasts as frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bulkkit.dispatch.route import Route
from bulkkit.errors import InputError
from bulkkit.ledger import Ledger
from bulkkit.sending.estimate import SANDBOX, Experience, finishing_times
from bulkkit.sending.forecast import NO_PAST, Way
from bulkkit.sending.memory import Memory
from bulkkit.sending.provider import Provider, provider_of
from bulkkit.sending.simulation import simulate
from bulkkit.sending.throttle import HOUR

Behaviour = str | Provider | Mapping[str, str | Provider] | None
"""How networks behave: all of them, or those named; None is as they usually do."""


def timetable(network: pd.Series[Any], route: Route, ledger: Ledger | None) -> pd.DataFrame:
    """Return the networks with how long they take, the slowest first (columns of `Plan.eta`)."""
    counts = network.value_counts()
    experience = _experience(route, ledger)
    going = _way(route, ledger, experience)
    times = finishing_times({str(name): int(count) for name, count in counts.items()}, going, experience)
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


def simulated(network: pd.Series[Any], route: Route, ledger: Ledger | None, behaviour: Behaviour) -> pd.DataFrame:
    """Return what becomes of a send where networks behave so (columns of `simulation.SIMULATION_DTYPES`)."""
    experience = _experience(route, ledger)
    usual = Provider(greylists=experience.deferred, again=experience.again)
    counts = {str(name): int(count) for name, count in network.value_counts().items()}
    going = _way(route, ledger, experience)
    if isinstance(behaviour, Mapping):
        named = {name: provider_of(how) for name, how in behaviour.items()}
        _require_known(named, counts)
        return simulate(counts, going, named, usual)
    others = usual if behaviour is None else provider_of(behaviour)
    return simulate(counts, going, {}, others)


def _require_known(named: Mapping[str, Provider], counts: Mapping[str, int]) -> None:
    unknown = [name for name in named if name not in counts]
    if unknown:
        largest = ", ".join(list(counts)[:12])
        raise InputError(f"The plan sends nothing to {', '.join(unknown)}; its largest networks are {largest}.")


def _experience(route: Route, ledger: Ledger | None) -> Experience:
    """Return what is expected of a send: what the ledger's earlier ones say, or else that a relay takes everything."""
    known = None if ledger is None else Experience.of(*ledger.experience(route.clock.name))
    return known or (SANDBOX if route.is_sandbox else Experience())


def _way(route: Route, ledger: Ledger | None, experience: Experience) -> Way:
    seconds = experience.transaction(route.relays)
    past = NO_PAST if ledger is None else Memory(ledger, route.clock).past(route.throttle, route.relays)
    return Way(route.throttle, route.retry, route.relays, seconds, past)
