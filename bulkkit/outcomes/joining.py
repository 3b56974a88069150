"""What joins events, sends and contacts: the campaign, and the mailbox that an address means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal, TypeAlias

import narwhals as nw
from narwhals.typing import IntoFrame

from bulkkit.addresses import mailbox_key
from bulkkit.errors import InputError
from bulkkit.outcomes.clocks import in_utc
from bulkkit.outcomes.gathering import gathered

KEY: Final = ("_campaign", "_mailbox")
"""What joins events, sends and contacts; the other columns in here bear an underscore to stay clear of the caller's."""

NOT_TOLD: Final = "unknown"

Frame: TypeAlias = nw.LazyFrame[Any]
AnyFrame: TypeAlias = IntoFrame | Frame

_JOINING: Final = ("campaign", "email")

_NOT_PLAIN: Final = r"[^!-@\[-~]"
_ENDS: Final = (".", "@gmail.com", "@googlemail.com")
"""What no address holds that is its own mailbox: other than lower-case ASCII; and how none ends."""

_ODD: Final = r"[^!-~]|\.$"
"""Looked for before lowering: some libraries make a plain "i" of a dotted capital one, which is somebody else."""

_GOOGLE: Final = r"(?i)[.+].*@gmail\.com$|@googlemail\.com$"
_AT_GOOGLE: Final = r"@g(?:oogle)?mail\.com$"


@dataclass(frozen=True, slots=True)
class _Spelling:
    """Which work the addresses of a frame need before they are mailboxes: looked at once, for most need none."""

    missing: bool = False
    other: bool = False
    odd: bool = False
    google: bool = False

    @classmethod
    def of(cls, raw: Frame) -> _Spelling:
        """Look at the column `_raw`."""
        seen = _any(raw, missing=nw.col("_raw").is_null(), **_not_as_is(raw))
        if not any(seen[name] for name in seen if name != "missing"):
            return cls(missing=seen["missing"])
        return cls(missing=seen["missing"], other=True, **_any(raw, odd=_holds(_ODD), google=_holds(_GOOGLE)))


def keyed(frame: AnyFrame, what: str) -> Frame:
    """Return a frame with the columns of `KEY` added, unless it has them; rows without an address are left out."""
    lazy: Frame = nw.from_native(frame).lazy()
    has = lazy.collect_schema()
    if set(KEY) <= set(has.names()):
        return lazy
    needed = ("kind", *_JOINING) if what == "events" else _JOINING
    if missing := [name for name in needed if name not in has.names()]:
        raise InputError(
            f"{what} has no column {' and no '.join(missing)}; rename the right one, or pass another frame."
        )
    campaign = as_text("campaign", has["campaign"]).fill_null(NOT_TOLD)
    return mailboxes(lazy).with_columns(campaign.alias(KEY[0]))


def mailboxes(frame: Frame) -> Frame:
    """Return the rows that have an address, with the mailbox it means in `_mailbox` (as `addresses.mailbox_key`).

    Moments are in UTC.
    """
    frame = in_utc(frame)
    raw = as_text("email", frame.collect_schema()["email"]).alias("_raw")
    spelling = _Spelling.of(frame.select(raw))
    addressed = frame.filter(~nw.col("email").is_null()) if spelling.missing else frame
    if not spelling.other:
        return addressed.with_columns(raw.alias(KEY[1]))
    addressed = addressed.with_columns(raw)
    plain = _plain(spelling)
    if not spelling.odd:
        return addressed.with_columns(plain.alias(KEY[1])).drop("_raw")
    odd = gathered(addressed.filter(_holds(_ODD)).select("_raw").unique())["_raw"]
    return _looked_up(addressed, {address: mailbox_key(address) for address in odd}, plain).drop("_raw")


def merged(frame: Frame, other: Frame, on: Sequence[str], how: Literal["left", "inner"] = "left") -> Frame:
    """Return the rows of a frame with what another one of its library, with a row for each of these keys, adds."""
    return _forgetful(frame).join(_forgetful(alike(other, frame)), on=list(on), how=how)


