"""The words of the field and the names of the columns, each in one place.

Statuses, reasons and actions are those that Kickbox and Bouncer share; event
kinds are the normalised names onto which providers' own names are mapped;
bounce classes are KumoMTA's.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

TIMESTAMP: Final = "datetime64[us, UTC]"
"""The dtype of each column that holds a moment: UTC, microseconds."""


class Status(StrEnum):
    """What is known of an address."""

    DELIVERABLE = "deliverable"
    UNDELIVERABLE = "undeliverable"
    RISKY = "risky"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """The one primary reason for a status."""

    FAILED_SYNTAX_CHECK = "failed_syntax_check"
    NO_DNS_ENTRIES = "no_dns_entries"
    DOES_NOT_ACCEPT_MAIL = "does_not_accept_mail"
    MAILBOX_NOT_FOUND = "mailbox_not_found"
    MAILBOX_DISABLED = "mailbox_disabled"
    ACCEPT_ALL = "accept_all"
    DISPOSABLE = "disposable"
    ROLE_BASED = "role_based"
    MAILBOX_QUOTA_EXCEEDED = "mailbox_quota_exceeded"
    POSSIBLE_TYPO = "possible_typo"
    SUPPRESSED = "suppressed"
    INACTIVE = "inactive"
    PRIVACY_RELAY = "privacy_relay"
    NOT_PROBED = "not_probed"
    GREYLISTED = "greylisted"
    TIMEOUT_EXCEEDED = "timeout_exceeded"
    FAILED_SMTP_CONNECTION = "failed_smtp_connection"
    MAIL_SERVER_TEMPORARY_ERROR = "mail_server_temporary_error"
    FORCIBLE_DISCONNECT = "forcible_disconnect"
    ANTISPAM_SYSTEM = "antispam_system"
    PROBE_BLOCKED = "probe_blocked"
    DNS_ERROR = "dns_error"
    ACCEPTED_EMAIL = "accepted_email"
    DELIVERED_BEFORE = "delivered_before"


class Action(StrEnum):
    """What to do with an address."""

    SEND = "send"
    REVIEW = "review"
    RETRY = "retry"
    SUPPRESS = "suppress"


class ConsentBasis(StrEnum):
    """Why a person may be written to."""

    OPT_IN = "opt_in"
    CUSTOMER = "customer"
    BOUGHT = "bought"
    UNKNOWN = "unknown"


class CampaignKind(StrEnum):
    """One message to the whole list, or to a part chosen on purpose."""

    BLAST = "blast"
    SEGMENTED = "segmented"


class Purpose(StrEnum):
    """What a campaign is for."""

    ANNOUNCEMENT = "announcement"
    MARKETING = "marketing"
    TRANSACTIONAL = "transactional"


class SendState(StrEnum):
    """Where one recipient's message stands in the ledger."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    DOTTED = "dotted"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    EXPIRED = "expired"
    IN_DOUBT = "in_doubt"


UNFINISHED: Final = frozenset({SendState.QUEUED, SendState.DEFERRED, SendState.CLAIMED, SendState.DOTTED})
"""States from which a message may still go out, or be found to have: a dead process may have left it in any of them."""
ENDED: Final = frozenset(SendState) - UNFINISHED
"""States on which a send does not work any more by itself; `in_doubt` waits for a person."""


class EventKind(StrEnum):
    """What happened to a message, whoever says so."""

    QUEUED = "queued"
    SENT = "sent"
    REJECTED = "rejected"
    FAILED = "failed"
    BOUNCED = "bounced"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    AUTORESPONDED = "autoresponded"
    OPENED = "opened"
    CLICKED = "clicked"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    SUBSCRIBED = "subscribed"
    UNKNOWN = "unknown"


class BounceType(StrEnum):
    """Whether a bounce is for good."""

    HARD = "hard"
    SOFT = "soft"
    SUPPRESSED = "suppressed"
    UNDETERMINED = "undetermined"


class BounceClass(StrEnum):
    """Why a message bounced, in KumoMTA's names."""

    INVALID_RECIPIENT = "InvalidRecipient"
    BAD_DOMAIN = "BadDomain"
    INACTIVE_MAILBOX = "InactiveMailbox"
    QUOTA_ISSUES = "QuotaIssues"
    SPAM_BLOCK = "SpamBlock"
    SPAM_CONTENT = "SpamContent"
    POLICY_RELATED = "PolicyRelated"
    AUTHENTICATION_FAILED = "AuthenticationFailed"
    DNS_FAILURE = "DNSFailure"
    NO_ANSWER_FROM_HOST = "NoAnswerFromHost"
    TRANSIENT_FAILURE = "TransientFailure"
    MESSAGE_EXPIRED = "MessageExpired"
    TOO_MANY_RECIPIENTS = "TooManyRecipients"
    UNCATEGORIZED = "Uncategorized"


