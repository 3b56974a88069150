"""Delivery status notifications (RFC 3464): one event for each recipient that a mail server reports on."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import Message
from typing import Any, Final

from bulkkit.events import report
from bulkkit.events.raw import RAW_LENGTH, fingerprint, kept
from bulkkit.refusals import classify, codes
from bulkkit.vocabulary import EventKind

ACTIONS: Final = {
    "failed": EventKind.BOUNCED,
    "delayed": EventKind.DEFERRED,
    "delivered": EventKind.DELIVERED,
    "relayed": EventKind.DELIVERED,
    "expanded": EventKind.DELIVERED,
}
"""RFC 3464 §2.3.3."""

KINDS: Final = ("delivery-status", "global-delivery-status")
"""RFC 3464 §2.1 and RFC 6533 §3."""

_UNTELLING: Final = ("0.0", "")
"""Details of a status that say no more than its class."""


def recognises(mail: Message) -> bool:
    """Return whether a mail is a delivery status notification that names recipients."""
    return any(report.is_report(mail, kind) for kind in KINDS) and bool(_blocks(mail))


def events(mail: Message) -> Iterator[dict[str, Any]]:
    """Yield an event for each recipient of a notification."""
    about = report.returned(mail)
    told = report.sent_at(mail)
    for block in _blocks(mail):
        tried = report.moment(report.field(block, "Last-Attempt-Date"))
        yield {"at": tried or told, **_event(mail, block, about)}


def _blocks(mail: Message) -> list[Message]:
    """Return the groups of fields about recipients."""
    found = report.part(mail, [f"message/{kind}" for kind in KINDS])
    blocks = report.blocks(found) if found is not None else []
    return [block for block in blocks if block.get("Action") or block.get("Final-Recipient")]


def _event(mail: Message, block: Message, about: report.Returned) -> dict[str, Any]:
    kind = ACTIONS.get(_word(report.field(block, "Action")).lower(), EventKind.UNKNOWN)
    diagnostic = _value(report.field(block, "Diagnostic-Code")) or ""
    code, status = _codes(report.field(block, "Status"), diagnostic)
    fields = report.text_of(block)
    return {
        "event_id": fingerprint(report.field(mail, "Message-ID") or report.text_of(mail), fields),
        "kind": str(kind),
        "source": "dsn",
        "campaign": about.campaign,
        "message_id": about.message_id,
        "email": _recipient(block, "Original-Recipient") or _recipient(block, "Final-Recipient") or about.to,
        "smtp_code": code,
        "enhanced_code": status,
        "diagnostic": kept(diagnostic),
        "raw": kept(fields, RAW_LENGTH),
        **_bounce(kind, status, code, diagnostic),
    }


def _bounce(kind: EventKind, status: str | None, code: int | None, diagnostic: str) -> dict[str, Any]:
    if kind is not EventKind.BOUNCED:
        return {}
    verdict = classify(status, code, diagnostic)
    return {"bounce_type": str(verdict.type), "bounce_class": str(verdict.reason)}


def _codes(status: str | None, diagnostic: str) -> tuple[int | None, str | None]:
    """Return reply code and status: the field's, or the diagnostic's where the field says only its class."""
    code, said = codes(diagnostic)
    stated = codes(_word(status))[1]
    untelling = (stated or "").partition(".")[2] in _UNTELLING
    return code, (said or stated) if untelling else stated


def _recipient(block: Message, name: str) -> str | None:
    """Return the address of `rfc822; ana@example.org` (RFC 3464 §2.3.1); other address types are no mail addresses."""
    kind, _, value = (report.field(block, name) or "").rpartition(";")
    return report.address(value) if kind.strip().lower() in {"rfc822", "utf-8", ""} else None


def _value(text: str | None) -> str | None:
    """Return what stands behind a field's type, such as `smtp;`."""
    kind, mark, value = (text or "").partition(";")
    return value.strip() if mark and kind.strip().replace("-", "").isalnum() else text


def _word(text: str | None) -> str:
    return next(iter((text or "").split()), "")
