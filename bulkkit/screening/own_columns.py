"""A piece of a file taken apart: the caller's own columns, and the addresses as they are judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bulkkit.contacts.columns import address_column, known_names
from bulkkit.contacts.pieces import written_out
from bulkkit.contacts.reading import repaired_addresses
from bulkkit.errors import InputError
from bulkkit.vocabulary import VERDICT_DTYPES

REPAIRED = "repaired"


@dataclass(frozen=True, slots=True)
class Heading:
    """Which columns of a file are what.

    Attributes
    ----------
    addresses
        The column of addresses.
    tracking
        The column that says who agreed to tracking, if there is one.
    earlier
        The columns of an earlier verdict, which the new one replaces.
    """

    addresses: object
    tracking: object | None
    earlier: tuple[str, ...]

    @classmethod
    def of(cls, piece: pd.DataFrame, email: str | None, path: Path) -> Heading:
        """Find out from a first piece, or say why the file cannot be judged."""
        earlier = _earlier(list(piece.columns), path)
        own = piece.drop(columns=list(earlier))
        renamed = {known: name for name, known in known_names(list(own.columns)).items()}
        tracking = "tracking_consent" if "tracking_consent" in own else renamed.get("tracking_consent")
        return cls(address_column(own, email, str(path)), tracking, earlier)

    def judged(self, piece: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series[Any]]:
        """Return a frame to judge, with the columns that verification looks at, and what was repaired, in words."""
        addresses, words = repaired_addresses(_plain(piece[self.addresses]))
        people = pd.DataFrame({"email": addresses})
        return people if self.tracking is None else people.assign(tracking_consent=_plain(piece[self.tracking])), words

    def together(self, piece: pd.DataFrame, checked: pd.DataFrame, words: pd.Series[Any]) -> pd.DataFrame:
        """Return the caller's columns with the addresses repaired, then `repaired` and the verdict."""
        own = piece.drop(columns=list(self.earlier)).assign(**{str(self.addresses): checked["email"]})
        before = _plain(own.pop(REPAIRED)) if REPAIRED in own.columns else words
        return own.assign(**{REPAIRED: before.where(words.isna(), words)}, **checked[list(VERDICT_DTYPES)])


def _plain(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return cells as text where they are a workbook's or Arrow's own."""
    return column if isinstance(column.dtype, pd.StringDtype) else written_out(column.astype(object))


def _earlier(names: Sequence[object], path: Path) -> tuple[str, ...]:
    clashing = tuple(name for name in VERDICT_DTYPES if name in names)
    if clashing and not {"checked_at", "depth"}.issubset(clashing):
        raise InputError(
            f"{path} has its own column {clashing[0]!r}, where the verdict would go. Rename it in the file, "
            f"such as own_{clashing[0]}."
        )
    return clashing
