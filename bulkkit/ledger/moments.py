"""Moments as the ledger stores them: microseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pandas as pd

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_stored(moment: datetime) -> int:
    """Return an aware moment as it is stored."""
    return (moment - EPOCH) // _MICROSECOND


def to_stored_or_none(moment: datetime | None) -> int | None:
    """Return a moment as it is stored, or None for none."""
    return None if moment is None or pd.isna(moment) else to_stored(moment)


def from_stored(value: int) -> datetime:
    """Return a stored moment."""
    return EPOCH + value * _MICROSECOND


def column_from_stored(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column of stored moments as timestamps; missing stays missing."""
    return pd.to_datetime(values.astype("Int64"), unit="us", utc=True).astype("datetime64[us, UTC]")
