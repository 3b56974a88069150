"""Complaints that mailbox providers pass on (ARF, RFC 5965)."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import Message
from typing import Any, Final

from bulkkit.events import report
from bulkkit.events.raw import RAW_LENGTH, fingerprint, kept
from bulkkit.vocabulary import EventKind

KIND: Final = "feedback-report"

FEEDBACK: Final = {"abuse": EventKind.COMPLAINED}
"""RFC 5965 §7.3. `not-spam` takes a complaint back, the others (`fraud`, `virus`, `auth-failure`) are no person's."""


def recognises(mail: Message) -> bool:
    """Return whether a mail is a feedback report, or Outlook's form of one."""
    return report.is_report(mail, KIND) or _of_outlook(mail) is not None


def events(mail: Message) -> Iterator[dict[str, Any]]:
    """Yield the event of a feedback report.

    Some providers take the recipient out; then it is read from the returned
    message, and where that has none either only the Message-ID says who it was.
    """
    found = report.part(mail, (f"message/{KIND}",))
    feedback = next(iter(report.blocks(found)), found) if found is not None else None
    about = report.returned(mail)
    kind = "abuse" if feedback is None else (report.field(feedback, "Feedback-Type") or "").lower()
    fields = report.text_of(mail if feedback is None else feedback)
    yield {
        "event_id": fingerprint(report.field(mail, "Message-ID") or report.text_of(mail), fields),
        # Arrival-Date is when the message came in, not when somebody complained (RFC 5965 §3.2).
        "at": report.sent_at(mail),
        "kind": str(FEEDBACK.get(kind, EventKind.UNKNOWN)),
        "source": "arf",
        "campaign": about.campaign,
        "message_id": about.message_id,
        "email": (_complainer(feedback) if feedback is not None else None) or about.to,
        "diagnostic": kept(kind),
        "raw": kept(fields, RAW_LENGTH),
    }


def _of_outlook(mail: Message) -> Message | None:
    """Return the message that Outlook returns with a complaint: in a plain multipart, its recipient in a header."""
    found = report.part(mail, ("message/rfc822",)) if mail.get_content_type() == "multipart/mixed" else None
    returned = report.inner(found) if found is not None else None
    return returned if returned is not None and report.field(returned, report.ORIGINAL_RECIPIENT) else None


def _complainer(feedback: Message) -> str | None:
    found = report.address(report.field(feedback, "Original-Rcpt-To"))
    return None if found and "redacted" in found.lower() else found
