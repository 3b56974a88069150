"""What each reason means for an address, and which of several weighs most."""

from __future__ import annotations

from typing import Final

from bulkkit.vocabulary import Action, Reason, Status

REASONS: Final = (
    Reason.NOT_PROBED,
    Reason.ACCEPTED_EMAIL,
    Reason.PROBE_BLOCKED,
    Reason.ANTISPAM_SYSTEM,
    Reason.FORCIBLE_DISCONNECT,
    Reason.FAILED_SMTP_CONNECTION,
    Reason.TIMEOUT_EXCEEDED,
    Reason.MAIL_SERVER_TEMPORARY_ERROR,
    Reason.GREYLISTED,
    Reason.DNS_ERROR,
    Reason.PRIVACY_RELAY,
    Reason.ROLE_BASED,
    Reason.ACCEPT_ALL,
    Reason.DISPOSABLE,
    Reason.POSSIBLE_TYPO,
    Reason.MAILBOX_QUOTA_EXCEEDED,
    Reason.DOES_NOT_ACCEPT_MAIL,
    Reason.NO_DNS_ENTRIES,
    Reason.MAILBOX_DISABLED,
    Reason.MAILBOX_NOT_FOUND,
    Reason.FAILED_SYNTAX_CHECK,
)
"""What may be said of an address, from light to heavy: undeliverable beats risky. A squatted misspelling often stands
in a disposable list too, and it is the person behind it who is lost. What the past says is weighed in `history`."""

_RISKY: Final = REASONS[REASONS.index(Reason.PRIVACY_RELAY) : REASONS.index(Reason.DOES_NOT_ACCEPT_MAIL)]
_UNDELIVERABLE: Final = REASONS[REASONS.index(Reason.DOES_NOT_ACCEPT_MAIL) :]

STATUSES: Final = {
    **dict.fromkeys(REASONS, Status.UNKNOWN),
    **dict.fromkeys(_RISKY, Status.RISKY),
    **dict.fromkeys(_UNDELIVERABLE, Status.UNDELIVERABLE),
    Reason.ACCEPTED_EMAIL: Status.DELIVERABLE,
}

UNTOLD: Final = frozenset({Reason.NOT_PROBED, Reason.PROBE_BLOCKED, Reason.ANTISPAM_SYSTEM})
"""Unknown, and tomorrow no more will be known: these are sent to. The others are worth asking again."""

ACTIONS: Final = {
    Status.UNDELIVERABLE: Action.SUPPRESS,
    Status.RISKY: Action.REVIEW,
    Status.DELIVERABLE: Action.SEND,
    Status.UNKNOWN: Action.RETRY,
}


def action(reason: Reason) -> Action:
    """Return what to do with an address for this reason."""
    return Action.SEND if reason in UNTOLD else ACTIONS[STATUSES[reason]]
