"""What a form says: as it was typed and chosen, and read by nobody yet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PaceChoice(StrEnum):
    """How fast to send, as it can be chosen."""

    GIVEN = "given"
    CAUTIOUS = "cautious"
    PROVIDERS = "providers"
    WARMUP = "warmup"
    OWN = "own"
    UNLIMITED = "unlimited"


@dataclass(frozen=True, slots=True)
class Writing:
    """Who writes what, and what for."""

    name: str
    purpose: str
    sender: str
    postal_address: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Choosing:
    """To whom: the whole list where `column` is None, else the rows that have one of `values` in it.

    `leave_out` are the reasons of risky addresses that get nothing, `consent`
    says where consent is kept, for a list that does not say it.
    """

    column: str | None
    values: frozenset[str]
    leave_out: frozenset[str]
    consent: str


@dataclass(frozen=True, slots=True)
class Delivering:
    """Which way and how fast: `relays` are numbers of the relays given, `own_relay` is the address of another."""

    relays: tuple[int, ...]
    own_relay: str
    ledger: str
    pace: PaceChoice
    per_hour: int
    at_a_time: int


@dataclass(frozen=True, slots=True)
class Form:
    """All that the form says."""

    writing: Writing
    choosing: Choosing
    delivering: Delivering
