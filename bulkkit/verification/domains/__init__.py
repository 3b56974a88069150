"""What DNS knows of a list's domains, each asked once, and which network takes their mail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from bulkkit.addresses import ascii_domain
from bulkkit.verification.domains.answers import DomainAnswer, Found, Mail, Records
from bulkkit.verification.domains.asking import Domains, answers_of
from bulkkit.verification.domains.networks import network_of
from bulkkit.verification.domains.resolver import Resolver, as_resolver

__all__ = [
    "DomainAnswer",
    "Domains",
    "Found",
    "Mail",
    "Records",
    "Resolver",
    "answers_of",
    "as_resolver",
    "mx_networks",
]


def mx_networks(domains: Iterable[str], resolver: Any = None) -> pd.Series[Any]:
    """Return the network that takes each domain's mail: who runs its preferred MX host.

    Parameters
    ----------
    domains : iterable of str
        Domains, in any spelling; each is asked about once.
    resolver : Resolver, optional
        Who is asked; as for `verify`.

    Returns
    -------
    pandas.Series
        `str`, by domain in lower case and A-labels: a provider's name (`Google`
        for a Workspace domain too, as the throttle's limits have it), or the
        domain under which the MX host is registered; missing where the domain
        takes no mail, or DNS gave no answer.

    Raises
    ------
    InputError
        `resolver` is none, or this machine knows no name server.
    """
    names = dict.fromkeys(ascii_domain(domain.strip()) for domain in domains)
    found = answers_of(names, as_resolver(resolver))
    networks = [network_of(found[name]) for name in names]
    return pd.Series(networks, index=pd.Index(list(names), dtype="str"), dtype="str", name="network")
