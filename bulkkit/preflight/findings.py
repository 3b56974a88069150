"""What is found about a send before it begins, and all that is looked at for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum

import pandas as pd

from bulkkit.campaign import Campaign
from bulkkit.message.compiled import CompiledMessage
from bulkkit.message.dkim import Dkim
from bulkkit.transitions import Recipient


class Severity(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know before the send: what it concerns, what was found, what to do, and whose rule it is."""

    rule: str
    severity: Severity
    concerns: str
    finding: str
    fix: str
    source: str


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a send goes, beside the list and what was sent before.

    Parameters
    ----------
    mailable
        Rows of the list that may be written to, before anything was left out by choice.
    capped
        How many of them had so many blasts lately that they get no other.
    again
        How many of the recipients had a blast lately.
    held_out
        How many are held out to measure what the message does.
    past
        Earlier campaigns, the oldest first (columns of `vocabulary.REACTION_DTYPES`).
    """

    mailable: int
    capped: int = 0
    again: int = 0
    held_out: int = 0
    past: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True, slots=True)
class Situation:
    """All that preflight looks at.

    `recipients` holds the rows that will be written to, with their columns;
    `bought` counts the bought rows of the list, which are left out; `trial` is a
    few recipients to fill the template in for; `reach` is what is known of the
    send beside the list and earlier sends.
    """

    campaign: Campaign
    message: CompiledMessage
    recipients: pd.DataFrame
    columns: tuple[str, ...]
    bought: int = 0
    consent: str | None = None
    only_loopback: bool = True
    trial: tuple[Recipient, ...] = field(default_factory=tuple)
    reach: Reach | None = None
    dkim: Dkim | None = None


def as_frame(findings: Iterable[Finding]) -> pd.DataFrame:
    """Return findings as a frame: columns rule, severity, concerns, finding, fix, source."""
    columns = list(Finding.__dataclass_fields__)
    return pd.DataFrame([asdict(finding) for finding in findings], columns=columns).astype("str")
