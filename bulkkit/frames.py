"""A frame with exactly the columns and dtypes that its vocabulary names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from bulkkit.errors import InputError


def conform(frame: pd.DataFrame, dtypes: Mapping[str, str]) -> pd.DataFrame:
    """Return `frame` with the columns of `dtypes` first, in that order and of those dtypes.

    Columns that are not there become missing; further columns stay behind the
    named ones, as they are. The frame handed in is not changed.
    """
    known = {name: _column(frame, name, dtype) for name, dtype in dtypes.items()}
    extra = {str(name): frame[name] for name in frame.columns if name not in dtypes}
    return pd.DataFrame({**known, **extra}, index=frame.index)


def from_rows(rows: Iterable[Any], dtypes: Mapping[str, str]) -> pd.DataFrame:
    """Return a frame of `dtypes` from rows: tuples in that order, or mappings."""
    listed = list(rows)
    if listed and isinstance(listed[0], Mapping):
        return conform(pd.DataFrame.from_records(listed), dtypes)
    return conform(pd.DataFrame.from_records(listed, columns=list(dtypes)), dtypes)


def require(frame: pd.DataFrame, columns: Iterable[str], what: str) -> None:
    """Raise `InputError` naming the columns that `what` lacks."""
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        has = ", ".join(map(str, frame.columns[:12])) or "none at all"
        raise InputError(
            f"{what} has no column {', '.join(map(repr, missing))}; its columns are {has}. "
            "Rename the right one, or pass the frame that has it."
        )


def _column(frame: pd.DataFrame, name: str, dtype: str) -> pd.Series[Any]:
    if name not in frame.columns:
        missing: pd.Series[Any] = pd.Series(None, index=frame.index, dtype=_dtype(dtype))
        return missing
    column = frame[name]
    try:
        if dtype.startswith("datetime64"):
            return _moments(column, dtype)
        return column.astype(_dtype(dtype))
    except (ValueError, TypeError) as error:
        raise InputError(f"The column {name!r} cannot be read as {dtype}: {error}") from None


def _moments(column: pd.Series[Any], dtype: str) -> pd.Series[Any]:
    form: Any = "ISO8601" if _is_text(column) else None
    return pd.to_datetime(column, utc=True, format=form).astype(dtype)  # type: ignore[call-overload,no-any-return]


def _dtype(dtype: str) -> Any:
    return pd.StringDtype(na_value=float("nan")) if dtype == "str" else dtype


def _is_text(column: pd.Series[Any]) -> bool:
    return bool(pd.api.types.is_object_dtype(column) or pd.api.types.is_string_dtype(column))
