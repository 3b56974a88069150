"""How a list looks after years of forms, imports and copying: the same people, written in every possible way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import numpy as np
import pandas as pd

from bulkkit.addresses import ascii_domain
from bulkkit.sample.moments import DAY, NOW, later, not_after

CONTACT_ORDER: Final = (
    "email",
    "first_name",
    "last_name",
    "consent_at",
    "consent_source",
    "consent_basis",
    "segment",
    "created_at",
    "tracking_consent",
    "city",
)

Spelling = Callable[[str], str]


def _capitals(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{'.'.join(word.capitalize() for word in local.split('.'))}@{domain.capitalize()}"


def _a_labels(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}@{ascii_domain(domain)}"


REPAIRABLE: Final[dict[Spelling, float]] = {
    _capitals: 0.035,
    str.upper: 0.004,
    "  {}".format: 0.006,
    "{} ".format: 0.008,
    "{}\t".format: 0.004,
    "{};".format: 0.002,
    "{}.".format: 0.001,
    "<{}>".format: 0.001,
    "mailto:{}".format: 0.003,
}
"""Spellings that mean the same mailbox, with the share of the list that has each."""

AGAIN: Final[dict[Spelling, float]] = {
    str.strip: 0.2,
    _capitals: 0.3,
    str.upper: 0.1,
    "{}  ".format: 0.15,
    "\t{}".format: 0.1,
    "mailto:{}".format: 0.05,
    "<{}>".format: 0.1,
}
"""How somebody's second row differs from the first."""

BROKEN: Final[tuple[Spelling, ...]] = (
    lambda address: address.replace("@", "", 1),
    lambda address: f"{address[:3]} {address[3:]}",
    lambda address: address.replace(".", "..", 1),
    lambda address: address.replace(".example", ""),
    lambda address: address.replace(".example", ",example"),
    lambda address: address.replace("@", "@@", 1),
    lambda address: address.replace("@", "(at)", 1),
    lambda address: "@" + address.rpartition("@")[2],
)
"""Spellings that name no mailbox at all."""

BROKEN_SHARE: Final = 0.018
AGAIN_SHARE: Final = 0.027
NAMED: Final = 0.006
"""Which part of the list was pasted from a mail program, as `Name <address>`."""


def break_some(people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return `people` with a column `broken`, and the addresses of those rows spoilt beyond repair."""
    broken = pd.Series(rng.random(len(people)) < BROKEN_SHARE) & (people["sort"] == "free")
    which = rng.integers(len(BROKEN), size=len(people))
    spoilt = [BROKEN[n](address) for n, address in zip(which[broken], people.loc[broken, "email"], strict=True)]
    email = people["email"].copy()
    email[broken] = spoilt
    return people.assign(email=email, broken=broken)


def write_contacts(people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the rows of contacts.csv: each person as somebody typed them, some of them twice, oldest row first."""
    first = people.assign(email=_spelt(people, REPAIRABLE, 1 - sum(REPAIRABLE.values()), rng))
    first["email"] = _pasted(first, rng)
    contacts = pd.concat([first, _second_rows(people, rng)], ignore_index=True)
    return contacts.sort_values("created_at", kind="stable", ignore_index=True)[list(CONTACT_ORDER)]


def _second_rows(people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    idn = ~people["email"].map(str.isascii) & (rng.random(len(people)) < 0.2)
    again = people[~people["broken"] & (idn | (rng.random(len(people)) < AGAIN_SHARE))].reset_index(drop=True)
    returned = later(again["created_at"], rng.integers(3, 500, len(again)) * DAY)
    again["created_at"] = not_after(returned, NOW - timedelta(hours=1))
    renamed = rng.random(len(again)) < 0.15
    again["first_name"] = again["first_name"].mask(renamed)
    spelt = _spelt(again, AGAIN, 0.0, rng)
    return again.assign(email=spelt.where(again["email"].map(str.isascii), again["email"].map(_a_labels)))


def _spelt(
    frame: pd.DataFrame, spellings: dict[Spelling, float], untouched: float, rng: np.random.Generator
) -> pd.Series[Any]:
    weights = np.array([untouched, *spellings.values()])
    which = rng.choice(len(weights), len(frame), p=weights / weights.sum())
    email = frame["email"].copy()
    for number, spelling in enumerate(spellings, start=1):
        rows = which == number
        email[rows] = email[rows].map(spelling)
    return email


def _pasted(frame: pd.DataFrame, rng: np.random.Generator) -> pd.Series[Any]:
    rows = (rng.random(len(frame)) < NAMED) & frame["first_name"].notna() & ~frame["broken"]
    plain = rows & frame["first_name"].str.isalpha().fillna(False) & ~frame["email"].str.contains(r"[<>;:]|\.$")
    name = frame["first_name"].fillna("") + " " + frame["last_name"].fillna("")
    return frame["email"].mask(plain, name.str.strip() + " <" + frame["email"].str.strip() + ">")
