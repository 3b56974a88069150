"""What each mailbox really does: the truth that a sender never sees, and that the sandbox plays.

A person's chances follow from where they stand (reacted lately, reacted once,
never reacted, never written to) and from how much they care for the list.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from bulkkit.errors import InputError
from bulkkit.sample.domains import MISSPELT
from bulkkit.sample.place import SEED, path


class Behaviour(StrEnum):
    """How a mailbox answers a message."""

    ACCEPT = "accept"
    UNKNOWN_USER = "unknown_user"
    GREYLIST = "greylist"
    BUSY = "busy"
    FULL = "full"
    POLICY = "policy"
    LATE_BOUNCE = "late_bounce"


class Standing(StrEnum):
    """Where a person stands with the list: engagement, as it is banded before each send."""

    ACTIVE = "active"
    OCCASIONAL = "occasional"
    INACTIVE = "inactive"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Chances:
    """Chances that one blast message is opened, clicked, unsubscribed from, complained about, at middling care."""

    opened: float
    clicked: float
    unsubscribed: float
    complained: float


CHANCES: Final = {
    Standing.ACTIVE: Chances(0.50, 0.115, 0.0012, 0.0002),
    Standing.OCCASIONAL: Chances(0.22, 0.040, 0.0020, 0.0004),
    Standing.INACTIVE: Chances(0.09, 0.012, 0.0030, 0.0006),
    Standing.NEW: Chances(0.34, 0.065, 0.0040, 0.0006),
}
"""Chosen so that the whole list lands near published averages (Mailchimp, October 2019: unsubscribes 0.25 %)."""

BEHAVIOURS: Final = {
    Behaviour.GREYLIST: 0.020,
    Behaviour.UNKNOWN_USER: 0.015,
    Behaviour.BUSY: 0.005,
    Behaviour.FULL: 0.003,
    Behaviour.LATE_BOUNCE: 0.003,
    Behaviour.POLICY: 0.001,
}
"""Share of mailboxes that do not simply accept."""

STANDINGS: Final = {Standing.ACTIVE: 0.34, Standing.OCCASIONAL: 0.24, Standing.INACTIVE: 0.36, Standing.NEW: 0.06}
"""Standings of people who are not in the sample."""

MACHINE_OPENS: Final = 0.30
SCANNER: Final = 0.04
CARE: Final = 0.9
"""How far, in log odds, full care is from none."""
HIDDEN_OPENS: Final = 0.7
"""Odds that remain of seeing a person's own opens where a privacy proxy fetches the pictures."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What one mailbox does with each blast message.

    `p_open` and `p_click` are the unconditional chances that a person opens and
    clicks a tracked message, where everyone who clicks has opened (so a click
    given an open has `p_click / p_open`). `p_unsubscribe` and `p_complain` are
    per message too. `machine_opens`: a privacy proxy fetches the pixel of each
    message soon after delivery. `scanner`: a gateway follows all links within seconds.
    """

    email: str
    mailbox: Behaviour
    p_open: float
    p_click: float
    p_unsubscribe: float
    p_complain: float
    machine_opens: bool
    scanner: bool


TRUTH_COLUMNS: Final = tuple(Truth.__dataclass_fields__)


def chances(standing: Any, leaning: Any, machine_opens: Any) -> dict[str, Any]:
    """Return `p_open`, `p_click`, `p_unsubscribe`, `p_complain` for arrays of standing, care (0 to 1) and proxy use."""
    base = {field: _look_up(standing, field) for field in Chances.__slots__}
    care = np.exp(CARE * (np.asarray(leaning) - 0.5))
    clicked = raise_odds(base["clicked"], care)
    opened = raise_odds(base["opened"], care * np.where(machine_opens, HIDDEN_OPENS, 1.0))
    return {
        "p_open": np.maximum(opened, 1.25 * clicked),
        "p_click": clicked,
        "p_unsubscribe": base["unsubscribed"] / care,
        "p_complain": base["complained"] / care,
    }


def raise_odds(chance: Any, factor: Any) -> Any:
    """Return the chance whose odds are `factor` times those of `chance`."""
    odds = chance / (1 - chance) * factor
    return odds / (1 + odds)


def mailbox_truth(key: str, seed: int = SEED) -> Truth:
    """Return what the mailbox `key` does, drawn from a keyed hash: the same key and seed, the same truth."""
    draw = list(_fractions(key, seed))
    mailbox = _pick(draw[0], BEHAVIOURS, Behaviour.ACCEPT)
    if key.rpartition("@")[2] in MISSPELT:
        mailbox = Behaviour.UNKNOWN_USER
    standing = _pick(draw[1], STANDINGS, Standing.NEW)
    machine = draw[2] < MACHINE_OPENS
    odds = chances(np.array([standing]), draw[3], machine)
    return Truth(
        key,
        mailbox,
        **{name: float(p[0]) for name, p in odds.items()},
        machine_opens=machine,
        scanner=draw[4] < SCANNER,
    )


@dataclass(frozen=True, slots=True)
class Truths:
    """The truth about every mailbox: those that are `known`, and a drawn one for all others."""

    known: Mapping[str, Truth]
    seed: int = SEED

    @classmethod
    def sample(cls) -> Truths:
        """Return the truth about the shipped sample."""
        return cls(load_truth(path() / "truth.csv"))

    def of(self, key: str) -> Truth:
        """Return what the mailbox `key` (see `addresses.mailbox_key`) does."""
        return self.known.get(key) or mailbox_truth(key, self.seed)


def load_truth(file: str | Path) -> dict[str, Truth]:
    """Return the rows of a truth.csv by mailbox key; `InputError` where it is no such file."""
    try:
        frame = pd.read_csv(file, dtype={"email": "str", "mailbox": "str"}, keep_default_na=False)
        rows = frame[list(TRUTH_COLUMNS)].itertuples(index=False, name=None)
        return {row[0]: Truth(row[0], Behaviour(row[1]), *row[2:]) for row in rows}
    except (OSError, KeyError, ValueError) as error:
        raise InputError(
            f"{file} cannot be read as a truth.csv: {error}. Its columns are {', '.join(TRUTH_COLUMNS)}."
        ) from error


def _look_up(standing: Any, field: str) -> Any:
    table = {name: getattr(row, field) for name, row in CHANCES.items()}
    return np.select([np.asarray(standing) == name for name in table], list(table.values()), math.nan)


def _pick(draw: float, shares: Mapping[Any, float], otherwise: Any) -> Any:
    for name, share in shares.items():
        if draw < share:
            return name
        draw -= share
    return otherwise


def _fractions(key: str, seed: int) -> Iterator[float]:
    """Draw eight numbers in [0, 1) from BLAKE2b of the mailbox key, keyed with the seed."""
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), key=str(seed).encode(), digest_size=64).digest()
    for start in range(0, 64, 8):
        yield int.from_bytes(digest[start : start + 8], "big") / 2**64
