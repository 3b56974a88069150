"""A form read: the campaign that it means, and a sentence for each field that means nothing yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, TypeVar

import pandas as pd

from bulkkit.campaign import Campaign
from bulkkit.composition.form import Choosing, Form, Writing
from bulkkit.composition.material import Material
from bulkkit.errors import AddressError, BulkkitError, InputError, explained
from bulkkit.message.message import Message
from bulkkit.message.sender import Sender
from bulkkit.vocabulary import CampaignKind


class Place(StrEnum):
    """Where on the form a sentence belongs."""

    NAME = "name"
    SENDER = "sender"
    SUBJECT = "subject"
    BODY = "body"
    AUDIENCE = "audience"
    DELIVERY = "delivery"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is no plan to send: what was raised, and at which place of the form it is said."""

    place: Place
    error: Exception

    @property
    def said(self) -> str:
        """What a person reads of it."""
        return explained(self.error)


@dataclass(frozen=True, slots=True)
class Wording:
    """Who writes what, read: where a field has a problem, a stand-in takes its place."""

    name: str
    sender: Sender
    message: Message
    problems: tuple[Problem, ...]


STAND_IN_SENDER: Final = Sender("sender@example.org", postal_address="–")
STAND_IN_NAME: Final = "campaign"
"""They take the place of what cannot be used, so that preview, audience and pace go on; nothing is sent with them."""

Part = TypeVar("Part")


def wording(writing: Writing, material: Material) -> Wording:
    """Read who writes what."""
    problems: list[Problem] = []

    def tried(place: Place, make: Callable[[], Part], stand_in: Part) -> Part:
        try:
            return make()
        except BulkkitError as error:
            problems.append(Problem(place, error))
            return stand_in

    sender = tried(Place.SENDER, lambda: _sender(writing, material), STAND_IN_SENDER)
    subject = tried(Place.SUBJECT, lambda: _message(material, writing.subject, "").subject, "")
    message = tried(Place.BODY, lambda: _message(material, subject, writing.body), _message(material, subject, ""))
    name = tried(Place.NAME, lambda: _named(writing.name.strip(), sender, message), STAND_IN_NAME)
    return Wording(name, sender, message, tuple(problems))


def read(form: Form, words: Wording, material: Material) -> Campaign:
    """Return the campaign that a form means.

    Raises
    ------
    InputError
        Where a column was chosen and none of its values.
    """
    kind = material.kind if form.choosing.column is None else CampaignKind.SEGMENTED
    audience = audience_of(form.choosing, material)
    return Campaign(words.name, words.sender, words.message, audience, kind, form.writing.purpose)


def audience_of(choosing: Choosing, material: Material) -> pd.DataFrame:
    """Return the rows that were chosen.

    Raises
    ------
    InputError
        Where a column was chosen and none of its values.
    """
    if choosing.column is None:
        return material.checked
    if not choosing.values:
        raise InputError(f"Choose one or more values of {choosing.column!r}, or the whole list.")
    return material.checked[material.groups.within(choosing.column, choosing.values)]


def _named(name: str, sender: Sender, message: Message) -> str:
    if not name:
        raise InputError("Give the campaign a name, such as office-move: the ledger and the report call it so.")
    return Campaign(name, sender, message, pd.DataFrame({"email": []})).name


def _sender(writing: Writing, material: Material) -> Sender:
    if not writing.sender.strip():
        raise AddressError("Say who writes, such as Example News <news@example.org>.")
    return Sender(writing.sender.strip(), writing.postal_address.strip(), material.reply_to)


def _message(material: Material, subject: str, body: str) -> Message:
    words: dict[str, Any] = {"subject": subject, material.body_part: body}
    return replace(material.message, **words)
