"""How to behave towards mail servers: whom never to ask at random, and what a yes is worth."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Final

from bulkkit.verification.domains.networks import provider_of_host
from bulkkit.verification.probed import Probed, Target
from bulkkit.vocabulary import Reason

NEVER_AT_RANDOM: Final = frozenset({"Microsoft", "Yahoo", "Yahoo! Japan"})
"""Networks that answer falsely once they were asked about a name that nobody has: they are never asked about one."""

PLAIN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+")
"""Addresses that any server can read (RFC 5321 4.1.2, Dot-string); others need quotes or SMTPUTF8 (RFC 6531)."""

FOREIGN: Final = "Its mail server was not asked: the address needs SMTPUTF8 or quotes."
UNSURE: Final = "The server says yes, and perhaps to any name: that was not tried."
ANYONE: Final = "The server takes mail for a name that nobody has."
LATER: Final = "Its mail server was not asked: at {pace} its turn would have come after {patience:.0f} s."
REFUSED: Final = "Its mail server was not asked: {network} refuses our questions."


def routes(targets: Iterable[Target]) -> list[list[Target]]:
    """Return the targets by their servers, those of one domain beside each other."""
    ordered = sorted(targets, key=lambda target: (target.hosts, target.domain, target.address))
    return [list(group) for _, group in groupby(ordered, key=lambda target: target.hosts)]


def by_network(targets: Iterable[Target]) -> dict[str, list[Target]]:
    """Return the targets by who runs their servers."""
    ordered = sorted(targets, key=lambda target: target.network)
    return {name: list(group) for name, group in groupby(ordered, key=lambda target: target.network)}


def domains_to_try(targets: Iterable[Target], said: Mapping[str, Probed]) -> list[str]:
    """Return the domains for which a name that nobody has is to be asked about, once all others were.

    Those that took somebody and refused nobody as unknown, at a network where it
    does no harm.
    """
    harmless = [target for target in targets if _is_harmless(target) and target.address in said]
    took = {target.domain for target in harmless if said[target.address].reason is Reason.ACCEPTED_EMAIL}
    return sorted(took - discerning(harmless, said))


def _is_harmless(target: Target) -> bool:
    """Tell whether none of the servers that may be asked for a domain is one that answers falsely afterwards."""
    return NEVER_AT_RANDOM.isdisjoint({target.network, *map(provider_of_host, target.hosts)})


def discerning(targets: Iterable[Target], said: Mapping[str, Probed]) -> set[str]:
    """Return the domains that refused somebody as unknown: they do not take just any name."""
    told = ((target.domain, said.get(target.address)) for target in targets)
    return {domain for domain, answer in told if answer and answer.reason is Reason.MAILBOX_NOT_FOUND}


def settled(
    targets: Iterable[Target], said: Mapping[str, Probed], strangers: Mapping[str, Probed]
) -> dict[str, Probed]:
    """Return the answers once it is known which domains take any name.

    `strangers` says what came back for the names that nobody has, by domain. A
    yes counts for a mailbox only where the same domain says no to somebody.
    """
    targets = list(targets)
    sure = discerning(targets, said)
    tried = {domain: answer.reason for domain, answer in strangers.items()}
    any_name = dict.fromkeys(sure, False) | {
        domain: reason is Reason.ACCEPTED_EMAIL
        for domain, reason in tried.items()
        if reason in {Reason.ACCEPTED_EMAIL, Reason.MAILBOX_NOT_FOUND}
    }
    known = [target for target in targets if target.address in said]
    return {target.address: _settled(said[target.address], any_name.get(target.domain)) for target in known}


def _settled(answer: Probed, any_name: bool | None) -> Probed:
    if answer.reason is not Reason.ACCEPTED_EMAIL:
        return replace(answer, accept_all=any_name) if answer.asked else answer
    words = answer.diagnostic or ""
    if any_name is None:
        return replace(answer, reason=Reason.NOT_PROBED, diagnostic=f"{words} {UNSURE}".strip())
    if any_name:
        return replace(answer, reason=Reason.ACCEPT_ALL, accept_all=True, diagnostic=f"{words} {ANYONE}".strip())
    return replace(answer, accept_all=False)
