"""A report in a mail: its parts, its date, and the message that it returns (RFC 6522)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import message_from_bytes, message_from_string
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from typing import Final

from bulkkit.events.raw import FIELD_LENGTH, kept

RETURNED: Final = frozenset(
    {
        "message/rfc822",
        "message/global",
        "message/rfc822-headers",
        "message/global-headers",
        "text/rfc822-headers",
    }
)
"""Parts that hold the message, or its headers (RFC 6522 §3, RFC 6533 §5 and 6)."""

ORIGINAL_RECIPIENT: Final = "X-HmXmrOriginalRecipient"
"""Where Outlook's complaints name the recipient, in the returned message (Microsoft's junk mail reporting, 2026-11)."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What a returned message says of itself."""

    message_id: str | None = None
    campaign: str | None = None
    to: str | None = None


def parse(mail: bytes) -> Message:
    """Return a mail, however broken; the lenient policy takes time in proportion to its length."""
    return message_from_bytes(mail)


def is_report(mail: Message, kind: str) -> bool:
    """Return whether the whole mail is a report of that kind; one that is only attached or forwarded is not."""
    return mail.get_content_type() == "multipart/report" and part(mail, (f"message/{kind}",)) is not None


def part(mail: Message, types: Iterable[str]) -> Message | None:
    """Return the first direct part that has one of the types."""
    wanted = frozenset(types)
    return next((one for one in _parts(mail) if one.get_content_type() in wanted), None)


def field(message: Message, name: str) -> str | None:
    """Return a header's text, unfolded, encoded words decoded; None where it is missing or empty."""
    wanted = name.lower()
    value = next((value for key, value in message.raw_items() if key.lower() == wanted), None)
    return None if value is None else kept(_decoded(_unfolded(value)))


def address(text: str | None) -> str | None:
    """Return the first address in a header's text, or None where there is none."""
    found = [spec for _, spec in getaddresses([(text or "")[:FIELD_LENGTH]]) if "@" in spec[1:-1]]
    return found[0] if found else None


def sent_at(mail: Message) -> datetime | None:
    """Return when a mail was written (Date) or else taken in (the topmost Received); None where neither is readable."""
    received = (field(mail, "Received") or "").rpartition(";")[2]
    return moment(field(mail, "Date")) or moment(received)


def moment(text: str | None) -> datetime | None:
    """Return the moment of a mail's date (RFC 5322 §3.3); without a zone it is UTC."""
    try:
        at = parsedate_to_datetime((text or "")[:100])
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def returned(mail: Message) -> Returned:
    """Return what is known of the message that a report is about."""
    found = part(mail, RETURNED)
    known = Returned() if found is None else about(inner(found))
    # Exchange strips the returned message, and answers its Message-ID instead.
    return known if known.message_id else replace(known, message_id=field(mail, "In-Reply-To"))


def about(message: Message) -> Returned:
    """Return what a message, or what is left of it, says of itself."""
    to = address(field(message, ORIGINAL_RECIPIENT)) or address(field(message, "To"))
    return Returned(field(message, "Message-ID"), field(message, "X-Campaign"), to)


def text_of(message: Message) -> str:
    """Return the fields of a report's part as text."""
    return "\n".join(f"{name}: {_unfolded(value)}" for name, value in message.raw_items())


def blocks(found: Message) -> list[Message]:
    """Return the groups of fields of a delivery-status part: first the message's, then one a recipient."""
    payload = found.get_payload()
    if found.get_content_type() == "message/delivery-status" and isinstance(payload, list):
        return [block for block in payload if isinstance(block, Message) and block.items()]
    text = _plain(found).replace("\r\n", "\n")
    return [block for block in map(message_from_string, text.split("\n\n")) if block.items()]


def _parts(mail: Message) -> list[Message]:
    payload = mail.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def inner(found: Message) -> Message:
    """Return the message that a part holds."""
    nested = _parts(found)
    return nested[0] if nested else message_from_string(_plain(found).lstrip())


def _plain(found: Message) -> str:
    """Return a part's text; the standard library has parsed `message/…` parts as messages already."""
    nested = _parts(found)
    if nested:
        return "\n\n".join(one.as_bytes().decode("utf-8", "replace") for one in nested)
    payload = found.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _unfolded(value: object) -> str:
    """Return a raw header value as one line; bytes that are no ASCII are read as UTF-8 (RFC 6532)."""
    line = " ".join(str(value)[: 2 * FIELD_LENGTH].split())
    return line.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _decoded(text: str) -> str:
    try:
        return str(make_header(decode_header(text)))
    except (ValueError, LookupError):
        return text
