"""A campaign: who writes what to whom, and what for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import pandas as pd

from bulkkit.errors import InputError
from bulkkit.frames import require
from bulkkit.message.message import Message
from bulkkit.message.mime import CONTROL
from bulkkit.message.sender import Sender
from bulkkit.vocabulary import CampaignKind, Purpose

Word = TypeVar("Word", CampaignKind, Purpose)


@dataclass(frozen=True, slots=True)
class Campaign:
    """One message to one audience.

    Parameters
    ----------
    name
        What the ledger, the charts and the report call it; it is unique in a ledger.
    sender
        A `Sender`, or its `Name <address>`.
    message
        The `Message`.
    audience
        A contacts frame, verified or not; only `email` must be there.
    kind
        `blast` (one message that concerns the whole list) or `segmented`.
    purpose
        `announcement`, `marketing` or `transactional`.

    Raises
    ------
    InputError
        Where a name is empty or holds control characters, or a kind or purpose is not known.
    """

    name: str
    sender: Sender
    message: Message
    audience: pd.DataFrame = field(repr=False)
    kind: CampaignKind | str = CampaignKind.BLAST
    purpose: Purpose | str = Purpose.ANNOUNCEMENT

    def __post_init__(self) -> None:
        if not self.name.strip() or CONTROL.search(self.name) or len(self.name) > 200:
            raise InputError(f"{self.name[:60]!r} cannot be a campaign's name: it needs 1 to 200 printable characters.")
        if isinstance(self.sender, str):
            object.__setattr__(self, "sender", Sender(self.sender))
        object.__setattr__(self, "kind", _member(CampaignKind, self.kind, "kind"))
        object.__setattr__(self, "purpose", _member(Purpose, self.purpose, "purpose"))
        require(self.audience, ["email"], f"The audience of {self.name!r}")


def _member(words: type[Word], value: str, what: str) -> Word:
    try:
        return words(value)
    except ValueError:
        raise InputError(f"{value!r} is no {what} of campaign; it is one of {', '.join(words)}.") from None
