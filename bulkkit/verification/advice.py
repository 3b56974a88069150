"""What to do next about each reason, in a sentence with its count."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import pandas as pd

from bulkkit.vocabulary import Reason

NOUN: Final = ("1 address", "{rows} addresses")

STEPS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        Reason.FAILED_SYNTAX_CHECK: (
            "Leave out {addresses} that cannot be an address",
            "Leave out {addresses} that cannot be addresses",
        ),
        Reason.NO_DNS_ENTRIES: ("Leave out {addresses}: the domain does not exist",) * 2,
        Reason.DOES_NOT_ACCEPT_MAIL: ("Leave out {addresses}: the domain says that it takes no mail",) * 2,
        Reason.MAILBOX_NOT_FOUND: ("Leave out {addresses}: the server says that there is no such mailbox",) * 2,
        Reason.MAILBOX_DISABLED: ("Leave out {addresses}: the mailbox is closed",) * 2,
        Reason.SUPPRESSED: ("Do not write to {addresses}: bounced for good, complained or unsubscribed before",) * 2,
        Reason.POSSIBLE_TYPO: (
            "Ask the person behind {addresses}: probably misspelt",
            "Ask the people behind {addresses}: probably misspelt",
        ),
        Reason.DISPOSABLE: ("Leave out {addresses} made to be thrown away; a plan does so by itself",) * 2,
        Reason.MAILBOX_QUOTA_EXCEEDED: ("Try {addresses} again in a week: the mailbox is full",) * 2,
        Reason.INACTIVE: ("Ask {addresses} whether to stay on the list: no reaction in a year",) * 2,
        Reason.ROLE_BASED: (
            "Look at {addresses} that a team reads, not a person: is the consent theirs?",
            "Look at {addresses} that teams read, not people: is the consent theirs?",
        ),
        Reason.ACCEPT_ALL: ("Send to {addresses} with care: the server accepts any name, and may bounce later",) * 2,
        Reason.PRIVACY_RELAY: (
            "Keep {addresses} behind a privacy relay: a real subscriber who hides the address",
            "Keep {addresses} behind privacy relays: real subscribers who hide their address",
        ),
        Reason.ANTISPAM_SYSTEM: ("Nothing is known of {addresses}: the server answers no questions",) * 2,
        Reason.PROBE_BLOCKED: ("Do not probe {addresses} again from here: the server blocks it",) * 2,
    }
)
"""For one address and for several. Reasons that are not here need nothing but to be sent to, or asked again."""

AGAIN: Final = "Verify {addresses} again later: no answer this time ({reason})"
SEND: Final = "Send to {addresses}: nothing speaks against {them}"
MENDED: Final = "; did_you_mean has a proposal for {proposed}"
MENDABLE: Final = (Reason.FAILED_SYNTAX_CHECK, Reason.POSSIBLE_TYPO)


def next_steps(counts: pd.DataFrame, proposed: Mapping[str, int]) -> tuple[str, ...]:
    """Return what to do next, a sentence a reason: who must not be written to first, who can be last.

    Parameters
    ----------
    counts
        Columns `status, reason, action, rows`.
    proposed
        How many rows of each reason have a `did_you_mean`.
    """
    by_reason = counts.groupby("reason", sort=False)["rows"].sum()
    known = {str(reason): int(by_reason[reason]) for reason in STEPS if reason in by_reason.index}
    mended = {reason: proposed.get(reason, 0) for reason in known if reason in MENDABLE}
    steps = [_said(STEPS[reason], rows, mended.get(reason, 0)) for reason, rows in known.items()]
    again = counts[counts["action"].eq("retry") & ~counts["reason"].isin(known)]
    steps += [
        f"{AGAIN.format(addresses=addresses(int(rows)), reason=str(reason).replace('_', ' '))}."
        for reason, rows in zip(again["reason"], again["rows"], strict=True)
    ]
    free = int(counts.loc[counts["action"].eq("send") & ~counts["reason"].isin(known), "rows"].sum())
    them = "it" if free == 1 else "them"
    return (*steps, *([f"{SEND.format(addresses=addresses(free), them=them)}."] if free else []))


def addresses(rows: int) -> str:
    """Return a count and its noun: `1 address`, `1,184 addresses`."""
    return NOUN[rows != 1].format(rows=f"{rows:,}")


def _said(sentences: tuple[str, str], rows: int, proposed: int) -> str:
    said = sentences[rows != 1].format(addresses=addresses(rows))
    hint = MENDED.format(proposed=_of(proposed, rows)) if proposed else ""
    return f"{said}{hint}{'' if said.endswith('?') and not hint else '.'}"


def _of(part: int, rows: int) -> str:
    if part == rows:
        return "it" if rows == 1 else "each"
    return f"{part:,} of them"
