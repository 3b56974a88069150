"""Which network a mail server belongs to: the provider that runs it, or else the domain that it is registered under."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from bulkkit.verification.domains.answers import DomainAnswer, Mail
from bulkkit.verification.tables import inverted

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

REACHED: Final = frozenset({Mail.MX, Mail.ADDRESS})
"""There is a server to go to."""


def network_of(answer: DomainAnswer) -> str | None:
    """Return the network that takes a domain's mail, by its preferred server; None where none does or it is unknown."""
    return network_of_host(answer.hosts[0]) if answer.mail in REACHED else None


def provider_of(answer: DomainAnswer) -> str | None:
    """Return the known provider that takes a domain's mail, by its preferred server."""
    return provider_of_host(answer.hosts[0]) if answer.mail in REACHED else None


def is_parked(answer: DomainAnswer) -> bool:
    """Tell whether a domain, or its mail, is with a service that holds domains which nobody uses."""
    return answer.mail is Mail.PARKED or (answer.mail is Mail.MX and holds_unused(answer.hosts[0]))


def holds_unused(host: str) -> bool:
    """Tell whether a mail or name server is that of a service that holds domains which nobody uses."""
    return _said_of(host.rstrip(".").lower(), inverted("parked")) is not None


def is_own_machine(host: str) -> bool:
    """Tell whether a name stands for whatever machine asks (RFC 6761 6.3): an MX that leads nowhere."""
    return host.rpartition(".")[2] in {"localhost", "localdomain"}


@lru_cache(maxsize=100_000)
def network_of_host(host: str) -> str:
    """Return the provider that runs a mail server, or the domain that its name is registered under."""
    return provider_of_host(host) or _suffixes().privatesuffix(host) or host


@lru_cache(maxsize=100_000)
def provider_of_host(host: str) -> str | None:
    """Return the provider that runs a mail server; None where the table has none."""
    return _said_of(host, _known_hosts())


def _said_of(host: str, table: Mapping[str, str]) -> str | None:
    """Return what the table says of a host, or of the nearest name above it."""
    while host:
        if host in table:
            return table[host]
        host = host.partition(".")[2]
    return None


@lru_cache(maxsize=1)
def _known_hosts() -> Mapping[str, str]:
    sample = {name: kind.partition(" ")[2] for name, kind in inverted("sample").items()}
    return {**inverted("mx"), **{name: provider for name, provider in sample.items() if provider}}


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    # Names below a hosting company's own suffix (github.io, amazonaws.com) are one network all the same.
    return PublicSuffixList(only_icann=True)
