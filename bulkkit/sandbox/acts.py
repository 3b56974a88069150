"""What one person, and the machines before them, do with one message: drawn, not yet done."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from bulkkit.addresses import mailbox_key
from bulkkit.events.machine import PRIVACY_PROXY
from bulkkit.sandbox.letter import Letter
from bulkkit.sandbox.truths import Truth
from bulkkit.vocabulary import EventKind

READERS: Final = (
    # Mail program or proxy that loads the pictures, and browser that follows the links.
    (
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile "
        "Safari/537.36",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/26.0 Mobile/15E148 Safari/604.1",
    ),
    (
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.19127; Pro)",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 "
        "Safari/537.36 Edg/141.0.0.0",
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.0",
        "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    ),
)

SCANNERS: Final = (
    "Barracuda Sentinel (EE)",
    "Proofpoint URL Defense scanner",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
)
"""How gateways name themselves; one in three passes for a browser, and only its pace gives it away."""

OPENING: Final = (math.log(2.5 * 3600), 1.4)
"""Logarithm of the middle delay in seconds, and its spread: half open within two and a half hours, a tenth after 15."""
CLICKING: Final = (math.log(40), 0.8)
LEAVING: Final = (math.log(90), 0.8)
COMPLAINING: Final = (math.log(6 * 3600), 1.0)
BOUNCING: Final = (math.log(20 * 60), 0.7)
SOONEST: Final = 30
LATEST: Final = 7 * 86_400
"""Seconds between which a person, or a slow server, acts."""
SECOND_LINK: Final = 0.2
"""The chance that who follows a link follows another."""


@dataclass(frozen=True, slots=True)
class Act:
    """One request or one mail, and the event that it amounts to (None: a look that is no event)."""

    at: datetime
    letter: Letter
    kind: EventKind | None
    machine: bool = False
    path: str = ""
    agent: str = ""


def acts(letter: Letter, truth: Truth, seed: int) -> list[Act]:
    """Return what comes of a message, in the order of time.

    The draws depend on the seed, the campaign and the mailbox alone, so the same
    send has the same audience again.
    """
    key = mailbox_key(letter.recipient)
    rng = Random(f"{seed}/{letter.campaign or letter.message_id}/{key}")
    if truth.mailbox == "late_bounce":
        return [Act(_after(letter, BOUNCING, rng), letter, EventKind.BOUNCED, machine=True)]
    found = [*_machines(letter, truth, rng), *_person(letter, truth, rng, READERS[Random(key).randrange(len(READERS))])]
    return sorted(found, key=lambda act: act.at)


def _machines(letter: Letter, truth: Truth, rng: Random) -> Iterator[Act]:
    if truth.machine_opens:
        at = _moment(letter, rng.randint(1, 4))
        yield from (Act(at, letter, EventKind.OPENED, True, path, PRIVACY_PROXY) for path in letter.pixels)
    if truth.scanner:
        agent, first = rng.choice(SCANNERS), rng.randint(1, 3)
        for place, path in enumerate((*letter.clicks, *letter.pages)):
            kind = EventKind.CLICKED if path in letter.clicks else None
            yield Act(_moment(letter, first + place // 2), letter, kind, True, path, agent)


def _person(letter: Letter, truth: Truth, rng: Random, reader: tuple[str, str]) -> Iterator[Act]:
    # Each number is drawn whether or not it is needed, so that one chance never moves the others.
    opens, clicks, leaves, complains = (rng.random() for _ in range(4))
    opened_at = _after(letter, OPENING, rng)
    pause, way_out = _delay(CLICKING, rng), _delay(LEAVING, rng)
    complained_at = _after(letter, COMPLAINING, rng)
    if opens < truth.p_open:
        program, browser = reader
        yield from (Act(opened_at, letter, EventKind.OPENED, False, path, program) for path in letter.pixels)
        if clicks * truth.p_open < truth.p_click:
            yield from _clicks(letter, opened_at, pause, rng, browser)
    if leaves < truth.p_unsubscribe and (letter.one_click or letter.mailto):
        yield Act(opened_at + way_out, letter, EventKind.UNSUBSCRIBED, False, letter.one_click or "", reader[1])
    if complains < truth.p_complain:
        yield Act(complained_at, letter, EventKind.COMPLAINED)


def _clicks(letter: Letter, opened_at: datetime, pause: timedelta, rng: Random, browser: str) -> Iterator[Act]:
    """Follow one link, the first most often, and now and then another."""
    weights = [1 / (place + 1) for place in range(len(letter.clicks))]
    chosen = rng.choices(letter.clicks, weights, k=2) if letter.clicks else []
    wanted = chosen if rng.random() < SECOND_LINK else chosen[:1]
    for place, path in enumerate(dict.fromkeys(wanted), start=1):
        yield Act(opened_at + place * pause, letter, EventKind.CLICKED, False, path, browser)


def _after(letter: Letter, delay: tuple[float, float], rng: Random) -> datetime:
    return _moment(letter, SOONEST) + _delay(delay, rng)


def _delay(delay: tuple[float, float], rng: Random) -> timedelta:
    return timedelta(seconds=min(LATEST, max(10, round(rng.lognormvariate(*delay)))))


def _moment(letter: Letter, seconds: int) -> datetime:
    """Return a moment after arrival, in whole seconds: a mail's date has no finer ones (RFC 5322 §3.3)."""
    return letter.received_at.replace(microsecond=0) + timedelta(seconds=seconds)
