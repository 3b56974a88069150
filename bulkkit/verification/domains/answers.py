"""What DNS says of a domain's mail, concluded from single answers: facts are kept apart from what is not known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LONGEST_KEPT: Final = 7 * 86_400
"""Seconds for which an answer is kept at most, whatever its TTL says (RFC 8767 4)."""

LONGEST_ABSENCE: Final = 3 * 3_600
"""Seconds for which it is kept at most that there is nothing (RFC 2308 5)."""


class Found(StrEnum):
    """What came back for one question: records, none of this kind, no such name at all, or no answer."""

    RECORDS = "records"
    NO_DATA = "no_data"
    NO_NAME = "no_name"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Records:
    """The answer to one question.

    Attributes
    ----------
    found : Found
        What kind of answer it is; `FAILED` where a server failed (SERVFAIL) or
        none answered in time: then nothing is known.
    values : tuple of str
        The records as a zone file has them, such as `10 mx.example.org.`.
    ttl : int
        Seconds for which the answer holds.
    said : str
        Why it failed.
    beside : frozenset of str
        Hosts whose address the server added unasked, in lower case: those of MX
        records (RFC 1035 3.3.9).
    is_silence : bool
        Whether it failed because nobody said anything.
    """

    found: Found
    values: tuple[str, ...] = ()
    ttl: int = 0
    said: str = ""
    beside: frozenset[str] = frozenset()
    is_silence: bool = False


class Mail(StrEnum):
    """Where a domain's mail goes."""

    MX = "mx"
    ADDRESS = "address"
    """There is no MX record; mail goes to the domain's own address (RFC 5321 5.1)."""
    NULL_MX = "null_mx"
    """The domain says that it takes no mail (RFC 7505)."""
    PARKED = "parked"
    """There is no MX record, and the name servers are those of a service that holds domains which nobody uses."""
    NO_NAME = "no_name"
    NO_SERVER = "no_server"
    LOST_SERVERS = "lost_servers"
    """There are MX records, and no host that they name has an address (RFC 5321 5.1: an error)."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DomainAnswer:
    """What DNS says of a domain's mail.

    Attributes
    ----------
    mail : Mail
        Where its mail goes.
    hosts : tuple of str
        The mail servers, the preferred first; of a parked domain its name servers.
    ttl : int
        Seconds for which it holds; 0 where nothing is known.
    said : str
        Why nothing is known.
    is_silence : bool
        Whether that is because nobody said anything.
    """

    mail: Mail
    hosts: tuple[str, ...] = ()
    ttl: int = 0
    said: str = ""
    is_silence: bool = False


def of_mx(records: Records) -> DomainAnswer | None:
    """Return what the answer to the question for MX says, or None where it leaves the domain's own address to ask.

    A failure is no absence: RFC 5321 5.1 falls back on the address only where
    there is no MX record.
    """
    if records.found is Found.FAILED:
        return DomainAnswer(Mail.UNKNOWN, said=records.said, is_silence=records.is_silence)
    if records.found is Found.NO_NAME:
        return DomainAnswer(Mail.NO_NAME, ttl=_kept(records.ttl, LONGEST_ABSENCE))
    if records.found is Found.NO_DATA:
        return None
    hosts = preferred(records.values)
    # A null MX stands alone (RFC 7505 3); beside others it names no host, and the others count.
    named = tuple(host for host in hosts if host)
    return DomainAnswer(Mail.MX if named else Mail.NULL_MX, named, _kept(records.ttl, LONGEST_KEPT))


def of_addresses(domain: str, mx: Records, answers: Iterable[Records]) -> DomainAnswer:
    """Return what the answers for A and AAAA say of a domain that has no MX record."""
    answers = list(answers)
    there = [answer for answer in answers if answer.found is Found.RECORDS]
    if there:
        ttl = _kept(min(mx.ttl, there[0].ttl), LONGEST_ABSENCE)
        return DomainAnswer(Mail.ADDRESS, (domain,), ttl)
    failed = next((answer for answer in answers if answer.found is Found.FAILED), None)
    if failed:
        return DomainAnswer(Mail.UNKNOWN, said=failed.said)
    return DomainAnswer(Mail.NO_SERVER, ttl=_kept(min(mx.ttl, *(answer.ttl for answer in answers)), LONGEST_ABSENCE))


def of_hosts(answer: DomainAnswer, are_lost: bool) -> DomainAnswer:
    """Return the answer of MX once it is known whether all of its hosts are without an address."""
    return DomainAnswer(Mail.LOST_SERVERS, answer.hosts, min(answer.ttl, LONGEST_ABSENCE)) if are_lost else answer


def preferred(values: Iterable[str]) -> tuple[str, ...]:
    """Return the hosts of MX records in lower case, the preferred first, those of one preference by name."""
    pairs = (value.split() for value in values)
    ranked = sorted((int(preference), host.rstrip(".").lower()) for preference, host in pairs)
    return tuple(dict.fromkeys(host for _, host in ranked))


def _kept(ttl: int, longest: int) -> int:
    return max(0, min(ttl, longest))
