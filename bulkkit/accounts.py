"""Whether the numbers of a send add up: list to plan, plan to outcomes, outcomes to mailboxes."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bulkkit.vocabulary import ENDED, SendState


@dataclass(frozen=True, slots=True)
class Balance:
    """One sum that must hold: what it says, its two sides, and what is wrong though they may be equal."""

    says: str
    left: int
    right: int
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether both sides are equal, and nothing else is wrong."""
        return self.left == self.right and not self.note


def of_list(waterfall: pd.DataFrame) -> Balance:
    """Return: read = planned + each reason for leaving out (columns step, rows)."""
    rows = waterfall.set_index("step")["rows"]
    return Balance("read = planned + each reason for leaving out", int(rows["read"]), int(rows.drop("read").sum()))


def of_send(sends: pd.DataFrame, planned: int) -> Balance:
    """Return: planned = accepted + refused + given up + in doubt."""
    ended = int(sends["state"].isin(ENDED).sum())
    return Balance("planned = accepted + refused + given up + in doubt", planned, ended)


def of_mailboxes(sends: pd.DataFrame, inbox: pd.DataFrame) -> Balance:
    """Return: messages that lie in the mailboxes exactly once = messages that the ledger says were accepted.

    Only messages of these sends count, by their Message-ID; one in doubt may lie
    in a mailbox or not, and both are right.
    """
    states = sends.set_index("message_id")["state"]
    copies = inbox["message_id"].value_counts().reindex(states.index, fill_value=0)
    accepted, doubtful = states == SendState.ACCEPTED, states == SendState.IN_DOUBT
    once = int((copies[accepted] == 1).sum())
    strays = int(copies[~accepted & ~doubtful].sum())
    note = f"{strays:,} more lie there that the ledger does not call accepted" if strays else ""
    return Balance("messages in the mailboxes = accepted", once, int(accepted.sum()), note)
