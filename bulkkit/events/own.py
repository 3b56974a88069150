"""Our own form of events, as CSV, Parquet or one JSON object a line: the columns of `EVENT_DTYPES`.

Only `kind`, `email` and `at` must be there; the source's name is kept where the
file has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from bulkkit.errors import InputError
from bulkkit.events.opening import Form, Opening
from bulkkit.events.raw import RAW_LENGTH, fingerprint, kept
from bulkkit.events.records import records
from bulkkit.events.source import Reading, Source, Unusable
from bulkkit.frames import conform
from bulkkit.vocabulary import EVENT_DTYPES, BounceClass, BounceType, EventKind

NEEDED: Final = frozenset({"kind", "email", "at"})
ROW: Final = "row"
"""The column that holds each row's number while a file is read."""

MOST_ROWS: Final = 100_000_000
"""A choice: a Parquet file of a few kilobytes can say that it has billions."""

REPLIES: Final = range(200, 600)
"""Reply codes: three digits, the first 2 to 5 (RFC 5321 §4.2.1)."""

_WORDS: Final = {
    "kind": (EventKind, EventKind.UNKNOWN),
    "bounce_type": (BounceType, BounceType.UNDETERMINED),
    "bounce_class": (BounceClass, BounceClass.UNCATEGORIZED),
}
_TRUTH: Final = {
    "true": True,
    "1": True,
    "1.0": True,
    "yes": True,
    "false": False,
    "0": False,
    "0.0": False,
    "no": False,
}
_HEADER_ROWS: Final = 1


def recognises(opening: Opening) -> bool:
    """Return whether a file has the columns of our own events."""
    return opening.form in _READERS and opening.names >= NEEDED


def read(opening: Opening) -> Reading:
    """Read a file of normalised events."""
    frame, torn = _READERS[opening.form](opening)
    known = frame[[name for name in frame.columns if name in EVENT_DTYPES]]
    reasons = _reasons(known)
    usable = reasons.isna()
    unusable = [Unusable(int(row), reason) for row, reason in zip(frame[ROW][~usable], reasons[~usable], strict=True)]
    return Reading(_normal(known[usable]), tuple(sorted([*torn, *unusable], key=lambda bad: bad.line)))


def _reasons(frame: pd.DataFrame) -> pd.Series[Any]:
    """Return why each row is unusable; missing where it is usable."""
    reasons = pd.Series(pd.NA, index=frame.index, dtype="str")
    nobody = frame["email"].isna() & _column(frame, "message_id").isna()
    no_address = ~frame["email"].astype("str").str.contains("@", regex=False).fillna(True).astype(bool)
    reasons = reasons.mask(_moments(frame).isna(), "its at is missing or no time such as 2026-10-01T09:30:00Z")
    reasons = reasons.mask(nobody, "it names neither an email nor a message_id")
    reasons = reasons.mask(no_address, "its email is no address")
    return reasons.mask(frame["kind"].isna(), "it has no kind")


def _normal(frame: pd.DataFrame) -> pd.DataFrame:
    """Return usable rows with the words, dtypes and identifiers of an events frame."""
    words = {name: _member(frame[name], *_WORDS[name]) for name in _WORDS if name in frame.columns}
    typed = frame.assign(
        at=_moments(frame),
        smtp_code=_replies(_column(frame, "smtp_code")),
        machine=_column(frame, "machine").astype("str").str.lower().map(_TRUTH).astype("boolean"),
        source=_column(frame, "source").fillna("file"),
        event_id=_event_ids(frame),
        **words,
    )
    return conform(typed, EVENT_DTYPES)


def _member(column: pd.Series[Any], words: Any, otherwise: Any) -> pd.Series[Any]:
    spelt = column.astype("str").str.strip()
    return spelt.where(spelt.isna() | spelt.isin([str(word) for word in words]), str(otherwise))


