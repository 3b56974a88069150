"""Bounces in plain words: from Exim, qmail and Gmail where they send no fields for machines.

Only a mail system's own mail is one: it comes from its daemon, and either names
the failed recipients in a header (Exim, Gmail) or follows qmail's format
(QSBMF, cr.yp.to/proto/qsbmf.txt).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_string
from email.message import Message
from typing import Any, Final

from bulkkit.events import report
from bulkkit.events.raw import RAW_LENGTH, fingerprint, kept
from bulkkit.refusals import classify, codes
from bulkkit.vocabulary import EventKind

FAILED: Final = "X-Failed-Recipients"
QMAIL: Final = "Hi. This is the"
"""How a bounce in qmail's format begins."""
LONGEST: Final = 20_000
"""Characters of words that are read."""
MOST: Final = 100
"""Recipients of one bounce that are taken."""

_DAEMON: Final = re.compile(r"(?:mailer-daemon|postmaster)@", re.IGNORECASE)
_DELAY: Final = re.compile(r"\bdelay|\bwarning\b", re.IGNORECASE)
_COPY: Final = re.compile(r"^-{3,} ?(?:Below this line|This is a copy).*$", re.MULTILINE)
_PARAGRAPH: Final = re.compile(r"^<([^<>\s]{1,320})>:\n((?:[^\n]+(?:\n|\Z))+)", re.MULTILINE)


def recognises(mail: Message) -> bool:
    """Return whether a mail is a mail system's bounce in plain words."""
    author = report.address(report.field(mail, "From")) or ""
    is_named = report.field(mail, FAILED) is not None
    return bool(_DAEMON.match(author)) and (is_named or _words(mail).startswith(QMAIL))


def events(mail: Message) -> Iterator[dict[str, Any]]:
    """Yield an event for each recipient that a bounce names."""
    words, _, copy = _split(_words(mail))
    about = report.returned(mail)
    if about.message_id is None and copy:
        about = report.about(message_from_string(copy))
    for recipient, said in _failures(mail, words):
        yield _event(mail, recipient, said, about)


def _event(mail: Message, recipient: str, said: str, about: report.Returned) -> dict[str, Any]:
    is_delay = bool(_DELAY.search(report.field(mail, "Subject") or ""))
    code, enhanced = codes(said)
    verdict = classify(enhanced, code, said)
    bounce = {} if is_delay else {"bounce_type": str(verdict.type), "bounce_class": str(verdict.reason)}
    return {
        "event_id": fingerprint(report.field(mail, "Message-ID") or report.text_of(mail), recipient),
        "at": report.sent_at(mail),
        "kind": str(EventKind.DEFERRED if is_delay else EventKind.BOUNCED),
        "source": "dsn",
        "campaign": about.campaign,
        "message_id": about.message_id,
        "email": recipient,
        "smtp_code": code,
        "enhanced_code": enhanced,
        "diagnostic": kept(said),
        "raw": kept(said, RAW_LENGTH),
        **bounce,
    }


def _failures(mail: Message, words: str) -> list[tuple[str, str]]:
    """Return each failed recipient with what was said of them."""
    named = report.field(mail, FAILED)
    if named is None:
        return _PARAGRAPH.findall(words)[:MOST]
    found = (report.address(one) for one in named.split(",")[:MOST])
    return [(recipient, words) for recipient in found if recipient]


def _words(mail: Message) -> str:
    """Return the words for people, in LF lines."""
    part = next((one for one in mail.walk() if one.get_content_type() == "text/plain"), None)
    payload = part.get_payload(decode=True) if part is not None else b""
    text = payload[:LONGEST].decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return text.replace("\r\n", "\n").lstrip()


def _split(words: str) -> tuple[str, str, str]:
    """Return what stands before the copy of the message, the line between, and the copy."""
    line = _COPY.search(words)
    return (words, "", "") if line is None else (words[: line.start()], line[0], words[line.end() :].lstrip())
