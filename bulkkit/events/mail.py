"""Mail as a source: one .eml, an mbox, a Maildir or a folder of .eml, each mail judged by what it is.

A bounce, a complaint, an unsubscribe; whatever is none of them is counted and
becomes no event.
"""

from __future__ import annotations

import mailbox
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pandas as pd

from bulkkit.errors import InputError
from bulkkit.events import arf, dsn, plain_bounce, report, way_out
from bulkkit.events.opening import Form, Opening
from bulkkit.events.source import Reading, Source, Unusable
from bulkkit.frames import conform
from bulkkit.vocabulary import EVENT_DTYPES

LONGEST: Final = 2 << 20
"""Bytes of a mail that are read: a report stands at its beginning, the message it returns may be of any length."""

JUDGES: Final = (dsn, arf, plain_bounce, way_out)
"""Asked in this order: what is a report is never read as a person's mail."""


def recognises(opening: Opening) -> bool:
    """Return whether there is mail: a mail, an mbox or a folder."""
    return opening.form in {Form.MAIL, Form.MBOX, Form.FOLDER}


def read(opening: Opening) -> Reading:
    """Read all mails of a file or folder."""
    rows: list[dict[str, Any]] = []
    unusable: list[Unusable] = []
    no_report = 0
    for number, (name, content) in enumerate(_mails(opening), start=1):
        found = _judged(content)
        no_report += not found
        for event in found:
            reason = event.get("unusable") or _reason(event)
            if reason:
                unusable.append(Unusable(number, f"({name}) {reason}"))
            else:
                rows.append(event)
    events = conform(pd.DataFrame(rows, columns=list(EVENT_DTYPES)), EVENT_DTYPES)
    return Reading(events, tuple(unusable), no_report)


def _judged(content: bytes) -> list[dict[str, Any]]:
    """Return the events of a mail: none where it is no report."""
    try:
        mail = report.parse(content)
        judge = next((judge for judge in JUDGES if judge.recognises(mail)), None)
        return list(judge.events(mail)) if judge else []
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        # What the standard library's parser raises for mail broken in ways that it does not foresee.
        return [{"unusable": f"cannot be taken apart: {error}"}]


def _reason(event: dict[str, Any]) -> str | None:
    if event["at"] is None:
        return "is a report without a readable date"
    if not event["email"] and not event["message_id"]:
        return "is a report that names neither a recipient nor a Message-ID"
    return None


def _mails(opening: Opening) -> Iterator[tuple[str, bytes]]:
    if opening.form is Form.MBOX:
        yield from _of_mbox(opening.path)
    elif opening.form is Form.FOLDER:
        for path in _files(opening.path):
            yield path.name, _head(path)
    else:
        yield opening.path.name, _head(opening.path)


def _of_mbox(path: Path) -> Iterator[tuple[str, bytes]]:
    box = mailbox.mbox(path, factory=None, create=False)
    try:
        for number, key in enumerate(box.keys(), start=1):
            with box.get_file(key) as file:
                yield f"mail {number}", file.read(LONGEST)
    finally:
        box.close()


def _files(folder: Path) -> Iterator[Path]:
    """Yield the mails of a Maildir (all that are delivered: new and cur), or the .eml files of a folder."""
    is_maildir = (folder / "new").is_dir() and (folder / "cur").is_dir()
    places = [folder / "cur", folder / "new"] if is_maildir else [folder]
    found = [path for place in places for path in sorted(place.glob("*" if is_maildir else "*.eml"))]
    if not found and not is_maildir:
        raise InputError(f"{folder} holds no .eml and is no Maildir (folders new and cur). Name the right one.")
    yield from (path for path in found if path.is_file() and not path.name.startswith("."))


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LONGEST)


SOURCE: Final = Source(
    "mail",
    "mail",
    recognises,
    read,
    "Opens, clicks and deliveries leave no mail; many servers bounce during the send and not by mail; most networks "
    "pass complaints on to nobody.",
)
