"""A campaign as its ledger has it, before anybody sends it here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from bulkkit.dispatch import resume
from bulkkit.ledger import Ledger
from bulkkit.message.links import Links
from bulkkit.sending.relay import Relay
from bulkkit.sending.send import Send
from bulkkit.vocabulary import SendState

NetworkCounts = Mapping[str, Mapping[SendState, int]]


@dataclass(frozen=True, slots=True)
class StoredCampaign:
    """Where a campaign lies and how it goes on; without a name it is the latest one that is unfinished."""

    name: str | None
    ledger: str | PathLike[str] | Ledger
    relays: Sequence[Relay]
    links: Links | None

    def found(self) -> tuple[str, NetworkCounts] | None:
        """Return its name and how many of its messages to each network stand in each state, or None.

        Raises
        ------
        InputError, LedgerError
            Where the ledger has no campaign of that name, or cannot be read.
        """
        ledger = self._opened()
        if ledger is None:
            return None
        if self.name is not None:
            ledger.spec(self.name)
            return self.name, ledger.network_counts(self.name)
        latest = next(
            (name for name in reversed(ledger.campaigns()["campaign"].tolist()) if ledger.is_unfinished(name)), None
        )
        return None if latest is None else (latest, ledger.network_counts(latest))

    def resume(self, name: str) -> Send:
        """Return the running send that goes on with the campaign; raises what `bulkkit.resume` does."""
        return resume(name, self.ledger, self.relays, self.links)

    @property
    def place(self) -> str:
        """What the ledger is called."""
        return str(self.ledger.path if isinstance(self.ledger, Ledger) else self.ledger)

    def _opened(self) -> Ledger | None:
        if isinstance(self.ledger, Ledger):
            return self.ledger
        return Ledger(self.ledger) if Path(self.ledger).exists() else None


def together(networks: NetworkCounts) -> Counter[SendState]:
    """Return the counts of all networks together."""
    total: Counter[SendState] = Counter()
    for states in networks.values():
        total.update(states)
    return total
