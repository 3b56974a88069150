"""What DNS says of each domain, as columns of the domain table: a fact where there is one, and the words for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import pandas as pd

from bulkkit.verification.depths import DNS, SYNTAX
from bulkkit.verification.domains.answers import DomainAnswer, Mail
from bulkkit.verification.domains.networks import is_parked, provider_of
from bulkkit.verification.patterns import HOST, LONGEST_DOMAIN, RESERVED
from bulkkit.vocabulary import Reason

FACTS: Final = {
    Mail.PARKED: Reason.ACCEPT_ALL,
    Mail.NULL_MX: Reason.DOES_NOT_ACCEPT_MAIL,
    Mail.NO_NAME: Reason.NO_DNS_ENTRIES,
    Mail.NO_SERVER: Reason.NO_DNS_ENTRIES,
    Mail.LOST_SERVERS: Reason.NO_DNS_ENTRIES,
    Mail.UNKNOWN: Reason.DNS_ERROR,
}

HAS_MX: Final = {
    Mail.MX: True,
    Mail.LOST_SERVERS: True,
    Mail.ADDRESS: False,
    Mail.PARKED: False,
    Mail.NULL_MX: False,
    Mail.NO_NAME: False,
    Mail.NO_SERVER: False,
}
"""Whether the domain names a mail server; a null MX names none, and where DNS failed it is unknown."""

WORDS: Final = {
    Mail.NULL_MX: "The domain says that it takes no mail (null MX, RFC 7505).",
    Mail.NO_NAME: "The domain does not exist (NXDOMAIN).",
    Mail.NO_SERVER: "The domain has neither a mail server (MX) nor an address of its own (RFC 5321 5.1).",
    Mail.LOST_SERVERS: "None of the mail servers that the domain names has an address ({hosts}).",
    Mail.ADDRESS: "The domain has no MX record; its mail goes to its own address (RFC 5321 5.1).",
    Mail.PARKED: "The domain is parked: it has no MX record, and its name servers hold domains for sale ({hosts}).",
    Mail.UNKNOWN: "DNS gave no answer ({said}).",
}

READ_BY_NOBODY: Final = (
    "The domain is parked: its mail goes to {hosts}, which takes it for any name, and nobody reads it."
)

DTYPES: Final = {"fact": "str", "has_mx": "boolean", "said": "str", "depth": "str"}
NOTHING: Final = {"fact": None, "has_mx": None, "said": None, "depth": SYNTAX}
"""What is said of a domain that was not asked about."""
SHOWN: Final = 3
"""Hosts that are named in a diagnostic."""

_HOST: Final = re.compile(HOST.replace(r"\z", r"\Z"))
_RESERVED: Final = re.compile(RESERVED.replace(r"\z", r"\Z"))


def askable(domains: Iterable[str]) -> list[str]:
    """Return those domains that may be asked about: names that can be a host's, and are not reserved (RFC 6761)."""
    return [name for name in domains if _can_be_asked(name)]


def fact_columns(names: Iterable[str], answers: Mapping[str, DomainAnswer]) -> pd.DataFrame:
    """Return what DNS says of each name.

    Columns: `fact`, a reason; `has_mx`; `said`, in words; `depth`, `dns` where the
    name was asked about.
    """
    names = list(names)
    if not answers:
        return pd.DataFrame(
            {name: pd.Series(NOTHING[name], range(len(names)), dtype) for name, dtype in DTYPES.items()}
        )
    return pd.DataFrame([_row(answers.get(name)) for name in names], columns=list(DTYPES)).astype(DTYPES)


def providers_of(answers: Mapping[str, DomainAnswer]) -> dict[str, str]:
    """Return the provider that runs each domain's mail servers, where it is a known one."""
    told = ((name, provider_of(answer)) for name, answer in answers.items())
    return {name: provider for name, provider in told if provider}


def _row(answer: DomainAnswer | None) -> tuple[Any, ...]:
    if answer is None:
        return tuple(NOTHING.values())
    taken = answer.mail is Mail.MX and is_parked(answer)
    fact = Reason.ACCEPT_ALL if taken else FACTS.get(answer.mail)
    words = READ_BY_NOBODY if taken else WORDS.get(answer.mail)
    hosts = ", ".join(answer.hosts[:SHOWN])
    return fact, HAS_MX.get(answer.mail), words and words.format(hosts=hosts, said=answer.said), DNS


def _can_be_asked(name: str) -> bool:
    if len(name) > LONGEST_DOMAIN or not _HOST.match(name) or _RESERVED.search("." + name):
        return False
    return max(map(len, name.split("."))) <= 63  # RFC 1035 2.3.4