def _replies(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return reply codes; what is none is missing."""
    numbers = pd.to_numeric(column, errors="coerce").astype("Float64")
    return numbers.where(numbers.isin(REPLIES)).astype("Int64")


def _event_ids(frame: pd.DataFrame) -> pd.Series[Any]:
    ids = _column(frame, "event_id").astype("str")
    without = ids.isna()
    if without.any():
        rows = frame[without].drop(columns="event_id", errors="ignore").sort_index(axis=1).astype("str").fillna("")
        made = [fingerprint(*map(str, row)) for row in rows.itertuples(index=False, name=None)]
        ids = ids.where(~without, pd.Series(made, index=rows.index, dtype="str").reindex(ids.index))
    return ids


def _moments(frame: pd.DataFrame) -> pd.Series[Any]:
    column = frame["at"]
    if isinstance(column.dtype, pd.DatetimeTZDtype) or pd.api.types.is_datetime64_dtype(column):
        return pd.to_datetime(column, utc=True)
    return pd.to_datetime(column.astype("str"), utc=True, format="ISO8601", errors="coerce")


def _column(frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    return frame[name] if name in frame.columns else pd.Series(pd.NA, index=frame.index, dtype="str")


def _from_table(opening: Opening) -> tuple[pd.DataFrame, list[Unusable]]:
    import pyarrow.csv

    torn: list[Unusable] = []

    def note(row: Any) -> str:
        torn.append(Unusable(row.number, f"it has {row.actual_columns} cells, the header has {row.expected_columns}"))
        return "skip"

    # One thread: only then do unusable rows come with their number. A block of 1 MiB bounds a row.
    options = {
        "read_options": pyarrow.csv.ReadOptions(use_threads=False, encoding=opening.encoding.removesuffix("-sig")),
        "parse_options": pyarrow.csv.ParseOptions(
            delimiter=opening.delimiter, newlines_in_values=True, invalid_row_handler=note
        ),
    }
    try:
        names = pyarrow.csv.open_csv(opening.path, **options).schema.names
        torn.clear()
        as_text = pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pyarrow.string()), strings_can_be_null=True, null_values=[""]
        )
        frame = pyarrow.csv.read_csv(opening.path, convert_options=as_text, **options).to_pandas()
    except ValueError as error:
        raise InputError(f"{opening.path} cannot be read as a table: {error}. Save it as CSV in UTF-8.") from None
    return _numbered(_lower(frame), {bad.line for bad in torn}), torn


def _numbered(frame: pd.DataFrame, skipped: set[int]) -> pd.DataFrame:
    """Return the frame with each row's number in the file, where the rows `skipped` are no longer there."""
    total = len(frame) + len(skipped)
    numbers = range(_HEADER_ROWS + 1, _HEADER_ROWS + 1 + total)
    return frame.assign(**{ROW: [number for number in numbers if number not in skipped] if skipped else numbers})


def _from_parquet(opening: Opening) -> tuple[pd.DataFrame, list[Unusable]]:
    import pyarrow.parquet

    rows = pyarrow.parquet.read_metadata(opening.path).num_rows
    if rows > MOST_ROWS:
        raise InputError(f"{opening.path} has {rows:,} rows; split it into files of {MOST_ROWS:,}.")
    frame = _lower(pd.read_parquet(opening.path))
    return frame.assign(**{ROW: range(1, rows + 1)}), []


def _from_json(opening: Opening) -> tuple[pd.DataFrame, list[Unusable]]:
    torn: list[Unusable] = []
    rows: list[dict[str, Any]] = []
    for record in records(opening):
        if isinstance(record, Unusable):
            torn.append(record)
        else:
            number, fields = record
            rows.append({**_texts(fields), ROW: number})
    return pd.DataFrame(rows, columns=[*EVENT_DTYPES, ROW]), torn


def _texts(fields: Mapping[str, Any]) -> dict[str, str | None]:
    known = {name.strip().lower(): value for name, value in fields.items()}
    return {
        name: kept(str(known[name]), RAW_LENGTH) for name in EVENT_DTYPES if name in known and known[name] is not None
    }


def _lower(frame: pd.DataFrame) -> pd.DataFrame:
    named = frame.set_axis([str(name).strip().lower() for name in frame.columns], axis="columns")
    return named.loc[:, ~named.columns.duplicated()]


_READERS: Final = {Form.TABLE: _from_table, Form.PARQUET: _from_parquet, Form.JSON: _from_json}

SOURCE: Final = Source(
    "own",
    "a file of bulkkit's own events",
    recognises,
    read,
    "Whatever column the file lacks is unknown.",
)
