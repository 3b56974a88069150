"""Debian's name server, BIND, as an ordinary process on a free port of loopback, with zones of our own."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import dns.exception
import dns.message
import dns.query
import pytest
from nameserver import LOOPBACK, PATIENCE, twins

NAMED: Final = "/usr/sbin/named"

CONFIGURATION: Final = """
options {{
    directory "{folder}"; pid-file none; session-keyfile none;
    listen-on port {port} {{ {host}; }}; listen-on-v6 {{ none; }};
    recursion yes; dnssec-validation no; empty-zones-enable no;
}};
controls {{ }};
{zones}
"""
ZONE: Final = 'zone "{name}" {{ type primary; file "{file}"; }};'
HEAD: Final = """$TTL 300
@ SOA ns root 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
"""


@contextlib.contextmanager
def bind(folder: Path, zones: Mapping[str, str]) -> Iterator[str]:
    """Run BIND and yield its address; where that is not possible the test is skipped, on CI it fails.

    `zones` has the records of each zone, behind its head; a zone without any has
    no file, so that the server fails for it.
    """
    program = shutil.which("named") or shutil.which(NAMED)
    if program is None:
        _do_without("BIND is not installed (Debian: apt-get install bind9)")
    for held in twins():
        port = held.getsockname()[1]
        held.close()
    configuration, log = _written(folder, port, zones), folder / "log"
    with log.open("wb") as stream, subprocess.Popen([program, "-g", "-c", configuration], stderr=stream) as named:
        try:
            if not _is_up(port, named):
                _do_without(f"BIND did not come up: {log.read_text(encoding='utf-8')[-2_000:]}")
            yield f"{LOOPBACK}:{port}"
        finally:
            named.kill()


def _do_without(reason: str) -> None:
    pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


def _written(folder: Path, port: int, zones: Mapping[str, str]) -> Path:
    """Write the zones and the configuration, and return where that is."""
    for number, records in enumerate(zones.values()):
        if records:
            (folder / f"{number}.zone").write_text(f"{HEAD}{records}\n", encoding="utf-8")
    lines = "\n".join(ZONE.format(name=name, file=f"{number}.zone") for number, name in enumerate(zones))
    configuration = folder / "named.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, port=port, host=LOOPBACK, zones=lines))
    return configuration


def _is_up(port: int, named: subprocess.Popen[bytes]) -> bool:
    """Wait until the server has read its zones, and tell whether it has."""
    question, until = dns.message.make_query(".", "SOA"), time.monotonic() + PATIENCE
    while named.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError, dns.exception.DNSException):
            if dns.query.udp(question, LOOPBACK, port=port, timeout=0.1).answer:
                return True
    return False
