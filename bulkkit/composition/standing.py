"""What the ledger says of a campaign that has the form's name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bulkkit.ledger import Ledger
from bulkkit.vocabulary import UNFINISHED, SendState


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a stored campaign stands; of one that was `sent_elsewhere` only its name and its events are known."""

    campaign: str
    begun_at: datetime
    recipients: int
    accepted: int
    open: int
    sent_elsewhere: bool

    @property
    def can_go_on(self) -> bool:
        """Whether messages of it are still to be sent."""
        return self.open > 0


def standing(ledger: Ledger | None, campaign: str) -> Standing | None:
    """Return where the campaign of that name stands in the ledger, or None where there is none."""
    rows = None if ledger is None else ledger.campaigns()
    if ledger is None or rows is None or not (rows["campaign"] == campaign).any():
        return None
    row = rows[rows["campaign"] == campaign].iloc[0]
    counts = ledger.counts(campaign)
    return Standing(
        campaign=campaign,
        begun_at=row["created_at"].to_pydatetime(),
        recipients=int(row["recipients"]),
        accepted=counts.get(SendState.ACCEPTED, 0),
        open=sum(counts.get(state, 0) for state in UNFINISHED),
        sent_elsewhere=not counts,
    )
