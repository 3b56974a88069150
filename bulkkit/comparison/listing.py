"""What contacts know of people: a row a mailbox, where the contacts lie."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw
from narwhals.typing import IntoFrame

from bulkkit.comparison.past import BANDS
from bulkkit.contacts.tracking import COLUMN as CONSENT
from bulkkit.contacts.values import booleans
from bulkkit.errors import InputError
from bulkkit.outcomes import KEY, Frame, gathered, mailboxes
from bulkkit.segmentation import moments

OPTIONAL: Final = ("provider", "tenure", "engagement")
"""What may be adjusted for even where nobody knows it: then everybody is "unknown" in it."""

_CREATED: Final = "created_at"


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """What contacts know of people.

    Attributes
    ----------
    rows
        A row a mailbox: `_mailbox`; `_created` and `_consents` where contacts tell of them; the aliases of `names`.
    names
        By alias the name of each column that was asked for and is there.
    """

    rows: Frame
    names: dict[str, str]

    @classmethod
    def of(cls, contacts: IntoFrame, asked: Sequence[str], bands: Collection[str]) -> Listing:
        """Take what is asked for and what bands need; of a mailbox that is there twice the least values, as `rates`."""
        frame = nw.from_native(contacts).lazy()
        if "email" not in (has := frame.collect_schema()).names():
            raise InputError(
                f"The contacts frame has no column 'email'; its columns are {', '.join(has.names()) or 'none at all'}. "
                "Rename the right one, or pass the frame that has it."
            )
        frame = _with_moments(frame) if "tenure" in bands else frame
        names = {f"_own_{place}": name for place, name in enumerate(asked) if name in has.names()}
        values = {alias: _value(name, frame.collect_schema()[name]) for alias, name in names.items()}
        for band in bands:
            values |= _NEEDED[band](frame)
        rows = mailboxes(frame).select(KEY[1], **values)
        return cls(rows.group_by(KEY[1]).agg(*(nw.col(alias).min() for alias in values)), names)


def listed(contacts: IntoFrame | None, names: Sequence[str], outcome: str | None) -> Listing | None:
    """Return what is asked of contacts; `names` that nobody has are unknown of everybody, if they are `OPTIONAL`."""
    has = [] if contacts is None else nw.from_native(contacts).lazy().collect_schema().names()
    if unknown := [name for name in names if name not in OPTIONAL and name not in has]:
        raise InputError(
            f"adjust names {', '.join(unknown)}, which is no column of contacts (they have {', '.join(has) or 'none'})."
        )
    if outcome is not None and contacts is None:
        raise InputError(f"outcome={outcome!r} is a column of contacts: pass contacts=.")
    if outcome is not None and outcome not in has:
        raise InputError(f"contacts has no column {outcome}; pass the contacts that have it.")
    if contacts is None:
        return None
    own = [name for name in names if name not in BANDS]
    return Listing.of(contacts, own if outcome is None else [*own, outcome], [name for name in names if name in BANDS])


def _with_moments(frame: Frame) -> Frame:
    """Return contacts with moments as such; where they are text that is read in pandas."""
    dtype = frame.collect_schema().get(_CREATED)
    if dtype is None or isinstance(dtype, nw.Datetime) or dtype == nw.Date:
        return frame
    people = gathered(frame)
    read: Frame = nw.from_native(people.assign(**{_CREATED: moments(people[_CREATED])})).lazy()
    return read


def _joined(frame: Frame) -> dict[str, nw.Expr]:
    """Return when each person joined."""
    dtype = frame.collect_schema().get(_CREATED)
    if dtype is None:
        return {}
    return {"_created": nw.col(_CREATED).cast(nw.Datetime) if dtype == nw.Date else nw.col(_CREATED)}


def _agreed(frame: Frame) -> dict[str, nw.Expr]:
    """Return who agreed to tracking, where there is a column for it."""
    if CONSENT not in frame.collect_schema().names():
        return {}
    said = gathered(frame.select(CONSENT).unique())[CONSENT]
    yes = list(said[booleans(said).fillna(False)])
    return {"_consents": nw.col(CONSENT).is_in(yes).fill_null(False) if yes else nw.lit(False)}


def _value(name: str, dtype: Any) -> nw.Expr:
    is_text = dtype in (nw.String, nw.Categorical, nw.Enum)
    return nw.col(name).cast(nw.String) if is_text else nw.col(name)


_NEEDED: Final = {"engagement": _agreed, "tenure": _joined}
