"""What a form is filled in over: the list, the ways out, and what its words are put into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from bulkkit.campaign import Campaign
from bulkkit.composition.groups import Groups
from bulkkit.message.links import Links
from bulkkit.message.message import Message
from bulkkit.sending.clock import SYSTEM_CLOCK, Clock
from bulkkit.sending.relay import Relay
from bulkkit.sending.throttle import Throttle
from bulkkit.verification import verify
from bulkkit.vocabulary import VERDICT_DTYPES, CampaignKind

BODIES = ("markdown", "html", "text")
"""The parts of a message that a body can be written as."""


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What stays the same while a form is filled in.

    Parameters
    ----------
    checked
        The verified list.
    groups
        How it can be parted.
    relays
        The relays to choose from.
    links, throttle, limit
        As for `bulkkit.plan`; a throttle of None is none that was given.
    rehearsal_links
        Whether the links are a sandbox's of the form's own, which are for its relay only.
    message, kind, reply_to
        What the form does not ask for, as the campaign that it began with has it.
    """

    checked: pd.DataFrame = field(repr=False)
    groups: Groups = field(repr=False)
    relays: tuple[Relay, ...]
    links: Links | None = None
    rehearsal_links: bool = False
    throttle: Throttle | None = None
    limit: int | None = None
    message: Message = field(default_factory=lambda: Message(subject="", markdown=""))
    kind: CampaignKind | str = CampaignKind.BLAST
    reply_to: str | None = None

    @property
    def body_part(self) -> str:
        """The part of the message that the form's body is."""
        return next(part for part in BODIES if getattr(self.message, part) is not None)

    @property
    def clock(self) -> Clock:
        """The clock by which a message that is only looked at is dated."""
        return self.relays[0].clock if self.relays else SYSTEM_CLOCK

    def links_for(self, relays: Sequence[Relay]) -> Links | None:
        """Return the links of a message that leaves by these relays."""
        foreign = self.rehearsal_links and not all(relay in self.relays for relay in relays)
        return None if foreign else self.links


def beginning(campaign: Campaign | None) -> dict[str, Any]:
    """Return what a campaign gives to a form's material, where there is one to begin with."""
    if campaign is None:
        return {}
    return {"message": campaign.message, "kind": campaign.kind, "reply_to": campaign.sender.reply_to}


def checked_list(contacts: pd.DataFrame) -> pd.DataFrame:
    """Return the list verified by its syntax, where it was not verified yet."""
    return contacts if set(VERDICT_DTYPES) <= set(contacts.columns) else verify(contacts)
