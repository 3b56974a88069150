"""Mail servers behind a zone of their own, and a probe that asks them in a time that runs fast."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from servers import Answer, Asked, Script

from bulkkit.probing import Probe
from bulkkit.sending.clock import ScaledClock

HERE = ["127.0.0.1"]
NO_SUCH = "550 5.1.1 <{}>: Recipient address rejected: User unknown in virtual mailbox table\r\n"

ZONE: dict[str, dict[str, Any]] = {
    "probe.example": {"A": HERE},
    "1.0.0.127.in-addr.arpa": {"PTR": ["probe.example."]},
    "acme.example": {"MX": ["10 mx.acme.example."]},
    "mx.acme.example": {"A": HERE},
    "globex.example": {"MX": ["10 mx.globex.example."]},
    "mx.globex.example": {"A": HERE},
    "two.example": {"MX": ["10 mx.acme.example.", "20 mx.globex.example."]},
    "tenant.example": {"MX": ["0 tenant-example.mail.protection.outlook.com."]},
    "tenant-example.mail.protection.outlook.com": {"A": HERE},
    "yahoo.example": {"MX": ["0 mta5.am0.yahoodns.net."]},
    "mta5.am0.yahoodns.net": {"A": HERE},
    "null.example": {"MX": ["0 ."]},
}


def knows(*people: str) -> Script:
    """Return a script of a server that knows these people only, and says so."""

    def script(asked: Asked) -> Answer | None:
        known = asked.recipient.partition("@")[0] in people
        return None if asked.step != "RCPT" or known else Answer(NO_SUCH.format(asked.recipient).encode())

    return script


def probe_of(port: int, **options: Any) -> Probe:
    """Return a probe that asks at this port, in a time that runs two thousand times as fast."""
    clock = ScaledClock(2_000, datetime(2026, 10, 1, tzinfo=UTC))
    return Probe("probe.example", "bounces@probe.example", port=port, **{"clock": clock, "seed": 1, **options})
