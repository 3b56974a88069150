"""What a mail server's answer says of a mailbox: a verdict, or that the probe failed, which says nothing of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bulkkit.refusals import classify, codes
from bulkkit.verification.probed import Probed
from bulkkit.vocabulary import BounceClass, Reason


class Step(StrEnum):
    """Where in the conversation something was said."""

    CONNECT = "connect"
    MAIL = "MAIL"
    RCPT = "RCPT"


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back: a reply with its code, or a failure without one."""

    step: Step
    code: int | None = None
    text: str = ""
    failure: Reason | None = None


SAID: Final = 200
"""Characters of a server's words that are kept."""

ABOUT_US: Final = re.compile(
    r"access (?:is )?denied|\bblocked|(?:black|block|deny) ?list|\b(?:d?nsb|rb|pb|sb|xb|cb)l\b|spamhaus|spamcop|sorbs"
    r"|barracuda|uceprotect|abuseat|invaluement|senderscore|sender ?base|mailspike|\breputation\b",
    re.IGNORECASE,
)
"""Words by which a server refuses whoever asks: `access denied`, `blocked`, the name of a block list. Whatever code
stands before them, they are no news of a mailbox."""

MAILBOX: Final = {
    BounceClass.INVALID_RECIPIENT: Reason.MAILBOX_NOT_FOUND,
    BounceClass.INACTIVE_MAILBOX: Reason.MAILBOX_DISABLED,
    BounceClass.QUOTA_ISSUES: Reason.MAILBOX_QUOTA_EXCEEDED,
    BounceClass.SPAM_CONTENT: Reason.ANTISPAM_SYSTEM,
}
"""What a refusal for good (5xx) of RCPT means. All else is about us: a bare 550 or 5.7.1 is a failed probe."""

FULL: Final = "4.2.2"
"""The mailbox is full (RFC 3463 3.3); 452 alone may as well mean too many recipients (RFC 5321 4.5.3.1.10)."""

GREY: Final = re.compile(r"gr[ea]y ?-?list|4\.7\.1\b.*\b(?:later|again)|try again (?:later|in)|not yet", re.IGNORECASE)
"""Words of greylisting (RFC 6647 2)."""

CLOSING: Final = 421
"""The server is closing the connection (RFC 5321 3.8)."""

AGAIN: Final = frozenset({Reason.GREYLISTED, Reason.MAIL_SERVER_TEMPORARY_ERROR})
"""Answers that are worth asking for once more."""

_ADDRESS: Final = re.compile(r"[^\s<>]+@[^\s<>]+")


def probed(heard: Heard) -> Probed:
    """Return what follows from an answer."""
    enhanced = codes(f"{heard.code} {heard.text}")[1] if heard.code else None
    words = f"{heard.code or ''} {heard.text}".strip()[:SAID]
    return Probed(_reason(heard, enhanced), heard.code, enhanced, f"{heard.step}: {words}" if words else None)


def is_answer(code: int) -> bool:
    """Tell whether a code can be the answer to any of these questions: yes, later, or no (RFC 5321 4.3.2)."""
    return 200 <= code < 300 or 400 <= code < 600


def is_refusal(answer: Probed) -> bool:
    """Tell whether the server refuses whoever asks, so that it is not asked any further."""
    return answer.reason is Reason.PROBE_BLOCKED


def _reason(heard: Heard, enhanced: str | None) -> Reason:
    if heard.failure is not None or heard.code is None or not is_answer(heard.code):
        return heard.failure or Reason.FAILED_SMTP_CONNECTION
    # An address is not what the server says: blocked@example.org is not blocked.
    words = _ADDRESS.sub(" ", heard.text)
    if heard.code >= 400 and ABOUT_US.search(words):
        return Reason.PROBE_BLOCKED
    if heard.code >= 500:
        return _refused(heard, enhanced)
    if heard.code >= 400:
        return _put_off(heard, enhanced, words)
    return Reason.ACCEPTED_EMAIL


def _refused(heard: Heard, enhanced: str | None) -> Reason:
    if heard.step is not Step.RCPT:
        return Reason.PROBE_BLOCKED
    return MAILBOX.get(classify(enhanced, heard.code, heard.text).reason, Reason.PROBE_BLOCKED)


def _put_off(heard: Heard, enhanced: str | None, words: str) -> Reason:
    if heard.step is Step.RCPT and enhanced == FULL:
        return Reason.MAILBOX_QUOTA_EXCEEDED
    if heard.code != CLOSING and GREY.search(words):
        return Reason.GREYLISTED
    return Reason.MAIL_SERVER_TEMPORARY_ERROR
