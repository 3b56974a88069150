"""What a score stands on: a list and its past, the value of each component, and the rows behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import pandas as pd

from bulkkit.contacts.tracking import untracked
from bulkkit.errors import InputError
from bulkkit.outcomes import AnyFrame
from bulkkit.scoring.components import COMPONENTS, NaN, Value
from bulkkit.scoring.expectations import BASELINE, ExpectedBounces, Prior, expected_bounces
from bulkkit.scoring.listed import Listed
from bulkkit.scoring.past import Past, prepared
from bulkkit.segmentation import UNKNOWN
from bulkkit.vocabulary import EventKind

_TOLD: Final = ("active", "occasional", "inactive")
"""Bands of engagement of people with a history."""


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """A list at a moment, and what the events tell of the people on it (None without events)."""

    listed: Listed
    before: pd.Timestamp
    events: AnyFrame | None = None
    past: Past | None = None

    @classmethod
    def of(cls, listed: Listed, before: pd.Timestamp, events: AnyFrame | None) -> Basis:
        """Take what the events before a moment tell of a list."""
        rows = None if events is None else prepared(events)
        return cls(listed, before, rows, None if rows is None else Past.of(rows, before))

    def part(self, rows: pd.DataFrame | pd.Series[Any]) -> Basis:
        """Return a part of the list, and of the past what its own people did; all of it where nobody is left out."""
        listed = self.listed.part(rows)
        if self.past is None or len(listed.people) == len(self.listed.people):
            return replace(self, listed=listed)
        return replace(self, listed=listed, past=self.past.among(listed.keys))

    @property
    def baseline(self) -> Prior:
        """How likely an address bounces against which nothing is known."""
        return BASELINE if self.past is None else self.past.baseline()

    def bounces(self) -> ExpectedBounces:
        """Return what to expect if everybody is written to."""
        return expected_bounces(self.listed.people["status"], self.listed.people["reason"], self.baseline)

    def values(self) -> dict[str, Value]:
        """Return the value of each component that can be known."""
        listed, usable, consented, bounces = self.listed, self.listed.usable, self.listed.consented, self.bounces()
        values = {
            "expected_bounces": Value(bounces.rate, bounces.rate_lower, bounces.rate_upper),
            "questionable": Value(float(listed.questionable.mean())),
            "consent": Value(NaN if consented is None else float((consented & usable).mean())),
            "duplicates": Value(len(listed.repeats) / max(int(usable.sum()), 1)),
            "concentration": Value(float(listed.providers.max())),
        }
        if self.past is not None:
            known, reached, tired = *self.reached(), self.tired()
            told = {"engagement": reached[known].mean(), "fatigue": tired[known].mean()}
            values |= self.past.values() | {name: Value(float(value)) for name, value in told.items()}
        return values

    def reached(self) -> tuple[pd.Series[Any], pd.Series[Any]]:
        """Return who has a history that tells, and who of them reacted in a year and can still be written to."""
        if self.past is None:
            nobody = pd.Series(False, index=self.listed.people.index)
            return nobody, nobody
        bands = self.past.engagement(self.listed.keys, untracked(self.listed.people))
        return bands.isin(_TOLD), (bands != "inactive") & self.listed.usable

    def tired(self) -> pd.Series[Any]:
        """Return who was silent to the last messages, or cannot be written to any more."""
        tired = pd.Index([]) if self.past is None else self.past.tired()
        return self.listed.keys.isin(tired) | ~self.listed.usable

    def rows(self, name: str) -> pd.DataFrame:
        """Return the rows behind a component, a status or a reason."""
        if name == "duplicates":
            return self.listed.repeats
        people = self.listed.people
        if name in _BEHIND:
            return people[_BEHIND[name](self).to_numpy(bool)]
        verdicts = people[["status", "reason"]].astype("str").fillna(UNKNOWN)
        found = (verdicts["status"] == name) | (verdicts["reason"] == name)
        if not found.any():
            choices = dict.fromkeys([*(part.name for part in COMPONENTS), *verdicts["status"], *verdicts["reason"]])
            raise InputError(f"Nothing here is called {name!r}; choose one of {', '.join(choices)}.")
        return people[found.to_numpy()]


def _likelier_to_bounce(basis: Basis) -> pd.Series[Any]:
    table = basis.bounces().by_reason
    worse = table[table["probability"] > basis.baseline.mean]
    people = basis.listed.people[["status", "reason"]].astype("str").fillna(UNKNOWN)
    found = pd.MultiIndex.from_frame(people).isin(list(zip(worse["status"], worse["reason"], strict=True)))
    return pd.Series(found, index=people.index)


def _without_consent(basis: Basis) -> pd.Series[Any]:
    consented = basis.listed.consented
    return ~(basis.listed.usable if consented is None else consented & basis.listed.usable)


def _not_reached(basis: Basis) -> pd.Series[Any]:
    known, reached = basis.reached()
    return known & ~reached


def _tired(basis: Basis) -> pd.Series[Any]:
    return basis.reached()[0] & basis.tired()


def _at_the_largest(basis: Basis) -> pd.Series[Any]:
    at_provider: pd.Series[Any] = basis.listed.people["provider"] == basis.listed.providers.index[0]
    return at_provider


def _among(which: Callable[[Past], Any]) -> Callable[[Basis], pd.Series[Any]]:
    """Return a test for being among the mailboxes that the past names."""
    return lambda basis: basis.listed.keys.isin([] if basis.past is None else which(basis.past))


_BEHIND: Final[Mapping[str, Callable[[Basis], pd.Series[Any]]]] = MappingProxyType(
    {
        "expected_bounces": _likelier_to_bounce,
        "questionable": lambda basis: basis.listed.questionable,
        "engagement": _not_reached,
        "consent": _without_consent,
        "complaints": _among(lambda past: past.who(EventKind.COMPLAINED)),
        "unsubscribes": _among(lambda past: past.who(EventKind.UNSUBSCRIBED)),
        "frequency": _among(Past.too_often),
        "fatigue": _tired,
        "decay": _among(lambda past: past.lost().dropna().index),
        "concentration": _at_the_largest,
    }
)
"""Who is behind each component, one of the list's people at a time; only asked where its value is known."""
