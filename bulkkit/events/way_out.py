"""Unsubscribing by mail: the `mailto:` of List-Unsubscribe (RFC 2369 §3.2), or a reply that says so.

Anybody can write such a mail in anybody's name, so it carries what it knows of
the message it answers: the ledger suppresses only where that fits a send.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from typing import Any, Final

from bulkkit.events import report
from bulkkit.events.raw import RAW_LENGTH, fingerprint, kept
from bulkkit.vocabulary import EventKind

_ASKS: Final = re.compile(r"(?:(?:re|aw|fwd?|sv|antw)\s*:\s*)*unsubscribe\b", re.IGNORECASE)
_MESSAGE_ID: Final = re.compile(r"<[^<>\s@]{1,250}@[^<>\s@]{1,250}>")


def recognises(mail: Message) -> bool:
    """Return whether a person's mail asks to be taken off the list; an automatic answer never does."""
    automatic = (report.field(mail, "Auto-Submitted") or "no").lower() != "no"
    return not automatic and bool(_ASKS.match(report.field(mail, "Subject") or "") or _only_word(mail))


def events(mail: Message) -> Iterator[dict[str, Any]]:
    """Yield the unsubscribe that a mail asks for."""
    fields = report.text_of(mail)
    yield {
        "event_id": fingerprint(report.field(mail, "Message-ID") or fields),
        "at": report.sent_at(mail),
        "kind": str(EventKind.UNSUBSCRIBED),
        "source": "mail",
        "message_id": _answered(mail),
        "email": report.address(report.field(mail, "From")),
        "raw": kept(fields, RAW_LENGTH),
    }


def _answered(mail: Message) -> str | None:
    """Return the Message-ID in the subject, or of the message replied to."""
    said = " ".join(filter(None, (report.field(mail, name) for name in ("Subject", "In-Reply-To", "References"))))
    found = _MESSAGE_ID.search(said)
    return found[0] if found else None


def _only_word(mail: Message) -> bool:
    """Return whether a reply's first line is the one word."""
    body = next((one for one in mail.walk() if one.get_content_type() == "text/plain"), None)
    payload = body.get_payload(decode=True) if body is not None and mail.get("In-Reply-To") else None
    first = payload[:200].lstrip().partition(b"\n")[0] if isinstance(payload, bytes) else b""
    return first.strip(b" .!\r").lower() == b"unsubscribe"
