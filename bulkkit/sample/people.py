"""Who is on the list: one row a person, before anybody misspelt or repeated anything.

Everything is drawn in whole columns from one random generator, so that a seed
gives the same people each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd

from bulkkit.addresses import mailbox_keys
from bulkkit.sample.domains import COMPANIES, DISPOSABLE, FREE, MISSPELT, PROVIDERS, RELAYS, SCANNED, Shares
from bulkkit.sample.moments import NOW, later, not_after, seconds
from bulkkit.sample.names import LANGUAGES, ODD_GIVEN, TOWNS

OPENED: Final = NOW - timedelta(days=5 * 365)
"""The list is five years old."""

FAIR: Final = datetime(2025, 5, 13, 9, tzinfo=UTC)
PURCHASE: Final = datetime(2024, 11, 18, 10, tzinfo=UTC)
FORM_WITHOUT_CHECK: Final = NOW - timedelta(days=33)
"""Since then the sign-up form asks for no second look at the address: most misspelt domains are younger."""


@dataclass(frozen=True, slots=True)
class Segment:
    """How the people of one segment came onto the list, and how much they care for it (0 to 1)."""

    share: float
    basis: str
    source: str
    leaning: float


SEGMENTS: Final = {
    "customers": Segment(0.34, "customer", "checkout", 0.52),
    "newsletter": Segment(0.35, "opt_in", "signup form", 0.48),
    "members": Segment(0.18, "opt_in", "membership form", 0.62),
    "event-2025": Segment(0.08, "opt_in", "fair 2025", 0.40),
    "partners": Segment(0.05, "customer", "contract", 0.55),
}

CONSENT: Final = {"given": 0.974, "unknown": 0.012, "missing": 0.014}
BOUGHT: Final = 0.035
"""Which part of the newsletter's readers came in one bought batch."""

TRACKED: Final = 0.85
REFUSED: Final = 0.06
"""Who agreed to tracking, and who said no; the others were never asked."""

ROLES: Final = ("info", "office", "sales", "support", "admin", "contact", "billing", "hello")
LEANING_LOST_A_YEAR: Final = 0.03


