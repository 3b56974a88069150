"""The main job without a notebook: verify, score, plan, send on this machine, react, report, and add it all up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import pandas as pd

from bulkkit import sample
from bulkkit.campaign import Campaign
from bulkkit.contacts import has_consent_columns, read_contacts
from bulkkit.dispatch import Plan, plan, resume
from bulkkit.errors import ConfigurationError, InputError
from bulkkit.events import read_events
from bulkkit.ledger import Ledger
from bulkkit.message.message import Message
from bulkkit.message.sender import Sender
from bulkkit.reporting import report
from bulkkit.sandbox import Sandbox
from bulkkit.scoring import Health, health
from bulkkit.sending.relay import Relay
from bulkkit.sending.send import Send
from bulkkit.sending.throttle import Throttle
from bulkkit.verification import verify

CAMPAIGN: Final = "office-move"
TIME_SCALE: Final = 3600.0
"""A second stands for an hour: the real throttle at work, and short enough to watch."""
LONGEST_WATCH: Final = 12.0
"""Seconds that the throttled send may take; a longer one gets a faster clock."""
BODY: Final = """\
# We move on 1 December

{greeting}

From **1 December** you find us at 12 Market Square, Springfield. The telephone
numbers stay as they are, and so do the opening hours.

- [See where it is](https://www.example.org/new-office)
- [What changes for deliveries](https://www.example.org/new-office/deliveries)
- [Ask us something](https://www.example.org/contact)

If you have an appointment in the first week, come to the new address.
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What `bulkkit demo` was asked for; `ConfigurationError` where the relay is not on this machine."""

    contacts: Path | None = None
    email: str | None = None
    relay: str | None = None
    recipients: int | None = None
    ledger: Path = Path("bulkkit-demo.db")
    report: Path = Path("report.html")
    seed: int = sample.SEED

    def __post_init__(self) -> None:
        # What cannot be sent to is said before any work is done.
        if self.foreign_relay is not None and not self.foreign_relay.is_loopback:
            host = self.foreign_relay.host
            raise ConfigurationError(f"The demo sends to this machine only, and {host} is another one.")

    @property
    def foreign_relay(self) -> Relay | None:
        """The relay that was asked for, or None where the sandbox serves."""
        return None if self.relay is None else Relay(self.relay)

    @property
    def uses_sample(self) -> bool:
        """Whether the sample's list and history are used."""
        return self.contacts is None

    @property
    def as_of(self) -> date | None:
        """The sample's own date, or None for today."""
        return sample.AS_OF if self.uses_sample else None


@dataclass(frozen=True, slots=True)
class Groundwork:
    """The list as it was found: verified, scored, and with what is known of its past."""

    checked: pd.DataFrame
    health: Health
    ledger: Ledger


def lay_ground(options: Options) -> Groundwork:
    """Read, verify and score the list; store the sample's past in the ledger."""
    contacts = read_contacts(list_of(options), email=options.email)
    if contacts.empty:
        raise InputError(f"{list_of(options)} has a heading and nobody below it. Name a list with people on it.")
    ledger = Ledger(options.ledger)
    if options.uses_sample:
        remember_sample(ledger)
    checked = verify(contacts, as_of=options.as_of)
    return Groundwork(checked, health(checked, ledger.events(), as_of=options.as_of), ledger)


def list_of(options: Options) -> Path:
    """Return the file of the list: the one asked for, or the sample's."""
    return options.contacts or sample.path() / "contacts.csv"


def remember_sample(ledger: Ledger) -> None:
    """Store the sample's campaigns, their events and its opt-outs; storing them twice changes nothing."""
    folder = sample.path()
    ledger.add_campaigns(pd.read_csv(folder / "campaigns.csv"))
    ledger.add_events(read_events(folder / "events.parquet"))
    ledger.suppress(pd.read_csv(folder / "opted_out.csv"))


@contextmanager
def stage(options: Options) -> Iterator[tuple[Relay, Sandbox | None]]:
    """Yield the relay to send to, and the sandbox where there is one."""
    if options.foreign_relay is not None:
        yield options.foreign_relay, None
        return
    with Sandbox(TIME_SCALE, ledger=options.ledger, as_of=options.as_of, seed=options.seed) as sandbox:
        yield sandbox.relay, sandbox


def draft(options: Options, ground: Groundwork, relay: Relay, sandbox: Sandbox | None) -> Plan:
    """Plan the announcement; nothing is sent yet."""
    planned = plan(
        announcement(ground.checked),
        relays=[relay],
        links=sandbox.links if sandbox else None,
        throttle=Throttle.cautious() if sandbox else Throttle.unlimited(),
        ledger=ground.ledger,
        consent=None if has_consent_columns(ground.checked) else "not asked: a rehearsal on this machine",
        limit=options.recipients,
    )
    if sandbox:
        sandbox.clock.rescale(max(TIME_SCALE, planned.finishes_after.total_seconds() / LONGEST_WATCH))
    return planned


def announcement(checked: pd.DataFrame) -> Campaign:
    """Return the demo's campaign for this list."""
    named = "first_name" in checked.columns
    greeting = 'Dear {{ first_name | default("friend") }},' if named else "Dear friend,"
    return Campaign(
        name=CAMPAIGN,
        sender=Sender("Example News <news@example.org>", postal_address="1 High St, Springfield"),
        message=Message(subject="We move to Market Square", markdown=BODY.format(greeting=greeting)),
        audience=checked,
    )


def go_on(ground: Groundwork, relay: Relay, sandbox: Sandbox | None) -> Send:
    """Take the announcement up where an earlier run left it."""
    return resume(CAMPAIGN, ground.ledger, [relay], sandbox.links if sandbox else None)


def was_begun(ground: Groundwork) -> bool:
    """Tell whether the ledger knows the announcement already."""
    return bool((ground.ledger.campaigns()["campaign"] == CAMPAIGN).any())


def write_report(options: Options, ground: Groundwork) -> Path:
    """Write the report; return where it is."""
    return report(CAMPAIGN, ledger=ground.ledger, path=options.report, contacts=ground.checked)
