"""A year of mail, simulated in the order in which it was sent.

Who gets a segmented campaign depends on nothing but what the sender saw:
engagement before the send, and tenure. People who react are chosen again, so
the raw comparison flatters the segmented campaigns, and a comparison within
those bands does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from bulkkit.sample.campaigns import MAILINGS, Mailing
from bulkkit.sample.mailboxes import Behaviour, Standing, chances, raise_odds
from bulkkit.sample.moments import DAY, NOW, seconds
from bulkkit.vocabulary import CampaignKind

CHOSEN: Final = {Standing.ACTIVE: 0.85, Standing.NEW: 0.50, Standing.OCCASIONAL: 0.35, Standing.INACTIVE: 0.12}
"""Chance to be chosen for a segmented campaign, by observed engagement."""

TENURE: Final = {"under 90 days": 90.0, "90 to 365 days": 365.0, "over a year": np.inf}
CHOSEN_BY_TENURE: Final = {"under 90 days": 1.10, "90 to 365 days": 1.00, "over a year": 0.90}
"""Newcomers are chosen a little more often."""

PER_HOUR: Final = 400
"""Messages an hour that the sender hands to one network."""

OPEN_AFTER: Final = (3 * 3600.0, 1.3)
CLICK_AFTER: Final = (100.0, 1.0)
LEAVE_AFTER: Final = (5 * 3600.0, 1.2)
"""Median in seconds and spread of the log-normal delays: from delivery to open, open to click, delivery to leaving."""

LONGEST: Final = 8 * DAY
"""Shorter than the gap between any two campaigns, so that what is remembered was seen before the next send."""

PASSING_TROUBLE: Final = 0.003
"""Part of the messages that expire because a server was unreachable for days."""


@dataclass(slots=True)
class Memory:
    """What is known about each person so far: moments in seconds before NOW (negative), -inf where it never was."""

    reacted: Any
    seen: Any
    mailed: Any
    gone: Any

    @classmethod
    def empty(cls, people: pd.DataFrame) -> Memory:
        """Start with people who never got anything; those who left before the history are gone."""
        never = np.full(len(people), -np.inf)
        gone = np.where(people["opted_out_at"].notna(), -np.inf, np.inf)
        return cls(never, never.copy(), np.zeros(len(people), dtype=bool), gone)


def simulate(people: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, Memory]:
    """Return one row a message sent in the year, and the memory after it.

    Columns: `campaign, person` (row of `people`), `engagement, tenure` (as observed
    before the send), `tracked, p_open, p_click` (of a blast), `sent, delivered,
    opened, clicked, left, complained, bounced` (seconds relative to NOW, missing
    where it did not happen) and `outcome`.
    """
    memory = Memory.empty(people)
    sendings = [_send(mailing, people, memory, rng) for mailing in MAILINGS]
    return pd.concat(sendings, ignore_index=True), memory


def standing(since: Any, mailed: Any, at: float) -> Any:
    """Return the engagement band at `at` of people whose last reaction was at `since`."""
    days = (at - since) / DAY
    bands = [~mailed, days <= 90, days <= 365]
    return np.select(bands, [Standing.NEW, Standing.ACTIVE, Standing.OCCASIONAL], Standing.INACTIVE)


def _send(mailing: Mailing, people: pd.DataFrame, memory: Memory, rng: np.random.Generator) -> pd.DataFrame:
    start = (mailing.start - NOW).total_seconds()
    frame = _audience(mailing, start, people, memory, rng)
    chosen = people.iloc[frame["person"]].reset_index(drop=True)
    frame["sent"] = start + _queue(chosen["network"], rng)
    frame["outcome"] = _outcomes(chosen, start, rng)
    _deliver(frame, rng)
    _react(frame, mailing, rng)
    _remember(frame, memory)
    return frame


def _audience(
    mailing: Mailing, start: float, people: pd.DataFrame, memory: Memory, rng: np.random.Generator
) -> pd.DataFrame:
    days = (start - seconds(people["created_at"])) / DAY
    bands = standing(memory.seen, memory.mailed, start)
    tenure = np.select([days < edge for edge in TENURE.values()], list(TENURE), "")
    chance = pd.Series(bands).map(CHOSEN) * pd.Series(tenure).map(CHOSEN_BY_TENURE)
    picked = (rng.random(len(people)) < chance) | (mailing.kind is CampaignKind.BLAST)
    rows = np.flatnonzero(people["may_mail"] & (days > 0) & (memory.gone > start) & picked)
    truth = chances(
        standing(memory.reacted, memory.mailed, start)[rows],
        people["leaning"].iloc[rows],
        people["machine_opens"].iloc[rows],
    )
    known = {"campaign": mailing.name, "person": rows, "engagement": bands[rows], "tenure": tenure[rows]}
    return pd.DataFrame({**known, "tracked": people["tracked"].to_numpy()[rows], **truth})


def _queue(network: pd.Series[Any], rng: np.random.Generator) -> Any:
    """Seconds after the start at which each message leaves: one queue a network, in random order."""
    shuffled = pd.Series(rng.permutation(len(network)))
    place = shuffled.groupby(network).rank(method="first").to_numpy() - 1
    return np.floor(place * 3600 / PER_HOUR + rng.random(len(network)) * 60)


def _outcomes(chosen: pd.DataFrame, start: float, rng: np.random.Generator) -> Any:
    dead = (chosen["dead_from"] <= start).to_numpy()
    late = rng.random(len(chosen)) < 0.1
    tests: dict[str, Any] = {
        "late_bounce": dead & late,
        "unknown_user": dead,
        "full": chosen["mailbox"] == Behaviour.FULL,
        "policy": chosen["mailbox"] == Behaviour.POLICY,
        "expired": rng.random(len(chosen)) < PASSING_TROUBLE,
        "greylist": chosen["mailbox"] == Behaviour.GREYLIST,
        "busy": chosen["mailbox"] == Behaviour.BUSY,
    }
    return np.select(list(tests.values()), [np.array(name) for name in tests], "accept")


DELIVERED_AFTER: Final = {"accept": 2.0, "late_bounce": 2.0, "greylist": 700.0, "busy": 1500.0}
BOUNCED_AFTER: Final = {
    "unknown_user": 1.5,
    "policy": 1.5,
    "full": 2 * DAY,
    "expired": 4 * DAY,
    "late_bounce": 4 * 3600.0,
}
"""Typical seconds after the sending: greylisting asks for 5 minutes, RFC 5321 (4.5.4.1) for 4 to 5 days of patience."""


def _deliver(frame: pd.DataFrame, rng: np.random.Generator) -> None:
    slack = np.exp(rng.normal(0, 0.3, len(frame)))
    frame["delivered"] = np.ceil(frame["sent"] + frame["outcome"].map(DELIVERED_AFTER) * slack)
    frame["bounced"] = np.ceil(frame["sent"] + frame["outcome"].map(BOUNCED_AFTER) * slack)


def _react(frame: pd.DataFrame, mailing: Mailing, rng: np.random.Generator) -> None:
    draw = rng.random((4, len(frame)))
    arrived = frame["delivered"].where(frame["bounced"].isna())
    p_open = raise_odds(frame["p_open"], mailing.open_odds)
    p_click = raise_odds(frame["p_click"], mailing.click_odds)
    opened = arrived + _delay(OPEN_AFTER, len(frame), rng)
    frame["opened"] = opened.where(draw[0] < p_open)
    frame["clicked"] = (frame["opened"] + _delay(CLICK_AFTER, len(frame), rng)).where(draw[1] < p_click / p_open)
    leaving = arrived + _delay(LEAVE_AFTER, len(frame), rng)
    frame["left"] = leaving.where(draw[2] < frame["p_unsubscribe"])
    frame["complained"] = leaving.where(draw[3] < frame["p_complain"])


def _delay(shape: tuple[float, float], size: int, rng: np.random.Generator) -> Any:
    median, spread = shape
    return np.ceil(np.minimum(median * np.exp(rng.normal(0, spread, size)), LONGEST))


def _remember(frame: pd.DataFrame, memory: Memory) -> None:
    """Add what this sending taught; an untracked person's reactions happen, and nobody sees them."""
    person = frame["person"].to_numpy()
    reaction = frame[["opened", "clicked"]].max(axis=1)
    memory.mailed[person] = True
    memory.reacted[person] = np.fmax(memory.reacted[person], reaction)
    memory.seen[person] = np.fmax(memory.seen[person], reaction.where(frame["tracked"]))
    hard = frame["bounced"].where(frame["outcome"].isin(["unknown_user", "late_bounce"]))
    leaving = pd.concat([frame["left"], frame["complained"], hard], axis=1).min(axis=1)
    memory.gone[person] = np.fmin(memory.gone[person], leaving)
