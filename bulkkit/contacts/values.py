"""What stands in a cell becomes text, a moment, a yes or no, or a basis of consent; what cannot be read is missing."""

from __future__ import annotations

import re
from typing import Any, Final

import pandas as pd

from bulkkit.vocabulary import TIMESTAMP, ConsentBasis

YES: Final = "yes y true t 1 1.0 ja j oui o si sí s sim да on granted"
NO: Final = "no n false f 0 0.0 nein non nee nej não nao нет off denied"
"""Yes and no as they stand in exports in English, German, French, Spanish, Italian, Dutch, Portuguese and Russian."""

BASES: Final = {
    **{basis.value: basis.value for basis in ConsentBasis},
    "optin": ConsentBasis.OPT_IN.value,
    "double_opt_in": ConsentBasis.OPT_IN.value,
    "purchased": ConsentBasis.BOUGHT.value,
    "rented": ConsentBasis.BOUGHT.value,
}
"""The words for a basis of consent, after spaces and hyphens became underscores."""

DATE_FORMATS: Final = (
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%d %b %Y",
    "%b %d, %Y",
    "%a, %d %b %Y %H:%M:%S %z",
)
"""The formats beside ISO 8601 that can be read in one way only; the last is RFC 5322's."""

SLASHED: Final = r"^(\d{1,2})/(\d{1,2})/\d{4}\b"
"""A date with slashes: its order of day and month is settled by the whole column, or not at all."""

SLASHED_TIMES: Final = ("", " %H:%M", " %H:%M:%S")


def texts(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return the column as text (dtype `str`); what is not text is missing.

    Halves of surrogate pairs, which no text on a wire can hold, are spelt out
    behind a backslash.
    """
    if isinstance(column.dtype, pd.StringDtype):
        return column.astype("str")
    return column.astype(object).map(_text).astype("str")


def moments(column: pd.Series[Any]) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Return the column as UTC timestamps, and a mask of the cells that hold something unreadable.

    The index has no label twice. Moments without an offset are taken for UTC. `03/04/2024` is read only if
    another row of the column settles which number is the day.
    """
    if isinstance(column.dtype, pd.DatetimeTZDtype) or pd.api.types.is_datetime64_dtype(column.dtype):
        return pd.to_datetime(column, utc=True).astype(TIMESTAMP), pd.Series(False, index=column.index)
    text = column.astype("str").str.strip()
    read = _parsed(text, "ISO8601")
    left = text[read.isna() & text.notna()]
    for form in (*DATE_FORMATS, *_slashed_formats(left)) if len(left) else ():
        read = read.fillna(_parsed(left, form))
    return read, read.isna() & text.notna() & text.ne("")


def booleans(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return the column as nullable booleans: the words of `YES` and `NO`, anything else missing."""
    words = column.astype("str").str.strip().str.lower()
    unknown = pd.Series(pd.NA, index=column.index, dtype="boolean", name=column.name)
    return unknown.mask(words.isin(YES.split()), True).mask(words.isin(NO.split()), False)


def bases(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return the column as words of `ConsentBasis`; other words are `unknown`, missing stays missing."""
    # A million rows say the same few words.
    codes, said = pd.factorize(column.astype("str"))
    known = pd.array([_basis(text) for text in said], dtype="str")
    return pd.Series(known.take(codes, allow_fill=True), index=column.index, name=column.name)


def _basis(text: str) -> str | None:
    word = re.sub(r"[\s-]+", "_", text.strip(" \t").lower())
    return BASES.get(word) or (ConsentBasis.UNKNOWN.value if word else None)


def trimmed(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column of text without spaces and tabs around it; other dtypes as they are."""
    return column.str.strip(" \t") if isinstance(column.dtype, pd.StringDtype) else column


def _text(value: object) -> str | None:
    return value.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(value, str) else None


def _parsed(text: pd.Series[Any], form: str) -> pd.Series[Any]:
    return pd.to_datetime(text, format=form, utc=True, errors="coerce").astype(TIMESTAMP)


def _slashed_formats(text: pd.Series[Any]) -> list[str]:
    parts = text.str.extract(SLASHED).astype("Float64")
    day_first, month_first = bool((parts[0] > 12).any()), bool((parts[1] > 12).any())
    if day_first == month_first:
        return []
    return [("%d/%m/%Y" if day_first else "%m/%d/%Y") + time for time in SLASHED_TIMES]
