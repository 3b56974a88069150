"""Whether the numbers of a send add up: list to plan, plan to outcomes, outcomes to mailboxes."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bulkkit.addresses import mailbox_keys
from bulkkit.vocabulary import EventKind, SendState

FINAL_STATES = (SendState.ACCEPTED, SendState.REFUSED, SendState.EXPIRED, SendState.IN_DOUBT)


@dataclass(frozen=True, slots=True)
class Balance:
    """One sum that must hold: what it says, and its two sides."""

    says: str
    left: int
    right: int

    @property
    def holds(self) -> bool:
        """Whether both sides are equal."""
        return self.left == self.right


def of_list(waterfall: pd.DataFrame) -> Balance:
    """Return: read = planned + each reason for leaving out (columns step, rows)."""
    rows = waterfall.set_index("step")["rows"]
    return Balance("read = planned + each reason for leaving out", int(rows["read"]), int(rows.drop("read").sum()))


def of_send(sends: pd.DataFrame, planned: int) -> Balance:
    """Return: planned = accepted + refused + given up + in doubt."""
    ended = int(sends["state"].isin(FINAL_STATES).sum())
    return Balance("planned = accepted + refused + given up + in doubt", planned, ended)


def of_mailboxes(sends: pd.DataFrame, inbox: pd.DataFrame) -> Balance:
    """Return: messages in the mailboxes = messages that the ledger says were accepted.

    A message in doubt may lie in a mailbox or not; both are right.
    """
    doubtful = sends.loc[sends["state"] == SendState.IN_DOUBT, "message_id"]
    lying = inbox[~inbox["message_id"].isin(doubtful)]
    accepted = int((sends["state"] == SendState.ACCEPTED).sum())
    return Balance("messages in the mailboxes = accepted", len(lying), accepted)


def unique_people(events: pd.DataFrame, kind: EventKind) -> int:
    """Return how many people did something at least once."""
    return int(mailbox_keys(events.loc[events["kind"] == kind, "email"]).nunique())
