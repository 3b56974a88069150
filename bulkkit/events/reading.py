"""Reading events: whose file it is, what could be used of it, and each event once."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Final

import pandas as pd

from bulkkit.errors import InputError
from bulkkit.events import machine, mail, own, sendgrid
from bulkkit.events.opening import Opening
from bulkkit.events.source import Reading, Source, Unusable
from bulkkit.vocabulary import EVENT_DTYPES

SOURCES: Final = {source.name: source for source in (own.SOURCE, sendgrid.SOURCE, mail.SOURCE)}

LOOK_ALIKES: Final = {
    "Mailgun's events": {"event-data"},
    "Amazon SES's events": {"mail", "eventtype"},
    "Amazon SES's notifications": {"mail", "notificationtype"},
    "Amazon SNS's envelopes": {"topicarn", "message"},
    "Postmark's events": {"recordtype"},
    "Brevo's events": {"ts_event"},
    "Mailchimp's e-mail activity": {"email_address", "action"},
    "Mailchimp's audience": {"email address", "leid"},
    "listmonk's export": {"campaign_uuid", "subscriber_uuid"},
    "Keila's messages": {"soft_bounce_received_at"},
    "KumoMTA's log": {"type", "peer_address"},
    "a contacts file": {"email"},
}
"""Names by which files of others are known, though they are not read; the general comes last."""

SHOWN: Final = 5
"""Unusable lines that an error names."""


def read_events(path: str | PathLike[str], source: str | None = None) -> pd.DataFrame:
    """Read what happened to messages, from whatever says so.

    Parameters
    ----------
    path
        A provider's export, our own events as CSV, Parquet or JSON lines, one
        .eml, an mbox, a Maildir, or a folder of .eml.
    source
        `own`, `sendgrid` or `mail`; by default it is recognised.

    Returns
    -------
    DataFrame
        One row an event, each once, with the columns of
        `vocabulary.EVENT_DTYPES`: moments in UTC, names that are not known as
        `unknown`, and `machine` judged from the user agent where the source did
        not. Its `attrs` say `unusable` (pairs of line and reason), `no_report`
        (mails that were no report) and `cannot_tell` (which blanks are no zeros).

    Raises
    ------
    InputError
        Where the file is not there, is somebody else's, or holds no usable event.
    """
    opening = Opening.of(Path(path))
    chosen = _source(opening, source)
    reading = chosen.read(opening)
    if reading.unusable and reading.events.empty:
        raise InputError(_nothing_usable(opening, reading.unusable))
    return _finished(reading, chosen)


def _finished(reading: Reading, source: Source) -> pd.DataFrame:
    once = reading.events[list(EVENT_DTYPES)].drop_duplicates(["source", "event_id"], ignore_index=True)
    events = machine.by_agent(once)
    events.attrs = {
        "unusable": [(bad.line, bad.reason) for bad in reading.unusable],
        "no_report": reading.no_report,
        "cannot_tell": source.cannot_tell,
    }
    return events


def _source(opening: Opening, name: str | None) -> Source:
    if name is not None and name not in SOURCES:
        raise InputError(f"{name!r} is no source of events; use one of {', '.join(SOURCES)}, or leave it out.")
    wanted = [SOURCES[name]] if name else list(SOURCES.values())
    found = next((source for source in wanted if source.recognises(opening)), None)
    if found is None:
        raise InputError(_not_it(opening, name))
    return found


def _not_it(opening: Opening, name: str | None) -> str:
    wanted = f"is not {SOURCES[name].title}" if name else "holds no events that bulkkit reads"
    right = next((source for source in SOURCES.values() if source.recognises(opening)), None)
    if right:
        return f"{opening.path} {wanted}: it looks like {right.title}. Read it with source={right.name!r}, or without."
    titles = ", ".join(source.title for source in SOURCES.values())
    return (
        f"{opening.path} {wanted}: it looks like {_looks_like(opening)}. What is read: {titles}; "
        "a table needs the columns kind, email and at."
    )


def _looks_like(opening: Opening) -> str:
    known = next((title for title, names in LOOK_ALIKES.items() if opening.names >= names), None)
    if known:
        return known
    names = ", ".join(sorted(opening.names)[:8])
    return f"{opening.form} with {names}" if names else str(opening.form)


def _nothing_usable(opening: Opening, unusable: tuple[Unusable, ...]) -> str:
    shown = "; ".join(f"line {bad.line}: {bad.reason}" for bad in unusable[:SHOWN])
    more = f"; and {len(unusable) - SHOWN} more" if len(unusable) > SHOWN else ""
    return f"{opening.path} holds no usable event: {shown}{more}. Correct these, or export the file again."
