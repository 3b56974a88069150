"""What bounced and why: one row for each kind of refusal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import pandas as pd

from bulkkit.addresses import mailbox_keys
from bulkkit.vocabulary import BounceClass, BounceType, EventKind

MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        BounceClass.INVALID_RECIPIENT: "no such mailbox",
        BounceClass.BAD_DOMAIN: "no such domain, or it takes no mail",
        BounceClass.INACTIVE_MAILBOX: "the mailbox is closed",
        BounceClass.QUOTA_ISSUES: "the mailbox is full",
        BounceClass.SPAM_BLOCK: "we are blocked",
        BounceClass.SPAM_CONTENT: "the message looks like spam to them",
        BounceClass.POLICY_RELATED: "their policy refuses us",
        BounceClass.AUTHENTICATION_FAILED: "our SPF, DKIM or DMARC failed",
        BounceClass.DNS_FAILURE: "the domain could not be looked up",
        BounceClass.NO_ANSWER_FROM_HOST: "their server did not answer",
        BounceClass.TRANSIENT_FAILURE: "a fault on their side",
        BounceClass.MESSAGE_EXPIRED: "given up after trying for days",
        BounceClass.TOO_MANY_RECIPIENTS: "too many recipients at once",
        BounceClass.UNCATEGORIZED: "for another reason",
    }
)
"""What a bounce class means, in a few words."""

_BY: Final = ("smtp_code", "enhanced_code", "bounce_class", "bounce_type")
_QUOTED: Final = 160
_ADDRESS: Final = re.compile(r"<?[^\s<>()\"',;:@]{1,64}@[^\s<>()\"',;:@]{1,255}>?")


def reasons(events: pd.DataFrame) -> pd.DataFrame:
    """Return how many people bounced for which reason, the most frequent first.

    Parameters
    ----------
    events
        An events frame of one campaign; each person counts once, with the last bounce.

    Returns
    -------
    pandas.DataFrame
        Columns `smtp_code, enhanced_code, bounce_class, bounce_type, people, meaning, example`; the example is
        one server's own words, with addresses masked.
    """
    bounced = events.loc[events["kind"].eq(EventKind.BOUNCED) & ~events["bounce_type"].eq(BounceType.SUPPRESSED)]
    keyed = bounced.assign(person=mailbox_keys(bounced["email"])).sort_values("at", kind="stable")
    last = keyed.drop_duplicates("person", keep="last")
    grouped = last.groupby(list(_BY), dropna=False, sort=False, as_index=False)
    counted = grouped.agg(people=("person", "size"), example=("diagnostic", "first"))
    return counted.assign(
        meaning=counted["bounce_class"].map(MEANINGS), example=counted["example"].map(_masked, na_action="ignore")
    ).sort_values("people", ascending=False, kind="stable", ignore_index=True)


def _masked(diagnostic: Any) -> str:
    """Return the start of a server's words without anybody's address: a report is handed on."""
    said = " ".join(str(diagnostic)[: 4 * _QUOTED].split())
    masked = _ADDRESS.sub("(address)", said)
    return masked if len(masked) <= _QUOTED else masked[: _QUOTED - 1] + "…"
