"""Why a message bounced, and whether for good: from the enhanced code, the reply code, and the words.

The enhanced code decides (RFC 3463 and IANA's registry of them, in KumoMTA's
classes). Where it says nothing in particular the words do, and where there are
none the reply code. A refusal of the sender (x.7.x) never says that a mailbox is
dead, whatever its words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bulkkit.refusals.words import TEXT_LENGTH, class_of_words
from bulkkit.vocabulary import BounceClass, BounceType

ENHANCED: Final = {
    "1.1": BounceClass.INVALID_RECIPIENT,
    "1.2": BounceClass.BAD_DOMAIN,
    "1.3": BounceClass.INVALID_RECIPIENT,
    "1.4": BounceClass.INVALID_RECIPIENT,
    "1.6": BounceClass.INACTIVE_MAILBOX,
    "1.7": BounceClass.POLICY_RELATED,
    "1.8": BounceClass.POLICY_RELATED,
    "1.10": BounceClass.BAD_DOMAIN,
    "2.2": BounceClass.QUOTA_ISSUES,
    "2.3": BounceClass.QUOTA_ISSUES,
    "2.4": BounceClass.INVALID_RECIPIENT,
    "3.1": BounceClass.QUOTA_ISSUES,
    "3.2": BounceClass.TRANSIENT_FAILURE,
    "3.4": BounceClass.QUOTA_ISSUES,
    "3.5": BounceClass.TRANSIENT_FAILURE,
    "4.2": BounceClass.NO_ANSWER_FROM_HOST,
    "4.3": BounceClass.DNS_FAILURE,
    "4.5": BounceClass.TRANSIENT_FAILURE,
    "4.7": BounceClass.MESSAGE_EXPIRED,
    "5.3": BounceClass.TOO_MANY_RECIPIENTS,
    "7.13": BounceClass.INACTIVE_MAILBOX,
    "7.17": BounceClass.INVALID_RECIPIENT,
    "7.18": BounceClass.BAD_DOMAIN,
    "7.28": BounceClass.SPAM_BLOCK,
    "7.38": BounceClass.POLICY_RELATED,
    "7.515": BounceClass.AUTHENTICATION_FAILED,
    **{
        f"7.{detail}": BounceClass.AUTHENTICATION_FAILED
        for detail in (8, 9, 20, 21, 22, 23, 24, 25, 26, 27, 29, 30, 31, 32, 40)
    },
}
"""Subject and detail of an enhanced code (RFC 3463, 5248, 7293, 7372, 7505; 7.23 to 7.40: Google's page of SMTP errors,
7.515: Microsoft's, both 2026-11). X.1.7 and X.1.8 are about the sender's address, not the recipient's."""

UNTELLING: Final = {
    "2.1": BounceClass.INACTIVE_MAILBOX,
    "4.1": BounceClass.NO_ANSWER_FROM_HOST,
    "1": BounceClass.INVALID_RECIPIENT,
    "4": BounceClass.DNS_FAILURE,
    "6": BounceClass.POLICY_RELATED,
    "7": BounceClass.POLICY_RELATED,
}
"""What a code, or its subject alone (RFC 3463 §3), means where no word tells more. Microsoft 365 answers
`550 5.4.1 Recipient address rejected` for unknown users, and Gmail's 2.1 is a disabled account as well as somebody who
gets mail too fast (its page of SMTP errors, 2026-11), so these two are asked for their words first."""

REPLY_CODES: Final = {
    421: BounceClass.TRANSIENT_FAILURE,
    450: BounceClass.TRANSIENT_FAILURE,
    451: BounceClass.TRANSIENT_FAILURE,
    452: BounceClass.QUOTA_ISSUES,
    551: BounceClass.INVALID_RECIPIENT,
    552: BounceClass.QUOTA_ISSUES,
    553: BounceClass.INVALID_RECIPIENT,
}
"""RFC 5321 §4.2.3. A bare 550 or 554 is as often policy as a dead mailbox: it stays uncategorized."""

DEAD: Final = frozenset({BounceClass.INVALID_RECIPIENT, BounceClass.BAD_DOMAIN, BounceClass.INACTIVE_MAILBOX})
"""Classes that say the address is dead."""

PASSING: Final = frozenset(BounceClass) - DEAD - {BounceClass.UNCATEGORIZED, BounceClass.DNS_FAILURE}
"""Classes about the sender, the message or the day: soft even where the code begins with 5."""

OURS: Final = frozenset(
    {
        BounceClass.AUTHENTICATION_FAILED,
        BounceClass.POLICY_RELATED,
        BounceClass.SPAM_BLOCK,
        BounceClass.SPAM_CONTENT,
    }
)
"""Classes by which the sender is refused, not the person."""

_CODES: Final = re.compile(r"(?<![\d.])([245]\d\d)(?:[ \-]+#?([245]\.\d{1,3}\.\d{1,3}))?(?!\.?\d)")
_ENHANCED: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a bounce is."""

    type: BounceType
    reason: BounceClass


def classify(enhanced: str | None = None, code: int | None = None, text: str = "") -> Verdict:
    """Return type and class of a bounce.

    Parameters
    ----------
    enhanced
        The enhanced status code, such as `5.1.1`.
    code
        The SMTP reply code, such as 550.
    text
        What the server said.
    """
    reason = _reason(enhanced, code, text)
    return Verdict(_type(enhanced, code, reason), reason)


def says_dead(enhanced: str | None, code: int | None = None, text: str = "") -> bool:
    """Tell whether a refusal says that the mailbox is dead, so that its person is never written to again.

    5.1.1 and its kin say so, and words such as "user unknown" where no code tells
    more. A bare reply code does not: 550 is as often a policy. What refuses the
    sender (x.7.x) never does, whatever its words.
    """
    first = (enhanced or str(code or ""))[:1]
    return first == "5" and not is_about_sender(enhanced) and _reason(enhanced, None, text) in DEAD


def is_about_sender(enhanced: str | None) -> bool:
    """Tell whether an enhanced code is about security or policy (RFC 3463 §3.8): the sender is refused, nobody else."""
    return (enhanced or "").split(".")[1:2] == ["7"]


def codes(text: str) -> tuple[int | None, str | None]:
    """Return the reply code and the enhanced code that a server's words begin with or name."""
    found = _CODES.search(text[:TEXT_LENGTH])
    enhanced = (found and found[2]) or next(iter(_ENHANCED.findall(text[:TEXT_LENGTH])), None)
    return (int(found[1]) if found else None), enhanced


def _reason(enhanced: str | None, code: int | None, text: str) -> BounceClass:
    particular = (enhanced or "").partition(".")[2]
    subject = particular.partition(".")[0]
    return (
        ENHANCED.get(particular)
        or class_of_words(text, never=DEAD if subject == "7" else ())
        or UNTELLING.get(particular)
        or UNTELLING.get(subject)
        or REPLY_CODES.get(code or 0, BounceClass.UNCATEGORIZED)
    )


def _type(enhanced: str | None, code: int | None, reason: BounceClass) -> BounceType:
    first = (enhanced or str(code or ""))[:1]
    if first == "4" or reason in PASSING:
        return BounceType.SOFT
    if first == "5" or reason in DEAD:
        return BounceType.HARD
    return BounceType.UNDETERMINED