class SuppressionReason(StrEnum):
    """Why an address is never written to again."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    MANUAL = "manual"


class Rate(StrEnum):
    """The rates of a campaign, in the order in which they are shown."""

    OPENED = "opened"
    CLICKED = "clicked"
    CLICK_TO_OPEN = "click_to_open"
    BOUNCED = "bounced"
    HARD_BOUNCED = "hard_bounced"
    SOFT_BOUNCED = "soft_bounced"
    UNSUBSCRIBED = "unsubscribed"
    COMPLAINED = "complained"


class Counts(StrEnum):
    """Which opens and clicks a rate counts: known people (floor) or everything (ceiling)."""

    HUMAN = "human"
    ALL = "all"


CONTACT_COLUMNS: Final = (
    "email",
    "first_name",
    "consent_at",
    "consent_source",
    "consent_basis",
    "segment",
    "created_at",
    "tracking_consent",
)
"""The columns of a contacts frame that bulkkit knows; only `email` must be there."""

CONSENT_COLUMNS: Final = ("consent_at", "consent_source", "consent_basis")

VERDICT_DTYPES: Final = {
    "status": "str",
    "reason": "str",
    "action": "str",
    "did_you_mean": "str",
    "provider": "str",
    "disposable": "boolean",
    "role": "boolean",
    "free": "boolean",
    "accept_all": "boolean",
    "privacy_relay": "boolean",
    "has_mx": "boolean",
    "listed_by": "str",
    "depth": "str",
    "checked_at": TIMESTAMP,
    "smtp_code": "Int64",
    "enhanced_code": "str",
    "diagnostic": "str",
    "normalized": "str",
}
"""The columns that verification adds, with their dtypes."""

SEND_DTYPES: Final = {
    "campaign": "str",
    "email": "str",
    "message_id": "str",
    "network": "str",
    "relay": "str",
    "state": "str",
    "reason": "str",
    "attempts": "Int64",
    "queued_at": TIMESTAMP,
    "claimed_at": TIMESTAMP,
    "finished_at": TIMESTAMP,
    "smtp_code": "Int64",
    "enhanced_code": "str",
    "reply": "str",
    "tracked": "boolean",
}
"""A sends frame: one row a recipient and campaign."""

EVENT_DTYPES: Final = {
    "event_id": "str",
    "at": TIMESTAMP,
    "kind": "str",
    "source": "str",
    "campaign": "str",
    "message_id": "str",
    "email": "str",
    "bounce_type": "str",
    "bounce_class": "str",
    "smtp_code": "Int64",
    "enhanced_code": "str",
    "diagnostic": "str",
    "url": "str",
    "ip": "str",
    "user_agent": "str",
    "machine": "boolean",
    "machine_basis": "str",
    "raw": "str",
}
"""An events frame: one row an event, whatever its source."""

CAMPAIGN_DTYPES: Final = {
    "campaign": "str",
    "kind": "str",
    "purpose": "str",
    "created_at": TIMESTAMP,
    "recipients": "Int64",
    "sender": "str",
    "subject": "str",
    "clock": "str",
}
"""A campaigns frame: one row a campaign."""

REACTION_DTYPES: Final = {
    "campaign": "str",
    "kind": "str",
    "created_at": TIMESTAMP,
    "delivered": "Int64",
    "clicked": "Int64",
    "unsubscribed": "Int64",
    "complained": "Int64",
}
"""A reactions frame: one row a campaign, with the people who got it and who did what; known machines aside."""

HOLDOUT_DTYPES: Final = {
    "campaign": "str",
    "email": "str",
    "mailbox": "str",
    "at": TIMESTAMP,
}
"""A holdouts frame: one row a campaign and a person who was kept without its message on purpose."""

SUPPRESSION_DTYPES: Final = {
    "email": "str",
    "reason": "str",
    "at": TIMESTAMP,
    "source": "str",
    "campaign": "str",
}
"""A suppressions frame: one row an address."""
