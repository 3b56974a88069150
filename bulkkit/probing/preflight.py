"""Whether this machine may ask mail servers at all: what is known of it, and what of that speaks against it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

WORDS: Final = re.compile(
    r"(?:^|[.\d-])(?:dyn(?:amic)?|dial-?(?:up|in)?|[avsx]?dsl|pools?|ppp\w*|dhcp|cable|broadband|cust(?:omer)?s?"
    r"|res(?:idential)?|home|mobile|wireless|unassigned)(?=[.\d-]|$)",
    re.IGNORECASE,
)
"""Words in the names of addresses that are lent to dial-up and home customers, from which no mail is taken (the policy
of the Spamhaus PBL, 2026-11)."""

_REMEDY: Final = "Pass the public one: Probe(address=…), or --address."
_UNSEEN: Final = f"so that this machine's address could not be seen. {_REMEDY}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of this machine as others see it.

    Attributes
    ----------
    helo : str
        The name that it gives itself.
    port : int
        The port that was tried.
    tried, reached : tuple of str
        The mail servers that were tried, and those of them that could be reached.
    address : str, optional
        The address from which it asks.
    names : tuple of str, optional
        What its PTR record says; None where DNS gave no answer.
    forward : tuple of str
        The addresses of those names.
    helo_addresses : tuple of str, optional
        The addresses of the name that it gives itself; None where DNS gave no
        answer.
    """

    helo: str
    port: int
    tried: tuple[str, ...]
    reached: tuple[str, ...]
    address: str | None = None
    names: tuple[str, ...] | None = ()
    forward: tuple[str, ...] = ()
    helo_addresses: tuple[str, ...] | None = ()


def findings(standing: Standing) -> list[str]:
    """Return what speaks against probing from here; nothing where all is well."""
    if not standing.reached:
        hosts = ", ".join(standing.tried[:3])
        return [f"Port {standing.port} cannot be reached at {hosts}: most access providers and clouds close it."]
    if standing.address is None:
        return [f"Nothing listens at port {standing.port} of {', '.join(standing.reached)}, {_UNSEEN}"]
    if _is_hidden(standing.address):
        return [f"This machine's own address, {standing.address}, is not the one that mail servers see. {_REMEDY}"]
    return [words for words in (_of_names(standing, standing.address), _of_helo(standing, standing.address)) if words]


def _of_names(standing: Standing, address: str) -> str | None:
    if standing.names is None:
        return f"DNS gave no answer for the name (PTR) of {address}."
    if not standing.names:
        return f"{address} has no name (PTR): mail servers refuse such hosts. Whoever lent it to you can give it one."
    lent = next((name for name in standing.names if is_lent(name, address)), None)
    if lent:
        return f"{address} is called {lent}, as dial-up and home connections are: mail servers refuse those."
    if address not in standing.forward:
        return f"{address} is called {standing.names[0]}, and that name has another address: the two must agree."
    return None


def _of_helo(standing: Standing, address: str) -> str | None:
    if standing.helo_addresses is None:
        return f"DNS gave no answer for {standing.helo}, the name given in HELO."
    if address not in standing.helo_addresses:
        return f"{standing.helo}, the name given in HELO, has not the address {address} (RFC 5321 4.1.1.1)."
    return None


def is_lent(name: str, address: str) -> bool:
    """Tell whether a host's name is one of those that are made up for a range of addresses."""
    numbers = address.split(".")
    if len(numbers) == 4:
        spellings = (numbers, numbers[::-1])
        made = [f"{by}".join(parts) for parts in spellings for by in "-._"]
        padded = ["".join(part.zfill(3) for part in parts) for parts in spellings]
        if any(spelling in name for spelling in (*made, *padded)):
            return True
    return WORDS.search(name) is not None


def _is_hidden(address: str) -> bool:
    known = ipaddress.ip_address(address)
    return known.is_private and not known.is_loopback
