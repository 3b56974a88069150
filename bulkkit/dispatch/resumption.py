"""A stored campaign taken up again: after a crash, a stop, or a plan that was only queued."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from bulkkit.dispatch.route import Route
from bulkkit.errors import ConfigurationError, LedgerError, RelayError
from bulkkit.ledger import Ledger
from bulkkit.message.compiled import compile_message
from bulkkit.message.dkim import Dkim
from bulkkit.message.links import Links
from bulkkit.message.message import Message
from bulkkit.message.sender import Sender
from bulkkit.sending.job import Job
from bulkkit.sending.relay import Relay
from bulkkit.sending.retry import Retry
from bulkkit.sending.send import Send
from bulkkit.sending.throttle import Throttle
from bulkkit.sending.trial import check_relays


def resume(
    campaign: str,
    ledger: str | PathLike[str] | Ledger = "bulkkit.db",
    relays: Sequence[Relay] = (),
    links: Links | None = None,
    dkim: Dkim | None = None,
) -> Send:
    """Return a running (or finished) `Send` that goes on exactly where the ledger says.

    What was accepted is not sent again; what a dead process left before the dot
    is; what it left after the dot is in doubt and waits for a person.

    Parameters
    ----------
    campaign
        Its name in the ledger.
    ledger
        The file, or the open `Ledger`.
    relays
        One or several, of the kind with which the campaign was planned: the sandbox's or real ones.
    links
        The same links as in the plan; None where that had none.
    dkim
        Whose signature the messages bear; by default as planned, and the key comes from
        `BULKKIT_DKIM_KEY` or the keyring.

    Raises
    ------
    InputError
        Where the ledger has no such campaign.
    LedgerError, LeaseError
        Where there is no ledger, it is damaged, or another process sends from it.
    ConfigurationError, RelayError
        Where links or relays do not fit the campaign, or a relay cannot be used.
    """
    opened = _opened(ledger)
    job = stored_job(campaign, opened, relays, links, dkim)
    if opened.is_unfinished(campaign):
        check_relays(job)
    return Send(job, opened)


def stored_job(
    campaign: str, ledger: Ledger, relays: Sequence[Relay], links: Links | None = None, dkim: Dkim | None = None
) -> Job:
    """Return the job of sending a stored campaign, its policies as planned; it raises what `resume` does."""
    spec = ledger.spec(campaign)
    if not spec:
        raise LedgerError(f"{campaign!r} was sent elsewhere and only its events are in this ledger; it cannot go on.")
    throttle, retry = Throttle.from_spec(spec["throttle"]), Retry.from_spec(spec["retry"])
    route = Route(tuple(relays), _same_links(campaign, links, spec), throttle, retry, dkim or _planned_dkim(spec))
    _same_clock(campaign, ledger, route)
    route.check_ledger(ledger)
    if links is not None:
        links.follow(ledger.path)
    return route.job(compile_message(campaign, Message(**spec["message"]), Sender(**spec["sender"]), links))


def _opened(ledger: str | PathLike[str] | Ledger) -> Ledger:
    if isinstance(ledger, Ledger):
        return ledger
    if not Path(ledger).exists():
        raise LedgerError(f"There is no ledger {ledger}. Check the path; a ledger is made by the first send.")
    return Ledger(ledger)


def _same_links(campaign: str, links: Links | None, spec: Mapping[str, Any]) -> Links | None:
    planned = spec["links"]
    if planned is None and links is not None:
        raise ConfigurationError(
            f"{campaign!r} was planned without links, and people have that message already: links=None."
        )
    if planned is not None and links is None:
        raise ConfigurationError(
            f"{campaign!r} was planned with links at {planned['base_url']}. "
            "Pass links=bulkkit.Links(…) with the same key."
        )
    if planned is not None and links is not None and planned["fingerprint"] != links.fingerprint:
        raise ConfigurationError(
            f"The key of these links is not the one with which {campaign!r} was planned, so the links that people have "
            "would not answer. Pass the same key."
        )
    return links


def _planned_dkim(spec: Mapping[str, Any]) -> Dkim | None:
    # Ledgers of the first version say nothing of signatures.
    return Dkim(**planned) if (planned := spec.get("dkim")) else None


def _same_clock(campaign: str, ledger: Ledger, route: Route) -> None:
    rows = ledger.campaigns()
    clock = rows.loc[rows["campaign"] == campaign, "clock"].iloc[0]
    if clock != route.clock.name:
        raise RelayError(
            f"{campaign!r} was planned by the clock {clock!r} and these relays go by {route.clock.name!r}. "
            "Go on with the kind of relay that it was planned with."
        )
