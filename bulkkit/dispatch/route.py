"""How messages leave: relays, links, and the policies of pace and retry."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from bulkkit.errors import ConfigurationError, LedgerError
from bulkkit.keys import signer
from bulkkit.ledger import Ledger
from bulkkit.message.compiled import CompiledMessage
from bulkkit.message.dkim import Dkim
from bulkkit.message.links import Links
from bulkkit.message.signature import Signer
from bulkkit.sending.clock import SYSTEM_CLOCK, Clock
from bulkkit.sending.job import Job
from bulkkit.sending.password import password_for
from bulkkit.sending.relay import Relay
from bulkkit.sending.retry import Retry
from bulkkit.sending.throttle import Throttle


@dataclass(frozen=True, slots=True)
class Route:
    """The way of a send's messages.

    Raises
    ------
    ConfigurationError
        Where there is no relay, or relays of the sandbox stand beside real ones.
    """

    relays: tuple[Relay, ...]
    links: Links | None
    throttle: Throttle
    retry: Retry
    dkim: Dkim | None = None

    def __post_init__(self) -> None:
        if not self.relays:
            raise ConfigurationError("A send needs a relay: relays=[bulkkit.Relay('smtp+starttls://user@host:587')].")
        if len({relay.clock.name for relay in self.relays}) > 1:
            raise ConfigurationError("Relays of the sandbox and real ones cannot share a send: their clocks differ.")

    @property
    def clock(self) -> Clock:
        """The clock of all the relays."""
        return self.relays[0].clock

    @property
    def is_sandbox(self) -> bool:
        """Whether nothing of this leaves the sandbox."""
        return all(relay.is_sandbox for relay in self.relays)

    @property
    def only_loopback(self) -> bool:
        """Whether nothing of this leaves the machine."""
        return all(relay.is_loopback for relay in self.relays)

    def job(self, message: CompiledMessage) -> Job:
        """Return the job of sending `message` this way; passwords and the signature's key are asked for here."""
        passwords = {relay.name: password for relay in self.relays if (password := password_for(relay)) is not None}
        return Job(message.campaign, message, self.relays, self.throttle, self.retry, passwords, self.signer())

    def signer(self) -> Signer | None:
        """Return who signs the messages, or None where nobody here does."""
        return None if self.dkim is None else signer(self.dkim)

    def check_ledger(self, ledger: Ledger) -> None:
        """Raise `LedgerError` where rehearsals and real sends would meet in one ledger.

        The sandbox's bounces and unsubscribes are simulated: they must not keep
        real people from their mail, nor real sends stand beside them in a report.
        """
        clocks = set(ledger.campaigns()["clock"]) - {"elsewhere"}
        if self.is_sandbox and SYSTEM_CLOCK.name in clocks:
            raise LedgerError(
                f"{ledger.path} holds real sends, and what the sandbox simulates would keep real people from their "
                "mail. Rehearse in another file: ledger='rehearsal.db'."
            )
        if clocks - {SYSTEM_CLOCK.name} and not self.only_loopback:
            raise LedgerError(
                f"{ledger.path} holds rehearsals in the sandbox, whose bounces and unsubscribes are simulated. "
                "Use another file for the real send: ledger='real.db'."
            )


def existing_ledger(ledger: str | PathLike[str] | Ledger) -> Ledger | None:
    """Return the ledger, or None where its file is not there yet; none is made."""
    if isinstance(ledger, Ledger):
        return ledger
    return Ledger(ledger) if Path(ledger).exists() else None
