"""Where a send stands, as its panel says it: words and shares of counts, without a widget."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import pandas as pd

from bulkkit.charts.numerals import count, duration, plural
from bulkkit.sending.clock import SYSTEM_CLOCK, Clock
from bulkkit.sending.job import Progress, RunState
from bulkkit.sending.tally import NETWORK_DTYPES

LARGEST: Final = 10
"""Networks with a bar of their own; the others share one."""

STATES: Final = {
    RunState.RUNNING: "Sending",
    RunState.PAUSED: "Paused",
    RunState.STOPPED: "Stopped",
    RunState.FINISHED: "Finished",
    RunState.FAILED: "Ended early",
}

SENTENCES: Final = {
    RunState.RUNNING: "It goes on while other cells run, and while this page is closed.",
    RunState.PAUSED: "Nothing new goes out until you press Go on; what was on its way is finished.",
    RunState.STOPPED: "{waiting} wait. Resume goes on with them, and nobody who has theirs gets it again.",
    RunState.FAILED: "{waiting} wait. Once the cause is gone, Resume goes on with them.",
    RunState.FINISHED: "Each message has come to an end; nothing waits.",
}

HELD: Final = "Nothing may go out this moment: the networks' limits, or the time of the next attempts, are waited for."
HELD_AFTER: Final = 2
"""Seconds without a message on its way, after which a running send says why."""

PARTS: Final = {
    "accepted": ("accepted", "by the mail server"),
    "refused": ("refused", "for good, not tried again"),
    "expired": ("given up", "put off for too long"),
    "in_doubt": ("in doubt", "the last answer is missing"),
    "in_flight": ("on their way", "begun, not answered"),
    "waiting": ("waiting", ""),
}
"""The parts of all recipients: how each is called, and what that means. Together they are everybody."""

TROUBLES: Final = {"refused": "refused", "expired": "given up", "in_doubt": "in doubt", "deferred": "put off"}
"""What a network's line says beside its bar."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the recipients: `share` of all, in per cent."""

    kind: str
    name: str
    count: int
    share: float
    means: str


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """One network's line: its parts, how many of how many have come to an end, and what went wrong there."""

    name: str
    parts: tuple[Part, ...]
    done: int
    recipients: int
    trouble: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with its name above and what it is measured by below."""

    name: str
    value: str
    measure: str


def state_words(progress: Progress) -> tuple[str, str]:
    """Return what a send is doing, in a word and in a sentence."""
    if _is_held(progress):
        return STATES[progress.run], HELD
    waiting = plural(progress.waiting + progress.in_flight, "message")
    return STATES[progress.run], SENTENCES[progress.run].format(waiting=waiting)


def _is_held(progress: Progress) -> bool:
    is_idle = progress.waiting and not progress.in_flight and progress.still_for >= HELD_AFTER
    return bool(is_idle) and progress.run == RunState.RUNNING


def parts(counts: Any) -> tuple[Part, ...]:
    """Return the parts of everybody; `counts` has them as attributes, as a `Progress` or a row of networks does."""
    everybody = max(1, counts.recipients)
    return tuple(
        Part(kind, name, number := int(getattr(counts, kind)), 100 * number / everybody, _means(kind, means, counts))
        for kind, (name, means) in PARTS.items()
    )


def _means(kind: str, means: str, counts: Any) -> str:
    if kind != "waiting":
        return means
    return f"{count(counts.deferred)} put off, to be tried again" if counts.deferred else "for their turn"


def figures(progress: Progress, clock: Clock) -> tuple[Figure, ...]:
    """Return pace, time left and the last sign of life of a running send."""
    measured = "by the machine's clock" if clock is SYSTEM_CLOCK else "by the sandbox's clock"
    return (
        Figure("Pace", _pace(progress.rate), f"an hour {measured}"),
        Figure("Time left", _left(progress), _left_here(progress.eta, clock)),
        Figure(
            "Last sign of life",
            f"{duration(_seconds(progress.still_for))} ago",
            f"{moment(progress.heartbeat)} {measured}",
        ),
    )


def _pace(rate: float | None) -> str:
    return "not known yet" if rate is None else plural(_three_digits(rate), "message")


def _three_digits(rate: float) -> float:
    # The further digits change with every look and say nothing.
    return float(f"{rate:.3g}")


def _left(progress: Progress) -> str:
    if progress.run == RunState.PAUSED:
        return "paused"
    return "not known yet" if progress.eta is None else f"about {duration(progress.eta)}"


def _left_here(eta: timedelta | None, clock: Clock) -> str:
    if eta is None or clock is SYSTEM_CLOCK:
        return "at this pace"
    here = clock.machine_seconds(eta.total_seconds())
    return f"at this pace; {'under 1 s' if here < 1 else duration(_seconds(here))} here"


def _seconds(seconds: float) -> timedelta:
    return timedelta(seconds=int(seconds))


def moment(at: datetime) -> str:
    """Return a moment as people write it: `1 Oct 2026, 09:30:00`."""
    return f"{at.day} {at:%b %Y, %H:%M:%S}"


def network_rows(largest: pd.DataFrame, network_count: int, everybody: Any) -> list[NetworkRow]:
    """Return a line for each of the largest networks, and one for all the others together.

    Parameters
    ----------
    largest
        Columns of `tally.NETWORK_DTYPES`.
    network_count
        How many networks there are.
    everybody
        The counts of all networks together, as attributes.
    """
    rows = [_network_row(str(row.network), row) for row in largest.itertuples()]
    others = network_count - len(largest)
    if others > 0:
        rows.append(_network_row(plural(others, "other network"), _rest(largest, everybody)))
    return rows


def _network_row(name: str, counts: Any) -> NetworkRow:
    done = counts.accepted + counts.refused + counts.expired + counts.in_doubt
    return NetworkRow(name, parts(counts), done, counts.recipients, ", ".join(_troubles(counts)))


def _troubles(counts: Any) -> Iterable[str]:
    for kind, word in TROUBLES.items():
        if number := getattr(counts, kind):
            yield f"{count(number)} {word}"


def _rest(largest: pd.DataFrame, everybody: Any) -> Any:
    names = [name for name in NETWORK_DTYPES if name != "network"]
    # Looked at a moment apart, a part may seem to be larger than the whole.
    return pd.Series({name: max(0, getattr(everybody, name) - int(largest[name].sum())) for name in names})
