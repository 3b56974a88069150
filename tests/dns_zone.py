"""A zone with every case that DNS has for mail, what follows from each, and a resolver that asks for it."""

from __future__ import annotations

from typing import Any

from nameserver import NameServer, Zone

from bulkkit.verification import Resolver

HERE = ["127.0.0.1"]

ZONE: Zone = {
    "acme.example": {"MX": ["20 backup.acme.example.", "10 mx.acme.example."]},
    "mx.acme.example": {"A": HERE},
    "workspace.example": {"MX": ["1 aspmx.l.google.com.", "5 alt1.aspmx.l.google.com."]},
    "tenant.example": {"MX": ["0 tenant-example.mail.protection.outlook.com."]},
    "aol-like.example": {"MX": ["1 mx-aol.mail.gm0.yahoodns.net."]},
    "null.example": {"MX": ["0 ."]},
    "halfnull.example": {"MX": ["0 .", "10 mx.acme.example."]},
    "only-a.example": {"A": HERE},
    "only-aaaa.example": {"AAAA": ["::1"]},
    "nothing.example": {"TXT": ['"v=spf1 -all"']},
    "lost.example": {"MX": ["10 gone.lost.example."]},
    "half-lost.example": {"MX": ["10 gone.lost.example.", "20 mx.acme.example."]},
    "servfail.example": {"how": "SERVFAIL"},
    "mx-fails.example": {"how": "SERVFAIL MX", "A": HERE},
    "a-fails.example": {"how": "SERVFAIL A", "AAAA": ["::1"]},
    "aaaa-fails.example": {"how": "SERVFAIL AAAA"},
    "host-fails.example": {"MX": ["10 aaaa-fails.example."]},
    "refused.example": {"how": "REFUSED"},
    "silent.example": {"how": "silence"},
    "garbage.example": {"how": "garbage"},
    "stranger.example": {"how": "stranger"},
    "referred.example": {"how": "refer"},
    "busy.example": {"how": "busy", "A": HERE},
    "alias.example": {"CNAME": "acme.example"},
    "round.example": {"CNAME": "trip.example"},
    "trip.example": {"CNAME": "round.example"},
    "many.example": {"MX": [f"{n} mail-server-number-{n}.acme.example." for n in range(80)]},
    "mail-server-number-0.acme.example": {"A": HERE},
    "xn--mller-kva.example": {"MX": ["10 mx.acme.example."]},
    "for-sale.example": {"A": HERE, "NS": ["NS2.sedoparking.com.", "ns1.sedoparking.com."]},
    "in-use.example": {"MX": ["10 mx.acme.example."], "NS": ["ns1.sedoparking.com."]},
    "own-machine.example": {"MX": ["0 localhost."]},
    "parked.example": {"MX": ["10 mail.h-email.net."]},
    "mail.h-email.net": {"A": HERE},
}  # fmt: skip

FACTS = [
    ("acme.example", "not_probed", True, None),
    ("workspace.example", "not_probed", True, "Google"),
    ("tenant.example", "not_probed", True, "Microsoft"),
    ("aol-like.example", "not_probed", True, "Yahoo"),
    ("null.example", "does_not_accept_mail", False, None),
    ("halfnull.example", "not_probed", True, None),
    ("only-a.example", "not_probed", False, None),
    ("only-aaaa.example", "not_probed", False, None),
    ("nothing.example", "no_dns_entries", False, None),
    ("absent.example", "no_dns_entries", False, None),
    ("lost.example", "no_dns_entries", True, None),
    ("half-lost.example", "not_probed", True, None),
    ("servfail.example", "dns_error", None, None),
    ("mx-fails.example", "dns_error", None, None),
    ("a-fails.example", "not_probed", False, None),
    ("aaaa-fails.example", "dns_error", None, None),
    ("host-fails.example", "not_probed", True, None),
    ("refused.example", "dns_error", None, None),
    ("silent.example", "dns_error", None, None),
    ("garbage.example", "dns_error", None, None),
    ("stranger.example", "dns_error", None, None),
    ("referred.example", "dns_error", None, None),
    ("busy.example", "not_probed", False, None),
    ("alias.example", "not_probed", True, None),
    ("round.example", "dns_error", None, None),
    ("many.example", "not_probed", True, None),
    ("müller.example", "not_probed", True, None),
    ("parked.example", "accept_all", True, None),
    ("for-sale.example", "accept_all", False, None),
    ("in-use.example", "not_probed", True, None),
    ("own-machine.example", "no_dns_entries", True, None),
]


def asking(server: NameServer, **options: Any) -> Resolver:
    """Return a resolver that asks this server, and keeps nothing unless it is told to."""
    return Resolver([server.address], **{"timeout": 0.3, "cache": False, **options})