def _forgetful(frame: Frame) -> Frame:
    """Return a frame that can be joined.

    Dask (2026.8) fails where it joins groups out of many partitions (`KeyError … not in index`): it looks for their
    keys in columns that it has left out. What a function returned has no keys that it knows of.
    """
    if not frame.implementation.is_dask():
        return frame
    partitions: Any = frame.to_native()
    forgetful: Frame = nw.from_native(partitions.map_partitions(_itself))
    return forgetful


def _itself(part: Any) -> Any:
    return part


def alike(frame: Frame, other: Frame) -> Frame:
    """Return `frame`, which must come from the same library as `other`: they are going to be joined."""
    if frame.implementation is not other.implementation:
        raise InputError(
            f"events, sends and contacts must come from one library: one is a {other.implementation.value} frame, "
            f"another a {frame.implementation.value} frame. Convert the smaller one."
        )
    return frame


def as_text(name: str, dtype: Any) -> nw.Expr:
    """Return a column as text."""
    return nw.col(name) if dtype == nw.String else nw.col(name).cast(nw.String)


def _looked_up(frame: Frame, meant: Mapping[str, str], plain: nw.Expr) -> Frame:
    """Return a frame with the mailbox of each address in `_raw`: what it is known to mean, or else `plain`."""
    if not (frame.implementation.is_duckdb() or frame.implementation.is_spark_like()):
        known = nw.col("_raw").replace_strict(list(meant), list(meant.values()), default=plain)
        return frame.with_columns(known.alias(KEY[1]))
    # These would search a list for each row: the table that they can join comes out of a single text.
    next_row, next_cell = _marks_not_in("".join([*meant, *meant.values()]))
    text = next_row.join(next_cell.join(row) for row in meant.items())
    rows = frame.head(1).select(nw.lit(text).str.split(next_row).alias("_row")).explode("_row")
    cells = nw.col("_row").str.split(next_cell)
    table = rows.select(cells.list.get(0).alias("_raw"), cells.list.get(1).alias("_meant"))
    known = nw.coalesce(nw.col("_meant"), plain)
    return merged(frame, table, ["_raw"]).with_columns(known.alias(KEY[1])).drop("_meant")


def _marks_not_in(text: str) -> tuple[str, str]:
    """Return two characters of private use (Unicode 17, section 23.5) that do not stand in a text."""
    one, two = islice((mark for mark in map(chr, range(0xE000, 0xF900)) if mark not in text), 2)
    return one, two


def _plain(spelling: _Spelling) -> nw.Expr:
    lowered = nw.col("_raw").str.strip_chars().str.to_lowercase()
    if not spelling.google:
        return lowered
    local = lowered.str.replace_all(r"[+@].*$", "").str.replace_all(".", "", literal=True)
    return nw.when(lowered.str.contains(_AT_GOOGLE)).then(nw.concat_str(local, nw.lit("@gmail.com"))).otherwise(lowered)


def _not_as_is(raw: Frame) -> dict[str, nw.Expr]:
    """Return tests of which no address that is its own mailbox passes any."""
    if raw.implementation.is_pandas_like():  # compares ends several times faster than it searches for them
        ends = {f"end_{place}": nw.col("_raw").str.ends_with(end) for place, end in enumerate(_ENDS)}
        return {"other": _holds(_NOT_PLAIN), **ends}
    return {"other": _holds("|".join([_NOT_PLAIN, *(f"{re.escape(end)}$" for end in _ENDS)]))}


def _holds(pattern: str) -> nw.Expr:
    return nw.col("_raw").str.contains(pattern)


def _any(frame: Frame, **tests: nw.Expr) -> dict[str, bool]:
    """Return for each test whether it holds of any row."""
    found = gathered(frame.select(*(test.any().alias(name) for name, test in tests.items())))
    return {name: bool(found[name].fillna(False).any()) for name in tests}
