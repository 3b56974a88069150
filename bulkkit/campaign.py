"""A campaign: who writes what to whom, and what for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeVar

import pandas as pd

from bulkkit.errors import InputError
from bulkkit.frames import require
from bulkkit.message.message import Message
from bulkkit.message.mime import CONTROL
from bulkkit.message.sender import Sender
from bulkkit.vocabulary import CampaignKind, Purpose

PARTS: Final[dict[str, tuple[type, str]]] = {
    "sender": (Sender, "a Sender or its text, such as 'Example News <news@example.org>'"),
    "message": (Message, "a Message(subject=…, markdown=…)"),
    "audience": (pd.DataFrame, "a pandas DataFrame, such as read_contacts returns"),
}
"""What the parts of a campaign must be, and how they are made."""

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
        Where a name is empty or holds control characters, a kind or purpose is
        not known, or a part is of the wrong type.
    """

    name: str
    sender: Sender
    message: Message
    audience: pd.DataFrame = field(repr=False)
    kind: CampaignKind | str = CampaignKind.BLAST
    purpose: Purpose | str = Purpose.ANNOUNCEMENT

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise InputError(f"A campaign's name is text, and {self.name!r:.60} is of type {type(self.name).__name__}.")
        if not self.name.strip() or CONTROL.search(self.name) or len(self.name) > 200:
            raise InputError(f"{self.name[:60]!r} cannot be a campaign's name: it needs 1 to 200 printable characters.")
        if isinstance(self.sender, str):
            object.__setattr__(self, "sender", Sender(self.sender))
        for part, (wanted, how) in PARTS.items():
            if not isinstance(value := getattr(self, part), wanted):
                raise InputError(f"The {part} of {self.name!r} is of type {type(value).__name__}; it is {how}.")
        object.__setattr__(self, "kind", _member(CampaignKind, self.kind, "kind"))
        object.__setattr__(self, "purpose", _member(Purpose, self.purpose, "purpose"))
        require(self.audience, ["email"], f"The audience of {self.name!r}")


def _member(words: type[Word], value: str, what: str) -> Word:
    try:
        return words(value)
    except ValueError:
        raise InputError(f"{value!r} is no {what} of campaign; it is one of {', '.join(words)}.") from None
