"""A stored campaign sent from the command line: what an administrator orders, checked, decided and begun."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, Final

from bulkkit.addresses import mailbox_key
from bulkkit.dispatch import resume
from bulkkit.dispatch.beginning import stored_recipients
from bulkkit.dispatch.resumption import stored_job
from bulkkit.errors import ConfigurationError, ConfirmationError, InputError
from bulkkit.keys import link_key
from bulkkit.ledger import Ledger
from bulkkit.message.links import Links
from bulkkit.sending.relay import Relay
from bulkkit.sending.send import Send
from bulkkit.sending.trial import check_relays
from bulkkit.vocabulary import SendState

LEDGER: Final = Path("bulkkit.db")
"""The ledger's usual name."""


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways out of the house: each relay from each source address, all with the same limits.

    Raises
    ------
    ConfigurationError
        Where an address is no relay's, or a limit makes no sense.
    """

    urls: Sequence[str] = ()
    source_addresses: Sequence[str] = ()
    connections: int = 10
    rate: int | None = None
    daily: int | None = None
    relays: tuple[Relay, ...] = field(init=False)

    def __post_init__(self) -> None:
        pairs = product(self.urls, self.source_addresses or (None,))
        relays = tuple(Relay(url, source, self.connections, self.rate, self.daily) for url, source in pairs)
        object.__setattr__(self, "relays", relays)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to happen to a stored campaign.

    Parameters
    ----------
    campaign, ledger
        Its name, and the ledger's file.
    ways
        The relays.
    base_url
        Where the tracker answers; None for where it did when the campaign was planned.
    confirm
        The number of recipients; None goes on with what was confirmed before.
    in_doubt
        `skip` or `resend` what is in doubt before going on; None leaves it in doubt.
    whom
        The addresses for which `in_doubt` holds; nobody named means all.
    """

    campaign: str
    ledger: Path
    ways: Ways
    base_url: str | None = None
    confirm: int | None = None
    in_doubt: str | None = None
    whom: Sequence[str] = ()

    def command(self, verb: str, *options: str) -> str:
        """Return the command that does something else to the same campaign, as it is typed in a shell."""
        return command(verb, self.campaign, self.ledger, *options)


def command(verb: str, campaign: str, ledger: Path, *options: str) -> str:
    """Return a command as it is typed in a shell; a ledger by its usual name is not named."""
    where = () if ledger == LEDGER else ("--ledger", str(ledger))
    return shlex.join(["bulkkit", verb, campaign, *where, *options])


def prepare(order: Order) -> Callable[[], Send] | None:
    """Check an order and decide what it decides; return what begins or goes on, or None where nothing is left to send.

    Raises
    ------
    ConfirmationError
        Where the number is not the stored one, or a campaign was never confirmed at all.
    InputError
        Where the ledger has no such campaign, or somebody named is not in doubt.
    ConfigurationError, RelayError, LeaseError, LedgerError
        As `bulkkit.resume` raises them, here or at the beginning. In all these cases nothing is sent.
    """
    ledger = Ledger(order.ledger)
    spec = ledger.spec(order.campaign)
    _require_confirmed(order, ledger)
    if not spec:
        return partial(resume, order.campaign, ledger, order.ways.relays)  # Says that it was sent elsewhere.
    if order.in_doubt != "resend" and not ledger.is_unfinished(order.campaign):
        _decide(order, ledger)
        return None
    _require_relay(order)
    job = stored_job(order.campaign, ledger, order.ways.relays, _links(order, spec))
    # Met before anything is decided: where a relay is away, what is in doubt stays so.
    check_relays(job)
    _decide(order, ledger)
    return partial(Send, job, ledger)


def going_on(order: Order, ledger: Ledger) -> str:
    """Return the command that goes on with the campaign, or begins it where nobody's message was taken up yet."""
    if _is_begun(order, ledger):
        return order.command("resume")
    return order.command("send", "--confirm", str(stored_recipients(ledger, order.campaign)))


def _is_begun(order: Order, ledger: Ledger) -> bool:
    return set(ledger.counts(order.campaign)) != {SendState.QUEUED}


def _require_confirmed(order: Order, ledger: Ledger) -> None:
    stored = stored_recipients(ledger, order.campaign)
    if order.confirm is None and not _is_begun(order, ledger):
        raise ConfirmationError(
            f"{order.campaign!r} was never begun. Begin it by its number of recipients: {going_on(order, ledger)}"
        )
    if order.confirm not in {None, stored}:
        raise ConfirmationError(
            f"--confirm {order.confirm}, but {order.campaign!r} was stored for {stored:,} recipients. Nothing was sent."
        )


def _require_relay(order: Order) -> None:
    if not order.ways.relays:
        raise ConfigurationError("Name the relay to send over: --relay smtp+starttls://user@host:587")


def _links(order: Order, spec: Mapping[str, Any]) -> Links | None:
    planned = spec["links"]
    if planned is None:
        return None
    return Links(order.base_url or planned["base_url"], link_key())


def _decide(order: Order, ledger: Ledger) -> None:
    if order.in_doubt is None:
        return
    with ledger.lease(order.campaign):
        ledger.check()
        ledger.recover(order.campaign)
        doubtful = ledger.in_doubt(order.campaign)["email"].tolist()
        known = set(map(mailbox_key, doubtful))
        if strangers := [email for email in order.whom if mailbox_key(email) not in known]:
            raise InputError(
                f"{strangers[0]} is not in doubt, so nothing was decided. Who is: {order.command('status')}"
            )
        ledger.resolve(order.campaign, order.whom or doubtful, order.in_doubt)
