"""Answers of DNS kept on disk until they expire: a line of JSON each, added at the end, so a kill loses nothing."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import platformdirs

from bulkkit.verification.domains.answers import LONGEST_KEPT, DomainAnswer, Mail

STALE: Final = 10_000
"""Lines that have expired or been said again beyond which the file is written anew, if they are most of it."""


class Cache:
    """One file of answers; several processes may add to it at once.

    What cannot be read in it is passed over: a line that a kill tore is asked
    again. Moments are seconds of UTC since 1970.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, now: float) -> dict[str, DomainAnswer]:
        """Return the answers that hold at this moment, by domain."""
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return {}
        lasting = dict(entry for entry in map(_entry, lines) if entry)
        # An answer that holds for longer than any may was written by a clock that was ahead.
        kept = {domain: pair for domain, pair in lasting.items() if now < pair[0] <= now + LONGEST_KEPT}
        if len(lines) - len(kept) > max(STALE, len(kept)):
            self._rewrite(kept)
        return {domain: answer for domain, (_, answer) in kept.items()}

    def add(self, answers: Mapping[str, DomainAnswer], now: float) -> None:
        """Keep those answers that hold for some time."""
        kept = {domain: (now + answer.ttl, answer) for domain, answer in answers.items() if answer.ttl > 0}
        if not kept:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # The domains of a list are nobody else's business.
        number = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(number, "r+b", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            torn = size > 0 and os.pread(number, 1, size - 1) != b"\n" if hasattr(os, "pread") else True
            file.write((b"\n" if torn else b"") + _lines(kept))

    def _rewrite(self, kept: Mapping[str, tuple[float, DomainAnswer]]) -> None:
        # What another process adds meanwhile is lost with the old file, and asked again.
        number, name = tempfile.mkstemp(dir=self.path.parent)
        with os.fdopen(number, "wb") as file:
            file.write(_lines(kept))
        with contextlib.suppress(PermissionError):
            Path(name).replace(self.path)


def cache_of(servers: Iterable[str]) -> Path:
    """Return the file for the answers of these name servers: others may know other things."""
    digest = hashlib.sha256("\n".join(sorted(servers)).encode()).hexdigest()[:16]
    return platformdirs.user_cache_path("bulkkit") / f"dns-{digest}.jsonl"


def _lines(kept: Mapping[str, tuple[float, DomainAnswer]]) -> bytes:
    rows = ([domain, round(until), answer.mail, answer.hosts] for domain, (until, answer) in kept.items())
    return "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows).encode()


def _entry(line: bytes) -> tuple[str, tuple[float, DomainAnswer]] | None:
    try:
        row: Any = json.loads(line)
        domain, until, mail, hosts = row
        return str(domain), (float(until), DomainAnswer(Mail(mail), tuple(map(str, hosts)), ttl=1))
    except (ValueError, TypeError):
        return None
