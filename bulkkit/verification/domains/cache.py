"""Answers of DNS kept on disk until they expire."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import platformdirs

from bulkkit.verification import lines
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
        rows = lines.read(self.path)
        lasting = dict(entry for entry in map(_entry, rows) if entry)
        # An answer that holds for longer than any may was written by a clock that was ahead.
        kept = {domain: pair for domain, pair in lasting.items() if now < pair[0] <= now + LONGEST_KEPT}
        if len(rows) - len(kept) > max(STALE, len(kept)):
            lines.rewrite(self.path, _rows(kept))
        return {domain: answer for domain, (_, answer) in kept.items()}

    def add(self, answers: Mapping[str, DomainAnswer], now: float) -> None:
        """Keep those answers that hold for some time."""
        kept = {domain: (now + answer.ttl, answer) for domain, answer in answers.items() if answer.ttl > 0}
        if kept:
            lines.add(self.path, _rows(kept))


def cache_of(servers: Iterable[str]) -> Path:
    """Return the file for the answers of these name servers: others may know other things."""
    digest = hashlib.sha256("\n".join(sorted(servers)).encode()).hexdigest()[:16]
    return platformdirs.user_cache_path("bulkkit") / f"dns-{digest}.jsonl"


def _rows(kept: Mapping[str, tuple[float, DomainAnswer]]) -> Iterable[Any]:
    return ([domain, round(until), answer.mail, answer.hosts] for domain, (until, answer) in kept.items())


def _entry(row: Any) -> tuple[str, tuple[float, DomainAnswer]] | None:
    try:
        domain, until, mail, hosts = row
        return str(domain), (float(until), DomainAnswer(Mail(mail), tuple(map(str, hosts)), ttl=1))
    except (ValueError, TypeError):
        return None
