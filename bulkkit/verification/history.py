"""What the past decides of a verdict: who left, where mail arrived before, and where nobody reacts."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from bulkkit.addresses import mailbox_keys
from bulkkit.contacts.tracking import untracked
from bulkkit.contacts.values import texts
from bulkkit.verification.past import Past
from bulkkit.vocabulary import Action, Reason, Status

SETTLED: Final = {
    Reason.SUPPRESSED: (Status.RISKY, Action.REVIEW),
    Reason.INACTIVE: (Status.RISKY, Action.REVIEW),
    Reason.DELIVERED_BEFORE: (Status.DELIVERABLE, Action.SEND),
}
"""What the past may say of an address, and what follows."""

DOUBTED: Final = (Reason.POSSIBLE_TYPO, Reason.DISPOSABLE, Reason.MAILBOX_QUOTA_EXCEEDED)
"""What an earlier delivery does not settle: who sits behind a misspelling or a throwaway name takes all mail, and a
mailbox that is full now was not full then."""

KEPT: Final = (Reason.ACCEPTED_EMAIL,)
"""What says no less than an earlier delivery, and lately."""


def with_history(checked: pd.DataFrame, past: Past) -> pd.DataFrame:
    """Let the past decide where it knows.

    Parameters
    ----------
    checked : pandas.DataFrame
        What `verify` returns; `tracking_consent` is looked at where there is one.
    past : Past
        What is known of mailboxes.

    Returns
    -------
    pandas.DataFrame
        The same rows and columns, with `status`, `reason`, `action` and
        `diagnostic` anew where the past decides, from heavy to light:

        1. `undeliverable` stays: it is a fact of today.
        2. `suppressed`: a complaint, an unsubscribe or a suppression, whatever
           came later; a bounce of a dead mailbox, unless mail arrived later.
        3. `possible_typo`, `disposable` and `mailbox_quota_exceeded` stay.
        4. `inactive`: mail that could tell was sent, and nobody reacted in a
           year (`segmentation.ENGAGEMENT`). Who did not agree to tracking, or
           got only messages that could not tell, is never inactive.
        5. `delivered_before`: a message arrived; a mailbox that a probe found
           stays `accepted_email`.

        The `diagnostic` says which event and when, before what it said already.
    """
    mailboxes = mailbox_keys(texts(checked["email"]))
    found = _reasons(checked, mailboxes, past)
    decided = found["reason"].notna()
    follows = {str(reason): outcome for reason, outcome in SETTLED.items()}
    told = checked["diagnostic"].where(checked["diagnostic"].isna(), " " + checked["diagnostic"]).fillna("")
    anew = {
        "status": found["reason"].map({reason: str(status) for reason, (status, _) in follows.items()}),
        "reason": found["reason"],
        "action": found["reason"].map({reason: str(action) for reason, (_, action) in follows.items()}),
        "diagnostic": found["words"] + told,
    }
    return checked.assign(
        **{name: checked[name].where(~decided, column.astype("str")) for name, column in anew.items()}
    )


def _reasons(checked: pd.DataFrame, mailboxes: pd.Series[Any], past: Past) -> pd.DataFrame:
    """Return the `reason` that the past has for each row, with its `words`; missing where it does not decide."""
    found = past.settled.reindex(mailboxes).set_axis(checked.index)
    blind = untracked(checked).reset_index(drop=True)
    silence = past.silence(mailboxes.reset_index(drop=True), blind).set_axis(checked.index)
    left = found["reason"].eq(Reason.SUPPRESSED)
    silent = silence.notna() & ~left
    found = found.assign(
        reason=found["reason"].where(~silent, str(Reason.INACTIVE)), words=found["words"].where(~silent, silence)
    )
    kept = checked["reason"].isin(list(DOUBTED)) | (checked["reason"].isin(list(KEPT)) & ~silent)
    stays = checked["status"].eq(Status.UNDELIVERABLE) | (kept & ~left)
    return found.where(~stays)
