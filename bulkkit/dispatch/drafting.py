"""A campaign becomes a plan: the list checked, the message compiled, the way estimated. Nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from os import PathLike
from typing import Any, Final

import pandas as pd

from bulkkit.addresses import mailbox_keys
from bulkkit.campaign import Campaign
from bulkkit.contacts import has_consent_columns
from bulkkit.dispatch.draft import Draft, reach_of
from bulkkit.dispatch.lookup import known_networks
from bulkkit.dispatch.plans import Plan
from bulkkit.dispatch.route import Route, existing_ledger
from bulkkit.dispatch.timetable import timetable
from bulkkit.errors import InputError
from bulkkit.ledger import Ledger
from bulkkit.message.compiled import compile_message
from bulkkit.message.dkim import Dkim
from bulkkit.message.links import Links
from bulkkit.preflight.fitness import LAST
from bulkkit.sending.planning import FREQUENCY_DAYS, RECIPIENT, Choices, fates, networks, waterfall
from bulkkit.sending.relay import Relay
from bulkkit.sending.retry import Retry
from bulkkit.sending.throttle import Throttle
from bulkkit.verification import verify
from bulkkit.vocabulary import CONSENT_COLUMNS, VERDICT_DTYPES, CampaignKind, Reason

REACTING_DAYS: Final = 3
"""Days after which nearly everybody who reacts to a campaign has."""

DEFAULT_LEAVE_OUT: Final = (Reason.DISPOSABLE, Reason.POSSIBLE_TYPO)


def plan(
    campaign: Campaign,
    relays: Sequence[Relay],
    links: Links | None = None,
    throttle: Throttle | None = None,
    ledger: str | PathLike[str] | Ledger = "bulkkit.db",
    *,
    consent: str | None = None,
    leave_out: Collection[str] = DEFAULT_LEAVE_OUT,
    limit: int | None = None,
    holdout: float = 0.0,
    retry: Retry | None = None,
    resolver: Any = None,
    dkim: Dkim | None = None,
) -> Plan:
    """Return a plan of sending `campaign`; nothing is sent and nothing is written.

    Parameters
    ----------
    campaign
        Whose audience is verified by its syntax where it was not yet.
    relays
        One or several; all of the sandbox, or none.
    links
        The tracker's links; None sends an untracked message whose way out is a mail.
    throttle
        By default `Throttle.cautious()`: 100 messages an hour to one network, 10 at a time.
    ledger
        Whose suppressions and earlier blasts count, and where the send is stored.
    consent
        Where consent is kept, for a list that has no consent column.
    leave_out
        Risky addresses to leave out, by reason: `disposable`, `possible_typo`, `role_based`, `privacy_relay`.
    limit
        At most so many recipients, the list's first ones that remain.
    holdout
        The share of the recipients to keep without the message, so that what it did
        can be measured: drawn by the campaign's name and the mailbox, the same
        people however often it is planned, and stored with the campaign.
    retry
        When to try again and when to give up; by default after four days.
    resolver
        Who is asked for the domains' MX, which name the networks and nothing else
        (as for `verify`). By default this machine's name servers where a relay is
        on another machine, and nobody where all are on this one; without a limit
        to keep nobody is asked. What DNS does not answer is the registrable domain.
    dkim
        Whose signature the messages bear; None where the relay signs, or nobody does.

    Raises
    ------
    InputError
        Where the list has no consent column and `consent` does not say where it is kept.
    TemplateError
        Where the message cannot be read as a template.
    ConfigurationError, LedgerError
        Where the relays do not fit each other or the ledger.
    """
    route = Route(tuple(relays), links, throttle or Throttle.cautious(), retry or Retry(), dkim)
    known = existing_ledger(ledger)
    if known is not None:
        route.check_ledger(known)
    _require_consent(campaign, consent)
    message = compile_message(campaign.name, campaign.message, campaign.sender, links)
    checked = campaign.audience if _is_checked(campaign.audience) else verify(campaign.audience)
    choices = Choices(
        kind=CampaignKind(campaign.kind),
        tokens=message.tokens,
        suppressed=_suppressed(known),
        blasts=_recent_blasts(known, route),
        consent=consent,
        leave_out=leave_out,
        limit=limit,
        holdout=holdout,
        campaign=campaign.name,
    )
    fate = fates(checked, choices)
    reach = reach_of(checked, fate, choices.blasts, _past(known, choices.kind, route))
    return _plan(Draft(campaign, route, message, checked, fate, reach, consent), ledger, resolver)


def _plan(draft: Draft, ledger: str | PathLike[str] | Ledger, resolver: Any) -> Plan:
    written_to = draft.checked["email"].where(draft.fate == RECIPIENT)
    network = networks(written_to, known_networks(written_to, draft.route, resolver))
    return Plan(
        campaign=draft.campaign,
        ledger=ledger,
        route=draft.route,
        message=draft.message,
        checked=draft.checked,
        fate=draft.fate,
        network=network,
        waterfall=waterfall(draft.fate),
        findings=draft.findings(),
        eta=timetable(network, draft.route, existing_ledger(ledger)),
        reach=draft.reach,
        consent=draft.consent,
    )


def _require_consent(campaign: Campaign, consent: str | None) -> None:
    if consent is None and not has_consent_columns(campaign.audience):
        raise InputError(
            f"The audience of {campaign.name!r} has none of the columns {', '.join(CONSENT_COLUMNS)}, so nobody can "
            "say who agreed to this mail. Add one, or say where consent is kept: plan(…, consent='signed forms')."
        )


def _is_checked(audience: pd.DataFrame) -> bool:
    return set(VERDICT_DTYPES) <= set(audience.columns)


def _suppressed(ledger: Ledger | None) -> frozenset[str]:
    return frozenset() if ledger is None else frozenset(mailbox_keys(ledger.suppressions()["email"]))


def _recent_blasts(ledger: Ledger | None, route: Route) -> pd.DataFrame:
    since = route.clock.now() - timedelta(days=FREQUENCY_DAYS)
    return pd.DataFrame({"campaign": [], "email": []}) if ledger is None else ledger.blasts_since(since)


def _past(ledger: Ledger | None, kind: str, route: Route) -> pd.DataFrame:
    """Return the latest campaigns of a kind whose people have had the time to react."""
    until = route.clock.now() - timedelta(days=REACTING_DAYS)
    return pd.DataFrame() if ledger is None else ledger.reactions(kind, until, 2 * LAST)