def draw_people(people: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return `people` distinct mailboxes with the columns of contacts.csv and what the simulation needs to know.

    Beside the contacts' columns: `key` (the mailbox), `domain` (as written),
    `network` (who runs it), `leaning` (0 to 1, care for the list), `scanner`.
    """
    frame = _names(people, rng)
    frame["segment"] = rng.choice(list(SEGMENTS), people, p=[segment.share for segment in SEGMENTS.values()])
    frame["sort"], frame["domain"] = _domains(people, rng)
    frame["created_at"] = _created(frame, rng)
    frame["email"] = _addresses(frame, rng)
    frame["key"] = mailbox_keys(frame["email"])
    frame["network"] = frame["domain"].map(PROVIDERS).fillna(frame["domain"])
    frame["scanner"] = frame["domain"].isin(SCANNED) | (rng.random(people) < 0.005)
    frame["leaning"] = _leaning(frame, rng)
    return _personal(_consent(frame, rng), rng).drop(columns=["given", "family"])


def _names(people: int, rng: np.random.Generator) -> pd.DataFrame:
    spoken = rng.choice(len(LANGUAGES), people, p=[language.share for language in LANGUAGES])
    frame = pd.DataFrame({name: [""] * people for name in ("first_name", "last_name", "given", "family")})
    for number, language in enumerate(LANGUAGES):
        rows = np.flatnonzero(spoken == number)
        first, last = (
            rng.integers(len(language.given), size=rows.size),
            rng.integers(len(language.family), size=rows.size),
        )
        frame.loc[rows, "first_name"] = np.take(language.given, first)
        frame.loc[rows, "given"] = np.take(language.given_latin, first)
        frame.loc[rows, "last_name"] = np.take(language.family, last)
        frame.loc[rows, "family"] = np.take(language.family_latin, last)
    return frame


def _domains(people: int, rng: np.random.Generator) -> tuple[Any, Any]:
    shares = Shares()
    odd = {"disposable": shares.disposable, "relay": shares.relay, "misspelt": shares.misspelt, "role": shares.role}
    sorts = {**odd, "free": sum(FREE.values())}
    sorts["company"] = 1 - sum(sorts.values())
    sort = rng.choice(list(sorts), people, p=list(sorts.values()))
    pools = {
        "disposable": _even(DISPOSABLE),
        "relay": _even(RELAYS),
        "misspelt": _falling(tuple(MISSPELT), 0.6),
        "free": (tuple(FREE), np.array(list(FREE.values())) / sum(FREE.values())),
        "company": _falling(COMPANIES, 0.75),
        "role": _even(COMPANIES),
    }
    drawn = {name: rng.choice(domains, people, p=weights) for name, (domains, weights) in pools.items()}
    return sort, np.select([sort == name for name in drawn], list(drawn.values()), "")


def _even(domains: tuple[str, ...]) -> tuple[tuple[str, ...], Any]:
    return domains, np.full(len(domains), 1 / len(domains))


def _falling(domains: tuple[str, ...], exponent: float) -> tuple[tuple[str, ...], Any]:
    weights = np.arange(1, len(domains) + 1.0) ** -exponent
    return domains, weights / weights.sum()


def _created(frame: pd.DataFrame, rng: np.random.Generator) -> pd.Series[Any]:
    """Five years that grow; the fair's and the youngest misspelt sign-ups have their own days."""
    span = (NOW - OPENED).total_seconds() - 3600
    joined = np.floor(span * rng.random(len(frame)) ** 0.55)
    fair = (FAIR - OPENED).total_seconds() + rng.integers(0, 3, len(frame)) * 86400 + rng.integers(0, 28800, len(frame))
    young = (FORM_WITHOUT_CHECK - OPENED).total_seconds() + rng.integers(0, 32 * 86400, len(frame))
    unchecked = (frame["sort"] == "misspelt") & (rng.random(len(frame)) < 0.7)
    own_days = [frame["segment"] == "event-2025", unchecked]
    opened = pd.Series(pd.Timestamp(OPENED), index=frame.index)
    return later(opened, np.select(own_days, [fair, young], joined))


def _addresses(frame: pd.DataFrame, rng: np.random.Generator) -> pd.Series[Any]:
    given, family = frame["given"], frame["family"]
    year = pd.Series(rng.integers(1, 100, len(frame))).astype(str).str.zfill(2)
    styles = [given + "." + family, given.str[0] + family, given + year, given + "_" + family, family + "." + given]
    style = rng.choice(len(styles), len(frame), p=[0.5, 0.15, 0.15, 0.1, 0.1])
    private = np.select([style == number for number in range(len(styles))], styles, "")
    local = pd.Series(private).where(frame["sort"] != "company", given + "." + family)
    local = local.where(frame["sort"] != "role", pd.Series(rng.choice(ROLES, len(frame))))
    masked = pd.Series(rng.integers(16**7, 16**8, len(frame))).map("{:x}".format)
    return _distinct(local.where(frame["sort"] != "relay", masked), frame["domain"])


def _distinct(local: pd.Series[Any], domain: pd.Series[Any]) -> pd.Series[Any]:
    """Number the namesakes at one domain, as mail providers do."""
    numbered = local.copy()
    while (taken := (numbered + "@" + domain).duplicated()).any():
        nth = (local + "@" + domain)[taken].groupby(local + "@" + domain).cumcount() + 2
        numbered = numbered.where(~taken, numbered + nth.reindex(local.index).fillna(0).astype(int).astype(str))
    return numbered + "@" + domain


def _leaning(frame: pd.DataFrame, rng: np.random.Generator) -> Any:
    years = -seconds(frame["created_at"]) / (365 * 86400)
    mean = frame["segment"].map({name: segment.leaning for name, segment in SEGMENTS.items()})
    mean = (mean - LEANING_LOST_A_YEAR * (years - 2)).clip(0.1, 0.9)
    return rng.beta(4 * mean, 4 * (1 - mean))


def _consent(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Add consent's three columns; a few are unknown, missing, or one bought batch."""
    sort = pd.Series(rng.choice(list(CONSENT), len(frame), p=list(CONSENT.values())))
    bought = (frame["segment"] == "newsletter") & (rng.random(len(frame)) < BOUGHT)
    sort = sort.mask(bought, "bought")
    basis = frame["segment"].map({name: segment.basis for name, segment in SEGMENTS.items()})
    source = frame["segment"].map({name: segment.source for name, segment in SEGMENTS.items()})
    frame.loc[sort == "bought", "created_at"] = pd.Timestamp(PURCHASE)
    delay = np.where(
        rng.random(len(frame)) < 0.85, rng.integers(20, 900, len(frame)), rng.integers(900, 700000, len(frame))
    )
    delay = np.where(rng.random(len(frame)) < 0.02, -86400, delay)
    at = not_after(later(frame["created_at"], delay), NOW - timedelta(minutes=1))
    frame["consent_at"] = at.where(sort == "given")
    frame["consent_source"] = source.where(sort == "given").mask(sort == "bought", "imported list")
    frame["consent_basis"] = basis.where(sort == "given").mask(sort.isin(["bought", "unknown"]), sort)
    return frame


def _personal(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Add the town and the word on tracking; leave names out, or write them as people do."""
    draw = rng.random((4, len(frame)))
    towns, weights = _falling(tuple(TOWNS), 0.5)
    frame["city"] = pd.Series(rng.choice(towns, len(frame), p=weights)).where(draw[0] > 0.08)
    frame["tracking_consent"] = pd.Series(np.where(draw[1] < TRACKED, "yes", "no")).where(draw[1] < TRACKED + REFUSED)
    frame["last_name"] = frame["last_name"].where((draw[2] > 0.10) & (frame["sort"] != "role"))
    odd = np.flatnonzero(draw[3] < max(0.01, len(ODD_GIVEN) / len(frame)))
    frame.loc[odd, "first_name"] = np.resize(np.array(ODD_GIVEN), odd.size)
    frame["first_name"] = frame["first_name"].where((draw[3] < 0.93) & (frame["sort"] != "role"))
    return frame
