"""What a ledger holds, read once for a panel: its campaigns, and what became of their messages."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path

import pandas as pd

from bulkkit.charts.numerals import plural
from bulkkit.drilling import Messages
from bulkkit.errors import InputError, LedgerError
from bulkkit.ledger import Ledger
from bulkkit.outcomes import KEY, NOT_TOLD


@dataclass(frozen=True, slots=True)
class Told:
    """A campaign of a ledger: its name, and what kind it is and when it began, as far as known."""

    name: str
    kind: str
    day: str

    @property
    def note(self) -> str:
        """What stands beside the name."""
        return ", ".join(word for word in (self.kind, self.day) if word)


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A ledger as it was at a moment.

    Attributes
    ----------
    campaigns
        Those with any message, the latest first.
    messages
        What became of each message.
    path, read_at
        The ledger's file, and when it was read (UTC).
    """

    campaigns: list[Told]
    messages: Messages
    path: Path
    read_at: datetime

    def headline(self) -> str:
        """Return what was read, and when."""
        return (
            f"{self.path.name}: {plural(len(self.campaigns), 'campaign')}, "
            f"{plural(len(self.messages.events), 'event')}, read at {self.read_at:%H:%M:%S} UTC"
        )


def read(ledger: Ledger | str | PathLike[str], contacts: pd.DataFrame | None = None) -> Reading:
    """Read a ledger.

    Raises
    ------
    LedgerError
        There is none, or it cannot be read.
    InputError
        It holds no message yet, or the contacts have no column `email`.
    """
    if contacts is not None and "email" not in contacts.columns:
        raise InputError("The contacts have no column email; read them with bulkkit.read_contacts, or leave them out.")
    if isinstance(ledger, Ledger):
        return _reading(ledger, contacts)
    if not Path(ledger).is_file():
        raise LedgerError(
            f"There is no ledger {ledger} here. A send makes one; for a provider's export, make it with "
            "bulkkit.Ledger(…) and .add_events(bulkkit.read_events(…)), or give another path."
        )
    with closing(Ledger(ledger)) as opened:
        return _reading(opened, contacts)


def _reading(ledger: Ledger, contacts: pd.DataFrame | None) -> Reading:
    events, sends, campaigns = ledger.events(), ledger.sends(), ledger.campaigns()
    if events.empty and sends.empty:
        raise InputError(
            f"The ledger {ledger.path} knows of no message yet. Send a campaign (bulkkit.widgets.Composer), or add a "
            "provider's export: ledger.add_events(bulkkit.read_events(…)). Then press Read again."
        )
    messages = Messages.of(events, sends if len(sends) else None, contacts)
    return Reading(_told(messages, campaigns), messages, ledger.path, datetime.now(UTC))


def _told(messages: Messages, campaigns: pd.DataFrame) -> list[Told]:
    began = messages.events.groupby(KEY[0])["at"].min().rename("at")
    table = pd.DataFrame({"name": messages.campaigns}).join(began, on="name")
    table = table.merge(campaigns[["campaign", "kind", "created_at"]], left_on="name", right_on="campaign", how="left")
    table["at"] = table["created_at"].fillna(table["at"])
    # What nobody named stands at the end, whenever it was.
    table = table.assign(last=table["name"] == NOT_TOLD).sort_values(["last", "at"], ascending=[True, False])
    days = table["at"].dt.strftime("%Y-%m-%d").fillna("")
    return [Told(*row) for row in zip(table["name"], table["kind"].fillna(""), days, strict=True)]
