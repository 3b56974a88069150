"""Whose mail servers a plan's recipients have: looked up where there are limits to keep, and for nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bulkkit.addresses import domain_of
from bulkkit.dispatch.route import Route
from bulkkit.errors import InputError
from bulkkit.sending.throttle import Throttle
from bulkkit.verification import mx_networks


def known_networks(emails: pd.Series[Any], route: Route, resolver: Any) -> Mapping[str, str]:
    """Return who runs the mail servers of the addresses' domains, by domain, as far as DNS says so.

    Each domain is asked about once and the answers are kept for as long as their
    TTL says; a bar shows how far it is. An interrupt keeps what was answered.

    Raises
    ------
    InputError
        Where the throttle names a domain whose mail servers another network runs, whose limit would hold instead.
    """
    if not _limits_networks(route.throttle) or (resolver is None and route.only_loopback):
        return {}
    domains = domain_of(emails.astype("str")).dropna().unique()
    try:
        found = mx_networks(domains, resolver)
    except InputError:
        if resolver is not None:
            raise
        # A machine without a name server gets no answer, which is no reason not to plan.
        return {}
    known = {str(domain): str(network) for domain, network in found.dropna().items()}
    _require_in_force(route.throttle, known)
    return known


def _require_in_force(throttle: Throttle, known: Mapping[str, str]) -> None:
    # The presets name each provider's domains too, for where nobody is asked; whoever changes one means the provider.
    ours = (Throttle.cautious().networks, Throttle.providers().networks)
    for domain, named in throttle.networks.items():
        network = known.get(domain, domain)
        limit = throttle.limit(network)
        if limit.within(named) != limit and all(named != preset.get(domain) for preset in ours):
            raise InputError(
                f"The throttle limits {domain}, whose mail servers {network} runs, so that the limit would not hold. "
                f"Limit {network!r} instead: it counts all domains there together."
            )


def _limits_networks(throttle: Throttle) -> bool:
    limits = (throttle.default, *throttle.networks.values())
    return any(limit.messages is not None or limit.connections is not None for limit in limits)
