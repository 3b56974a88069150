"""All domains of a list asked about: each once, so many at a time, in a thread of its own, with a bar meanwhile."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from bulkkit.verification.aside import Interrupted, in_thread, until_over
from bulkkit.verification.domains.answers import DomainAnswer, Mail
from bulkkit.verification.domains.cache import Cache
from bulkkit.verification.domains.facts import askable
from bulkkit.verification.domains.question import Asker, Questions
from bulkkit.verification.domains.resolver import Resolver

BATCH: Final = 200
"""Answers that are kept in one go."""

KEPT: Final = ". What was answered is kept: the same again goes on from there."

DEAF: Final = 50
"""Questions without a single answer after which no name server is there, and the rest is unknown at once."""


@dataclass
class Run:
    """The answers so far; the thread that asks adds, the one that waits reads."""

    waiting: Iterator[str]
    answers: dict[str, DomainAnswer] = field(default_factory=dict)
    cache: Cache | None = None
    unkept: dict[str, DomainAnswer] = field(default_factory=dict)
    silences: int = 0
    is_over: bool = False

    @property
    def is_deaf(self) -> bool:
        """Whether nobody answers."""
        return self.silences >= DEAF and self.silences == len(self.answers)

    def add(self, domain: str, answer: DomainAnswer) -> None:
        """Take an answer in."""
        self.answers[domain] = self.unkept[domain] = answer
        self.silences += answer.is_silence
        if len(self.unkept) >= BATCH:
            self.keep()

    def keep(self) -> None:
        """Write down what is not yet on disk."""
        kept, self.unkept = self.unkept, {}
        if self.cache is None:
            return
        try:
            self.cache.add(kept, time.time())
        except OSError as error:
            self.cache = None
            warnings.warn(f"The answers of DNS are not kept for the next time: {error}.", stacklevel=2)


def answers_of(domains: Iterable[str], resolver: Resolver) -> dict[str, DomainAnswer]:
    """Return what DNS says of each domain's mail.

    What is kept on disk and still holds is not asked again. May be called where an
    event loop runs already. An interrupt ends the questions and keeps the
    answers, so that the next call goes on from there; it is raised as `Interrupted`,
    a `KeyboardInterrupt` that says so.
    """
    wanted = dict.fromkeys(domains)
    cache = resolver.kept()
    known = _read(cache) if cache else {}
    answers = {domain: known[domain] for domain in wanted if domain in known}
    missing = [domain for domain in wanted if domain not in answers]
    if missing:
        answers |= _asked(missing, len(wanted), resolver, cache)
    return {domain: answers[domain] for domain in wanted}


class Domains:
    """What DNS says of domains, asked of one resolver and remembered."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self._known: dict[str, DomainAnswer] = {}

    def __call__(self, domains: Iterable[str]) -> dict[str, DomainAnswer]:
        """Return what DNS says of each domain; one that no host can have is not asked about and left out."""
        wanted = askable(domains)
        self._known |= answers_of((domain for domain in wanted if domain not in self._known), self.resolver)
        return {domain: self._known[domain] for domain in wanted}


def _asked(missing: list[str], wanted: int, resolver: Resolver, cache: Cache | None) -> dict[str, DomainAnswer]:
    run = Run(iter(missing), cache=cache)
    asker, known = resolver.asker(), wanted - len(missing)

    def done() -> int:
        return known + len(run.answers)

    try:
        in_thread(lambda: _work(run, asker, resolver.concurrency), run, "Asking DNS", wanted, done)
    except KeyboardInterrupt:
        rest = KEPT if run.cache else "."
        raise Interrupted(f"stopped after {done():,} of {wanted:,} domains{rest}") from None
    nobody = DomainAnswer(Mail.UNKNOWN, said=f"no name server answered any of {run.silences} questions")
    return {domain: run.answers.get(domain, nobody) for domain in missing}


async def _work(run: Run, asker: Asker, concurrency: int) -> None:
    questions = Questions(asker)
    try:
        await until_over(run, [_worker(run, questions) for _ in range(concurrency)])
    finally:
        run.keep()
        if hasattr(asker, "close"):
            await asker.close()


async def _worker(run: Run, questions: Questions) -> None:
    for domain in run.waiting:
        if run.is_deaf:
            return
        run.add(domain, await questions.domain(domain))


def _read(cache: Cache) -> dict[str, DomainAnswer]:
    with contextlib.suppress(OSError):
        return cache.read(time.time())
    return {}
