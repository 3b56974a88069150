"""SendGrid's event webhook and its exports: an array, or one object a line.

The names are those of its event webhook reference (twilio.com, 2026-11).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pandas as pd

from bulkkit.events import machine
from bulkkit.events.opening import Form, Opening
from bulkkit.events.raw import RAW_LENGTH, fingerprint, kept
from bulkkit.events.records import records
from bulkkit.events.source import Reading, Source, Unusable
from bulkkit.frames import conform
from bulkkit.refusals import Verdict, classify, codes
from bulkkit.vocabulary import EVENT_DTYPES, BounceClass, BounceType, EventKind

KINDS: Final = {
    "processed": EventKind.QUEUED,
    "deferred": EventKind.DEFERRED,
    "delivered": EventKind.DELIVERED,
    "dropped": EventKind.REJECTED,
    "bounce": EventKind.BOUNCED,
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
    "spamreport": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED,
    "group_unsubscribe": EventKind.UNSUBSCRIBED,
    "group_resubscribe": EventKind.SUBSCRIBED,
}

CLASSES: Final = {
    "invalid address": BounceClass.INVALID_RECIPIENT,
    "content": BounceClass.SPAM_CONTENT,
    "reputation": BounceClass.SPAM_BLOCK,
    "frequency or volume too high": BounceClass.SPAM_BLOCK,
    "mailbox unavailable": BounceClass.QUOTA_ISSUES,
    "technical failure": BounceClass.TRANSIENT_FAILURE,
}
"""`bounce_classification`, asked where codes and words tell nothing."""

TYPES: Final = {
    "blocked": Verdict(BounceType.SOFT, BounceClass.POLICY_RELATED),
    "expired": Verdict(BounceType.SOFT, BounceClass.MESSAGE_EXPIRED),
}
"""`type`: a blocked message says nothing of the address, an expired one was never answered for good."""

CAMPAIGN_FIELDS: Final = ("campaign", "marketing_campaign_name", "category")
"""Where a campaign's name stands: our own custom argument, the marketing campaign, a category; the first counts."""

BATCH: Final = 20_000
_NEEDED: Final = frozenset({"event", "email", "timestamp"})


def recognises(opening: Opening) -> bool:
    """Return whether a file is SendGrid's."""
    return opening.form is Form.JSON and opening.names >= _NEEDED


def read(opening: Opening) -> Reading:
    """Read SendGrid's events."""
    unusable: list[Unusable] = []
    frames = list(_frames(_rows(records(opening), unusable)))
    events = pd.concat(frames, ignore_index=True) if frames else conform(pd.DataFrame(), EVENT_DTYPES)
    return Reading(events, tuple(unusable))


def _rows(found: Iterable[Any], unusable: list[Unusable]) -> Iterator[dict[str, Any]]:
    for record in found:
        if isinstance(record, Unusable):
            unusable.append(record)
            continue
        number, fields = record
        reason = _reason(fields)
        if reason:
            unusable.append(Unusable(number, reason))
        else:
            yield _event(fields)


def _reason(fields: Mapping[str, Any]) -> str | None:
    """Return why a record is unusable, or None."""
    if _text(fields, "email") is None and _text(fields, "smtp-id") is None:
        return "it names neither an email nor an smtp-id"
    try:
        _moment(fields)
    except (KeyError, ValueError, TypeError, OverflowError, OSError):
        return f"its timestamp {str(fields.get('timestamp'))[:40]!r} is no Unix time"
    return None


def _moment(fields: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(float(fields["timestamp"]), UTC)


def _frames(rows: Iterable[dict[str, Any]]) -> Iterator[pd.DataFrame]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield _frame(batch)
            batch = []
    if batch:
        yield _frame(batch)


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return conform(pd.DataFrame(rows, columns=list(EVENT_DTYPES)), EVENT_DTYPES)


def _event(fields: Mapping[str, Any]) -> dict[str, Any]:
    raw = json.dumps(fields, ensure_ascii=False, sort_keys=True)
    kind = KINDS.get(str(fields.get("event")).lower(), EventKind.UNKNOWN)
    said = _text(fields, "response") or _text(fields, "reason") or ""
    code, enhanced = codes(f"{said} {_text(fields, 'status') or ''}")
    return {
        "event_id": _text(fields, "sg_event_id") or fingerprint(raw),
        "at": _moment(fields),
        "kind": str(kind),
        "source": SOURCE.name,
        "campaign": _campaign(fields),
        "message_id": _text(fields, "smtp-id"),
        "email": _text(fields, "email"),
        "smtp_code": code,
        "enhanced_code": enhanced,
        "diagnostic": kept(said),
        "url": _text(fields, "url"),
        "ip": _text(fields, "ip"),
        "user_agent": _text(fields, "useragent"),
        "raw": kept(raw, RAW_LENGTH),
        **_bounce(kind, fields, code, enhanced, said),
        **_machine(fields),
    }


def _bounce(
    kind: EventKind, fields: Mapping[str, Any], code: int | None, enhanced: str | None, said: str
) -> dict[str, Any]:
    if kind is EventKind.REJECTED:
        return {"bounce_type": str(BounceType.SUPPRESSED)}
    if kind is not EventKind.BOUNCED:
        return {}
    verdict = classify(enhanced, code, said)
    named = CLASSES.get((_text(fields, "bounce_classification") or "").lower())
    of_type = TYPES.get(_text(fields, "type") or "")
    reason = verdict.reason
    if reason is BounceClass.UNCATEGORIZED:
        reason = named or (of_type.reason if of_type else reason)
    return {"bounce_type": str(of_type.type if of_type else verdict.type), "bounce_class": str(reason)}


def _machine(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what SendGrid judged of an open: it looks for Apple's proxy only, so a no leaves the user agent to ask."""
    flag = fields.get("sg_machine_open")
    if flag is None:
        return {}
    if flag is True:
        return {"machine": True, "machine_basis": "sendgrid"}
    seen, basis = machine.of_agent(_text(fields, "useragent"))
    return {"machine": bool(seen), "machine_basis": basis or "sendgrid"}


def _campaign(fields: Mapping[str, Any]) -> str | None:
    return next(filter(None, (_text(fields, name) for name in CAMPAIGN_FIELDS)), None)


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if isinstance(value, list):
        value = value[0] if value else None
    return None if value is None else kept(str(value))


SOURCE: Final = Source(
    "sendgrid",
    "SendGrid's events",
    recognises,
    read,
    "It has no event when a message is handed over (sent); networks without a feedback loop report no complaints; "
    "a click names no machine.",
)
