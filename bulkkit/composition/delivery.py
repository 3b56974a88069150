"""The way and the pace that a form means, and how long a plan's send takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bulkkit.composition.form import Delivering, PaceChoice
from bulkkit.composition.material import Material
from bulkkit.dispatch.plans import Plan
from bulkkit.errors import ConfigurationError
from bulkkit.sending.clock import ScaledClock
from bulkkit.sending.relay import Relay
from bulkkit.sending.throttle import Limit, Throttle

PACES: Final = {
    PaceChoice.GIVEN: "As given in the notebook",
    PaceChoice.CAUTIOUS: "Cautious: 100 an hour and network, 10 at a time",
    PaceChoice.PROVIDERS: "The big providers' known limits",
    PaceChoice.WARMUP: "A new sending address: 20 an hour at first, more each day",
    PaceChoice.OWN: "My own numbers",
    PaceChoice.UNLIMITED: "No limit (this machine only)",
}
"""The choices of pace, in words."""
PRESETS: Final[Mapping[PaceChoice, Callable[[], Throttle]]] = {
    PaceChoice.PROVIDERS: Throttle.providers,
    PaceChoice.WARMUP: Throttle.warmup,
    PaceChoice.UNLIMITED: Throttle.unlimited,
}
SHOWN_NETWORKS: Final = 5

_PLAIN: Final = re.compile(r"\s*(?:[a-z+]+://)?(?:[^\s:@/?#\[\]]+@)?(?:[\w.-]*|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?/?\s*")
"""A relay's address, or the beginning of one, that provably holds no password: scheme, user, host and port."""
_WITH_PASSWORD: Final = re.compile(r"\s*([a-z+]+://[^\s:@/?#\[\]]+):.*(@[\w.-]+(?::\d{1,5})?)/?\s*", re.DOTALL)
"""User, colon, password, host: what is left without the password is certain only where all four are there."""


@dataclass(frozen=True, slots=True)
class NetworkLine:
    """How long the messages to one network take, or to the rest of them together; None is no limit."""

    name: str
    recipients: int
    per_hour: float | None
    connections: int | None
    finishes_after: pd.Timedelta
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class Duration:
    """How long a send takes: the largest networks, the rest, the whole, and the whole by the clock on the wall."""

    lines: tuple[NetworkLine, ...]
    whole: pd.Timedelta
    on_the_wall: pd.Timedelta | None


def relays_of(delivering: Delivering, material: Material) -> tuple[Relay, ...]:
    """Return the relays that were chosen and typed.

    Raises
    ------
    ConfigurationError
        Where there is none, or what was typed is no relay's address.
    """
    typed = delivering.own_relay.strip()
    chosen = [material.relays[number] for number in delivering.relays] + ([Relay(typed)] if typed else [])
    if not chosen:
        raise ConfigurationError("Choose a relay, or type one: smtp+starttls://user@host:587.")
    return tuple(chosen)


def throttle_of(delivering: Delivering, relays: Sequence[Relay], given: Throttle | None) -> Throttle:
    """Return the throttle that was chosen.

    Raises
    ------
    ConfigurationError
        Where no limit was chosen for a relay that is on another machine.
    """
    if delivering.pace == PaceChoice.UNLIMITED and not all(relay.is_loopback for relay in relays):
        raise ConfigurationError("Without a limit only relays on this machine are written to. Choose another pace.")
    if delivering.pace == PaceChoice.GIVEN and given is not None:
        return given
    if delivering.pace == PaceChoice.OWN:
        return Throttle(Limit(messages=delivering.per_hour, connections=delivering.at_a_time))
    return PRESETS.get(delivering.pace, Throttle.cautious)()


def paces(relays: Sequence[Relay], given: Throttle | None) -> tuple[PaceChoice, ...]:
    """Return the paces that can be chosen with these relays."""
    left_out = set() if given is not None else {PaceChoice.GIVEN}
    if not all(relay.is_loopback for relay in relays):
        left_out.add(PaceChoice.UNLIMITED)
    return tuple(pace for pace in PACES if pace not in left_out)


def without_password(url: str) -> str:
    """Return a typed relay's address without what is, or may be, a password: a saved notebook would hold it.

    Where nobody can tell which part that is, nothing is left.
    """
    if _PLAIN.fullmatch(url):
        return url
    found = _WITH_PASSWORD.fullmatch(url)
    kept = f"{found[1]}{found[2]}" if found else ""
    return kept if _PLAIN.fullmatch(kept) else ""


def duration(plan: Plan) -> Duration:
    """Return how long the plan's send takes."""
    eta = plan.eta.sort_values("recipients", ascending=False, kind="stable")
    lines = [_line(row) for row in eta.iloc[:SHOWN_NETWORKS].to_dict("records")]
    rest = eta.iloc[SHOWN_NETWORKS:]
    if len(rest):
        name = f"{len(rest):,} other network{'s' if len(rest) > 1 else ''}"
        lines.append(NetworkLine(name, int(rest["recipients"].sum()), None, None, rest["finishes_after"].max(), True))
    whole = pd.Timedelta(plan.finishes_after)
    clock = plan.route.clock
    return Duration(tuple(lines), whole, whole / clock.scale if isinstance(clock, ScaledClock) else None)


def _line(row: dict[Any, Any]) -> NetworkLine:
    hourly, open_ = row["per_hour"], row["connections"]
    return NetworkLine(
        str(row["network"]),
        int(row["recipients"]),
        None if pd.isna(hourly) else float(hourly),
        None if pd.isna(open_) else int(open_),
        pd.Timedelta(row["finishes_after"]),
    )
