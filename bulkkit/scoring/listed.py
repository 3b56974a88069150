"""A verified list as it is scored: one row a mailbox, and what is held against each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bulkkit.addresses import mailbox_keys
from bulkkit.errors import InputError
from bulkkit.frames import require
from bulkkit.segmentation import UNKNOWN
from bulkkit.vocabulary import CONSENT_COLUMNS, ConsentBasis, Reason, Status

QUESTIONABLE: Final = (
    Reason.DISPOSABLE, Reason.ROLE_BASED, Reason.POSSIBLE_TYPO,
    Reason.SUPPRESSED, Reason.INACTIVE, Reason.MAILBOX_QUOTA_EXCEEDED,
)  # fmt: skip
"""Reasons that are held against an address; a privacy relay's subscriber is as real as any."""


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """The caller's rows, and of them the first of each mailbox with its key.

    What `questionable`, `consented` and `usable` return has a row for each of `people`.
    """

    checked: pd.DataFrame
    people: pd.DataFrame
    repeats: pd.DataFrame
    keys: pd.Series[Any]

    @classmethod
    def of(cls, checked: pd.DataFrame) -> Listed:
        """Take a list that `bulkkit.verify` returned."""
        require(checked, ["email", "status", "reason"], "the list (verify it first: bulkkit.verify(contacts)), which")
        if checked.empty:
            raise InputError("The list is empty: there is nothing to score.")
        keys = mailbox_keys(checked["email"].astype("str"))
        repeated = keys.duplicated()
        return cls(checked, checked[~repeated], checked[repeated], keys[~repeated])

    def part(self, rows: pd.DataFrame | pd.Series[Any]) -> Listed:
        """Return a part of the list: a frame of its rows, or a mask with a truth value for each of them."""
        if isinstance(rows, pd.DataFrame):
            return Listed.of(rows)
        if len(rows) != len(self.checked) or not pd.api.types.is_bool_dtype(rows):
            raise InputError(
                f"A mask of {len(rows):,} values ({pd.Series(rows).dtype}) chooses no part of {len(self.checked):,} "
                'rows; make it from the list itself, as in checked["segment"] == "newsletter".'
            )
        return Listed.of(self.checked[pd.Series(rows).fillna(False).to_numpy(bool)])

    def without(self, mailboxes: pd.Series[Any]) -> pd.DataFrame:
        """Return the caller's rows but those of some mailboxes."""
        gone = mailbox_keys(self.checked["email"].astype("str")).isin(mailboxes)
        return self.checked[~gone.to_numpy(bool)]

    @property
    def usable(self) -> pd.Series[Any]:
        """Who can be written to at all."""
        return self.people["status"] != Status.UNDELIVERABLE

    @property
    def questionable(self) -> pd.Series[Any]:
        """Which addresses verification has something against."""
        listed = self.people
        found = (listed["status"] == Status.UNDELIVERABLE) | listed["reason"].isin(QUESTIONABLE)
        for flag in ("disposable", "role"):
            if flag in listed.columns:
                found |= listed[flag].isin([True])
        return found | listed["did_you_mean"].notna() if "did_you_mean" in listed.columns else found

    @property
    def consented(self) -> pd.Series[Any] | None:
        """Whose consent is on record; None where no column tells of it."""
        listed = self.people
        columns = [name for name in CONSENT_COLUMNS if name in listed.columns]
        if not columns:
            return None
        written = listed[columns].apply(_is_written)
        recorded: pd.Series[Any] = written.drop(columns="consent_basis", errors="ignore").any(axis=1)
        if "consent_basis" in columns:
            recorded |= listed["consent_basis"].isin([ConsentBasis.OPT_IN, ConsentBasis.CUSTOMER])
            recorded &= listed["consent_basis"] != ConsentBasis.BOUGHT
        return recorded

    @property
    def providers(self) -> pd.Series[Any]:
        """The addresses at each known provider, as shares of one, the largest first; empty where none is known."""
        if "provider" not in self.people.columns:
            return pd.Series(dtype=float)
        known = self.people["provider"][self.people["provider"].notna() & (self.people["provider"] != UNKNOWN)]
        return known.value_counts(normalize=True)


def _is_written(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return where something stands; spaces are nothing."""
    if not (pd.api.types.is_object_dtype(column) or isinstance(column.dtype, (pd.StringDtype, pd.CategoricalDtype))):
        return column.notna()
    return column.astype("str").str.strip().fillna("") != ""
