"""Mail that comes back to a sender: bounces, complaints, and people who want no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from bulkkit.events.raw import fingerprint
from bulkkit.sandbox.letter import Letter
from bulkkit.sandbox.mailboxes import HEAD
from bulkkit.sandbox.reception import NOBODY
from bulkkit.vocabulary import EventKind

_BOUNDARY: Final = "=_report"


@dataclass(frozen=True, slots=True)
class Answer:
    """A mail, and the envelope in which it comes."""

    sender: str
    recipient: str
    content: bytes


def answer(kind: EventKind, letter: Letter, original: bytes, at: datetime) -> Answer:
    """Return the mail by which a bounce, a complaint or an unsubscribe reaches the sender of a letter."""
    write = {EventKind.BOUNCED: _bounce, EventKind.COMPLAINED: _complaint, EventKind.UNSUBSCRIBED: _unsubscribe}
    return write[kind](letter, original, at)


def _bounce(letter: Letter, original: bytes, at: datetime) -> Answer:
    """Return a delivery status notification (RFC 3464): taken at first, refused further on."""
    domain = letter.recipient.rpartition("@")[2]
    fields = (
        f"Reporting-MTA: dns; mx.{domain}\r\n\r\n"
        f"Final-Recipient: {_address_type(letter.recipient)}; {letter.recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        f"Diagnostic-Code: smtp; 550 5.1.1 <{letter.recipient}> User unknown\r\n"
    )
    head = _headers(letter, at, f"MAILER-DAEMON@{domain}", "Undelivered Mail Returned to Sender", EventKind.BOUNCED)
    words = "Your message could not be delivered.\r\n"
    report = _report(head, "delivery-status", words, fields, "text/rfc822-headers", _head_of(original))
    return Answer(NOBODY, letter.sender, report)


def _complaint(letter: Letter, original: bytes, at: datetime) -> Answer:
    """Return a feedback report (RFC 5965)."""
    desk = f"fbl@{letter.recipient.rpartition('@')[2]}"
    fields = (
        "Feedback-Type: abuse\r\nUser-Agent: bulkkit-sandbox/1\r\nVersion: 1\r\n"
        f"Original-Mail-From: <{letter.sender}>\r\nOriginal-Rcpt-To: <{letter.recipient}>\r\n"
        f"Arrival-Date: {format_datetime(letter.received_at)}\r\n"
    )
    head = _headers(letter, at, desk, "Complaint about your message", EventKind.COMPLAINED)
    words = "A person has marked this message as spam.\r\n"
    return Answer(desk, letter.sender, _report(head, "feedback-report", words, fields, "message/rfc822", original))


def _unsubscribe(letter: Letter, original: bytes, at: datetime) -> Answer:  # noqa: ARG001 - one signature for all
    """Return the mail that a mail program makes of a `mailto:` (RFC 6068)."""
    parts = urlsplit(letter.mailto or "")
    recipient, asked = unquote(parts.path), parse_qs(parts.query.replace("+", "%2B"))
    subject = " ".join(asked.get("subject", ["unsubscribe"])[0].split())
    head = (
        f"From: <{letter.recipient}>\r\nTo: <{recipient}>\r\nSubject: {subject}\r\nDate: {format_datetime(at)}\r\n"
        f"Message-ID: {_message_id(letter, EventKind.UNSUBSCRIBED)}\r\n\r\n"
    )
    body = "\r\n".join(asked.get("body", [""])[0].splitlines())
    return Answer(letter.recipient, recipient, f"{head}{body}\r\n".encode())


def _headers(letter: Letter, at: datetime, author: str, subject: str, kind: EventKind) -> str:
    return (
        f"From: <{author}>\r\nTo: <{letter.sender}>\r\nSubject: {subject}\r\nDate: {format_datetime(at)}\r\n"
        f"Message-ID: {_message_id(letter, kind)}\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
    )


def _message_id(letter: Letter, kind: EventKind) -> str:
    return f"<{fingerprint(kind, letter.message_id or letter.name, letter.recipient)}@audience.example>"


def _report(head: str, kind: str, words: str, fields: str, returned_type: str, returned: bytes) -> bytes:
    """Return a report (RFC 6522): words for people, fields for machines, the message that it is about."""
    line = f"\r\n--{_BOUNDARY}"
    start = (
        f'{head}Content-Type: multipart/report; report-type={kind}; boundary="{_BOUNDARY}"\r\n'
        f"{line}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n{words}"
        f"{line}\r\nContent-Type: message/{kind}\r\n\r\n{fields}"
        f"{line}\r\nContent-Type: {returned_type}\r\n\r\n"
    )
    return start.encode() + returned + f"{line}--\r\n".encode()


def _head_of(original: bytes) -> bytes:
    return original[:HEAD].partition(b"\r\n\r\n")[0] + b"\r\n"


def _address_type(address: str) -> str:
    return "rfc822" if address.isascii() else "utf-8"
