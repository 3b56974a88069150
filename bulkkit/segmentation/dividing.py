"""Which people are alike: how lately they reacted, how long they have been there, and what else is known of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd

from bulkkit.addresses import mailbox_keys
from bulkkit.contacts.tracking import untracked
from bulkkit.errors import InputError
from bulkkit.frames import require
from bulkkit.outcomes import AnyFrame
from bulkkit.segmentation import rfm
from bulkkit.segmentation.history import ENGAGEMENT, UNKNOWN, History, categories, days_before, moments
from bulkkit.segmentation.responses import responses

TENURE: Final = {
    "<3 months": "on the list for less than 90 days",
    "3-12 months": "on the list for 90 to 364 days",
    "1-3 years": "on the list for 365 to 1,094 days",
    ">3 years": "on the list for 1,095 days or more",
    UNKNOWN: "created_at is missing, or after the moment in question",
}
"""Bands of the time since created_at, and what each means."""

TENURE_DAYS: Final = (0, 90, 365, 3 * 365)

SEGMENTATIONS: Final = ("engagement", "recency", "frequency", "rfm", "tenure", "provider", "source")
"""What contacts can be segmented by beside their own columns."""

Condition: TypeAlias = "pd.Series[Any] | Callable[[pd.DataFrame], pd.Series[Any]]"


def segment(
    contacts: pd.DataFrame,
    events: AnyFrame | None = None,
    by: str | Sequence[str] = ("engagement", "tenure"),
    as_of: date | str | None = None,
    conditions: Mapping[str, Condition] | None = None,
) -> pd.DataFrame:
    """Return the contacts with a column for each segmentation asked for.

    Parameters
    ----------
    contacts
        One row a contact, with a column `email`; `created_at` for tenure, `tracking_consent` if there is one.
    events
        The history: columns `kind, campaign, email, at`, and `machine` for telling people from machines.
    by
        Any of "engagement", "recency", "frequency", "rfm", "tenure", "provider", "source" (where consent was given)
        and the contacts' own columns.
    as_of
        The moment for which it holds (UTC; a date means its beginning); now if left out.
    conditions
        The user's own segments by name: a truth value for each contact, or a function that is given the contacts with
        the columns of `by` and returns that; missing values stay unknown.

    Returns
    -------
    pandas.DataFrame
        The caller's columns, rows, index and dtypes as they were, and behind them the columns of `by` that were not
        there, and those of the conditions (boolean). Engagement, recency, frequency, rfm and tenure are categories,
        explained by `bands()`; a `provider` that nobody looked up (`bulkkit.verify` does) is "unknown".

    Raises
    ------
    InputError
        A name in `by` is neither a column of the contacts nor a segmentation, or a condition does not say for each
        contact whether it holds.
    """
    require(contacts, ["email"], "the contacts frame")
    before = moment(as_of)
    asked = [name for name in ([by] if isinstance(by, str) else by) if name not in contacts.columns]
    added = _reacting(contacts, events, [name for name in asked if name in rfm.MEANINGS], before)
    for name in asked:
        if name == "engagement":
            added[name] = engagement(contacts, events, before)
        elif name == "tenure":
            added[name] = tenure(contacts, before)
        elif name in ("provider", "source"):
            added[name] = _known_or_not(contacts, "consent_source" if name == "source" else name)
        elif name not in rfm.MEANINGS:
            own, ours = ", ".join(map(str, contacts.columns)), ", ".join(SEGMENTATIONS)
            raise InputError(f"by={name!r} is no segmentation: use {ours}, or a column of {own}.")
    segmented = contacts.assign(**{name: added[name] for name in asked})
    return segmented.assign(**{name: _held(name, test, segmented) for name, test in (conditions or {}).items()})


def _known_or_not(contacts: pd.DataFrame, column: str) -> pd.Series[Any]:
    if column not in contacts.columns:
        return pd.Series(UNKNOWN, index=contacts.index, dtype="str")
    return contacts[column].astype("str").fillna(UNKNOWN)


def _reacting(
    contacts: pd.DataFrame, events: AnyFrame | None, names: Sequence[str], before: pd.Timestamp
) -> dict[str, pd.Series[Any]]:
    """Return the bands of `bulkkit.segmentation.rfm`; unknown where there are no events."""
    if events is None or not names:
        return {name: categories([UNKNOWN] * len(contacts), contacts.index, rfm.MEANINGS[name]) for name in names}
    mailboxes, unseen = mailbox_keys(contacts["email"].astype("str")), untracked(contacts)
    people = responses(events, before).reindex(mailboxes).set_axis(contacts.index)
    found = {name: rfm.banded(name, people, before, unseen) for name in names}
    return {name: bands.where(mailboxes.notna(), UNKNOWN) for name, bands in found.items()}


def _held(name: str, test: Condition, segmented: pd.DataFrame) -> pd.Series[Any]:
    held = pd.Series(test(segmented) if callable(test) else test)
    if len(held) != len(segmented) or not pd.api.types.is_bool_dtype(held):
        raise InputError(
            f"The condition {name!r} gives {len(held):,} values ({held.dtype}) for {len(segmented):,} contacts; it "
            'must say of each whether it holds, as in contacts["points"] > 100.'
        )
    return held.set_axis(segmented.index).astype("boolean")


def bands() -> pd.DataFrame:
    """Return what each band means: columns `segmentation, band, meaning`."""
    named = {"engagement": ENGAGEMENT, "tenure": TENURE, **rfm.MEANINGS}
    rows = [(name, band, meaning) for name, table in named.items() for band, meaning in table.items()]
    return pd.DataFrame(rows, columns=["segmentation", "band", "meaning"])


def moment(as_of: date | str | None = None) -> pd.Timestamp:
    """Return a date, text or timestamp as a moment in UTC; the present for None."""
    if as_of is None:
        return pd.Timestamp.now("UTC")
    try:
        at = pd.Timestamp(as_of)
    except ValueError as error:
        raise InputError(f"as_of={as_of!r} is no date; write it as 2026-10-01.") from error
    return at.tz_localize("UTC") if at.tzinfo is None else at.tz_convert("UTC")


def engagement(contacts: pd.DataFrame, events: AnyFrame | None, before: pd.Timestamp) -> pd.Series[Any]:
    """Return the band of `ENGAGEMENT` of each contact, from the events before a moment."""
    if events is None:
        return categories([UNKNOWN] * len(contacts), contacts.index, ENGAGEMENT)
    mailboxes = mailbox_keys(contacts["email"].astype("str"))
    return History.last_before(events, before).engagement(mailboxes, before, untracked(contacts))


def tenure(contacts: pd.DataFrame, at: pd.Timestamp) -> pd.Series[Any]:
    """Return the band of `TENURE` of each contact at a moment."""
    if "created_at" not in contacts.columns:
        return categories([UNKNOWN] * len(contacts), contacts.index, TENURE)
    days = days_before(at, moments(contacts["created_at"]))
    edges = np.searchsorted(TENURE_DAYS, days.to_numpy(), side="right")
    place = np.where(days.isna() | (edges == 0), len(TENURE), edges) - 1
    return categories(np.array(list(TENURE))[place], contacts.index, TENURE)
