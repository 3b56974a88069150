"""A plan begun, or gone on with: what a cell that is run again, or a button that is pressed again, means."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final

from bulkkit.dispatch.plans import Plan
from bulkkit.dispatch.resumption import resume
from bulkkit.dispatch.route import existing_ledger
from bulkkit.errors import ConfirmationError, InputError
from bulkkit.ledger import Ledger
from bulkkit.sending.send import Send

SAID_OF: Final = {"message": "another message", "sender": "another sender"}
"""What a stored campaign and a plan of its name must have in common, and what it is called where they do not."""


def begin(plan: Plan, confirm: int | None = None) -> Send:
    """Send the plan, or go on where the ledger has this very campaign already; return the `Send`.

    A finished campaign gives a finished `Send`. Going on needs no new count: it
    goes to the people who were stored when the campaign was confirmed.

    Parameters
    ----------
    plan
        What `bulkkit.plan` returned.
    confirm
        The number of recipients, which may be left out for the sandbox's relays
        only. For going on, the number that was confirmed then: whom the plan
        would reach now does not matter any more.

    Raises
    ------
    InputError
        Where the ledger has a campaign of this name with another message or sender.
    ConfirmationError
        Where `confirm` is not that number, or real relays go without it.
    PreflightError, RelayError, LeaseError, LedgerError
        As `Plan.send` and `bulkkit.resume` raise them. In all these cases nothing is sent.
    """
    ledger, name = existing_ledger(plan.ledger), plan.campaign.name
    stored = None if ledger is None else stored_recipients(ledger, name)
    if ledger is None or stored is None:
        return plan.send(confirm)
    _require_same(plan, ledger.spec(name))
    if ledger.is_unfinished(name):
        _require_confirmed(plan, confirm, stored)
    return resume(name, ledger, plan.route.relays, plan.route.links, plan.route.dkim)


def stored_recipients(ledger: Ledger, campaign: str) -> int | None:
    """Return how many recipients a campaign was stored with, or None where the ledger has none of that name."""
    rows = ledger.campaigns()
    found = rows.loc[rows["campaign"] == campaign, "recipients"]
    return None if found.empty else int(found.fillna(0).iloc[0])


def _require_same(plan: Plan, stored: dict[str, Any]) -> None:
    name = plan.campaign.name
    if not stored:
        raise InputError(f"{name!r} was sent elsewhere, and the ledger has its events. Give the new one another name.")
    planned = {"message": plan.campaign.message.spec(), "sender": asdict(plan.campaign.sender)}
    # Both as JSON gives them back.
    planned = json.loads(json.dumps(planned))
    different = [said for part, said in SAID_OF.items() if stored[part] != planned[part]]
    if different:
        raise InputError(
            f"The ledger has a campaign {name!r} with {' and '.join(different)}. Give this one another name, "
            f"or go on with the stored one: bulkkit.resume({name!r})."
        )


def _require_confirmed(plan: Plan, confirm: int | None, stored: int) -> None:
    name = plan.campaign.name
    if confirm is None and not plan.route.is_sandbox:
        raise ConfirmationError(
            f"{name!r} was begun and is not finished. To go on, say how many it was confirmed for: confirm={stored}."
        )
    if confirm not in {None, stored}:
        raise ConfirmationError(f"confirm={confirm}, but {name!r} was confirmed for {stored:,}. Nothing was sent.")
