"""Depth "dns" against Debian's BIND: what a real name server answers in each case, and what is made of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pandas as pd
import pytest
from bind import bind
from rehearsal import campaign, people

from bulkkit.addresses import ascii_domain
from bulkkit.dispatch import plan
from bulkkit.sending.relay import Relay
from bulkkit.verification import Resolver, verify, verify_address
from bulkkit.verification.domains import Mail, answers_of
from bulkkit.vocabulary import Reason

HOST: Final = "mx.acme.example"
LONG: Final = [f"a-mail-server-of-acme-number-{n}.acme.example" for n in range(80)]

RECORDS: Final = {
    "acme.example": "MX 10 mx.acme.example.\n MX 20 backup.acme.example.",
    "null.example": "MX 0 .",
    "only-a.example": "A 127.0.0.1",
    "only-aaaa.example": "AAAA ::1",
    "nothing.example": 'TXT "v=spf1 -all"',
    "many.example": "\n ".join(f"MX {n} {host}." for n, host in enumerate(LONG)),
    LONG[0]: "A 127.0.0.1",
    "xn--mller-kva.example": "MX 10 mx.acme.example.",
    "alias.example": "CNAME acme.example.",
    "round.example": "CNAME trip.example.",
    "trip.example": "CNAME round.example.",
    "lost-alias.example": "CNAME absent.example.",
    "mx-alias.example": "MX 10 other-name.acme.example.",
    "other-name.acme.example": "CNAME mx.acme.example.",
    "mx-nowhere.example": "MX 10 gone.mx-nowhere.example.",
    "mx-address.example": "MX 10 127.0.0.1.",
    "workspace.example": "MX 1 ASPMX.L.Google.com.\n MX 5 alt1.aspmx.l.google.com.",
    "lame.example": "NS ns.lame.example.",
    "ns.lame.example": "A 127.0.0.2",
    "mx-lame.example": "MX 10 mx.lame.example.",
    HOST: "A 127.0.0.1\n AAAA ::1",
}  # fmt: skip
ZONES: Final = {".": "\n".join(f"{name}. {records}" for name, records in RECORDS.items()), "broken.example": ""}

FACTS: Final[dict[str, tuple[Reason, Mail, tuple[str, ...]]]] = {
    "acme.example": (Reason.NOT_PROBED, Mail.MX, (HOST, "backup.acme.example")),
    "müller.example": (Reason.NOT_PROBED, Mail.MX, (HOST,)),
    "many.example": (Reason.NOT_PROBED, Mail.MX, tuple(LONG)),
    "workspace.example": (Reason.NOT_PROBED, Mail.MX, ("aspmx.l.google.com", "alt1.aspmx.l.google.com")),
    "only-a.example": (Reason.NOT_PROBED, Mail.ADDRESS, ("only-a.example",)),
    "only-aaaa.example": (Reason.NOT_PROBED, Mail.ADDRESS, ("only-aaaa.example",)),
    "alias.example": (Reason.NOT_PROBED, Mail.MX, (HOST, "backup.acme.example")),
    "mx-alias.example": (Reason.NOT_PROBED, Mail.MX, ("other-name.acme.example",)),
    "mx-lame.example": (Reason.NOT_PROBED, Mail.MX, ("mx.lame.example",)),
    "null.example": (Reason.DOES_NOT_ACCEPT_MAIL, Mail.NULL_MX, ()),
    "nothing.example": (Reason.NO_DNS_ENTRIES, Mail.NO_SERVER, ()),
    "absent.example": (Reason.NO_DNS_ENTRIES, Mail.NO_NAME, ()),
    "lost-alias.example": (Reason.NO_DNS_ENTRIES, Mail.NO_NAME, ()),
    "mx-nowhere.example": (Reason.NO_DNS_ENTRIES, Mail.LOST_SERVERS, ("gone.mx-nowhere.example",)),
    "mx-address.example": (Reason.NO_DNS_ENTRIES, Mail.LOST_SERVERS, ("127.0.0.1",)),
    "round.example": (Reason.DNS_ERROR, Mail.UNKNOWN, ()),
    "lame.example": (Reason.DNS_ERROR, Mail.UNKNOWN, ()),
    "broken.example": (Reason.DNS_ERROR, Mail.UNKNOWN, ()),
}
HOLDS: Final = {Mail.MX: 300, Mail.NULL_MX: 300, Mail.LOST_SERVERS: 300, Mail.UNKNOWN: 0}
"""Seconds for which an answer holds: the record's TTL, else the SOA's minimum (RFC 2308 5)."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """BIND with a name for every case; nobody serves `lame.example`, and `broken.example` has no zone file."""
    with bind(tmp_path_factory.mktemp("bind"), ZONES) as running:
        yield running


@pytest.mark.parametrize("name", FACTS)
def test_15_servfail_is_unknown_and_nxdomain_and_null_mx_are_facts(address: str, name: str) -> None:
    """Debian's name server says what there is and what there is not; where it fails, nothing is known."""
    reason, mail, hosts = FACTS[name]
    resolver = Resolver([address], cache=False)
    assert verify_address(f"ana@{name}", "dns", resolver=resolver).reason is reason
    (told,) = answers_of([ascii_domain(name)], resolver).values()
    assert (told.mail, told.hosts, told.ttl) == (mail, hosts, HOLDS.get(mail, 60))


def test_25_a_workspace_domain_is_google_by_its_mx(address: str, tmp_path: Path) -> None:
    """A plan asks Debian's name server whose limits count: Google's for its customer, and none for a null MX."""
    audience = pd.concat([people(2, name) for name in ("workspace.example", "acme.example", "null.example")])
    relays, resolver = [Relay("smtp://127.0.0.1:1")], Resolver([address], cache=False)
    planned = plan(campaign(audience), relays, ledger=tmp_path / "bind.db", resolver=resolver)
    limits = planned.eta.set_index("network")["connections"].to_dict()
    assert limits == {"Google": 5, "acme.example": 10, "null.example": 10}


def test_a_list_is_judged_as_its_addresses(address: str) -> None:
    """All at once and each by itself are the same."""
    frame = pd.DataFrame({"email": [f"ana@{name}" for name in FACTS]})
    checked = verify(frame, "dns", resolver=Resolver([address], cache=False))
    assert checked["reason"].tolist() == [reason for reason, *_ in FACTS.values()]
    assert checked["depth"].eq("dns").all()
