"""Who is written to once, and who agreed to it."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from bulkkit.addresses import mailbox_keys
from bulkkit.contacts.values import bases, texts
from bulkkit.frames import require
from bulkkit.vocabulary import CONSENT_COLUMNS, ConsentBasis

AGREED: Final = frozenset({ConsentBasis.OPT_IN.value, ConsentBasis.CUSTOMER.value})
"""The bases on which a person may be written to."""


def duplicates(frame: pd.DataFrame) -> pd.Series[Any]:
    """Tell which rows name a mailbox that an earlier row names already.

    Parameters
    ----------
    frame : pandas.DataFrame
        A contacts frame; only the column `email` is looked at.

    Returns
    -------
    pandas.Series
        `bool`, on the frame's index: True for the second and each later row of
        one mailbox (`addresses.mailbox_key`); rows without an address are no
        duplicates of each other.

    Raises
    ------
    InputError
        The frame has no column `email`.
    """
    require(frame, ["email"], "the contacts frame")
    keys = mailbox_keys(texts(frame["email"]))
    return (keys.duplicated() & keys.notna()).rename("duplicate")


def consented(frame: pd.DataFrame) -> pd.Series[Any]:
    """Tell who agreed to be written to.

    Parameters
    ----------
    frame : pandas.DataFrame
        A contacts frame, with or without `consent_basis` and `consent_at`.

    Returns
    -------
    pandas.Series
        `boolean`, on the frame's index: True where the basis is `opt_in` or
        `customer`, or where the basis is missing or unknown and `consent_at`
        says when; False where the address was bought; missing where nothing
        is known.
    """
    basis = bases(frame["consent_basis"]) if "consent_basis" in frame else _nothing(frame)
    dated = frame["consent_at"].notna() if "consent_at" in frame else pd.Series(False, index=frame.index)
    known = pd.Series(pd.NA, index=frame.index, dtype="boolean", name="consented")
    known = known.mask(dated, True)
    known = known.mask(basis.isin(AGREED), True)
    return known.mask(basis.eq(ConsentBasis.BOUGHT.value), False)


def has_consent_columns(frame: pd.DataFrame) -> bool:
    """Tell whether the frame has any column that speaks of consent."""
    return any(name in frame.columns for name in CONSENT_COLUMNS)


def _nothing(frame: pd.DataFrame) -> pd.Series[Any]:
    return pd.Series(pd.NA, index=frame.index, dtype="str")
