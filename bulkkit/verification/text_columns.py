"""Columns of text between pandas and Arrow, and the cutting of a column at the first at-sign without copying it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bulkkit.contacts.values import texts

T = TypeVar("T")
S = TypeVar("S")

CHUNK: Final = 1 << 17
"""Rows that are looked at in one go: their intermediate columns stay within some 20 MB, and keep two cores busy."""

FEW: Final = 1 << 14
"""Rows that are looked at in one go where each is looked at many times."""


def arrow(column: pd.Series[Any]) -> pa.LargeStringArray:
    """Return a column of any dtype as one Arrow array; what is not text is missing."""
    if not isinstance(column.dtype, pd.StringDtype):
        column = _of_objects(column)
    return whole(pa.chunked_array(column.astype("str")).cast(pa.large_string()))


def whole(array: pa.ChunkedArray) -> pa.LargeStringArray:
    """Return the chunks as one."""
    return array.chunk(0) if array.num_chunks == 1 else pa.concat_arrays(array.chunks or [pa.array([], array.type)])


def series(array: pa.LargeStringArray, index: pd.Index[Any] | None = None) -> pd.Series[Any]:
    """Return an Arrow array as a series of dtype `str` that shares its memory."""
    column: pd.Series[Any] = pd.Series(strings(array), index=index)
    return column


def strings(array: pa.LargeStringArray) -> Any:
    """Return an Arrow array as pandas' own array of dtype `str`, sharing its memory."""
    dtype: Any = pd.StringDtype(na_value=np.nan)
    return dtype.__from_arrow__(pa.chunked_array([array]))


def matches(array: pa.LargeStringArray, pattern: str) -> npt.NDArray[np.bool_]:
    """Tell for each text whether RE2 finds the pattern in it; a missing one has nothing in it."""
    return mask(pc.match_substring_regex(array, pattern))


def mask(array: pa.BooleanArray) -> npt.NDArray[np.bool_]:
    """Return an Arrow array of yes and no as numpy's, a missing one for no."""
    found: npt.NDArray[np.bool_] = pc.fill_null(array, False).to_numpy(zero_copy_only=False)
    return found


def rows_with(
    array: pa.LargeStringArray, wanted: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.bool_]]
) -> npt.NDArray[np.bool_]:
    """Tell which texts have an octet that is wanted: quicker than to search each of them."""
    bounds, found = _bounds(array), np.zeros(len(array), dtype=bool)
    data = np.frombuffer(array.buffers()[2] or b"", dtype=np.uint8)[bounds[0] : bounds[-1]]
    places = np.flatnonzero(wanted(data)) + bounds[0]
    found[np.searchsorted(bounds, places, side="right") - 1] = True
    return found


def translated(array: pa.LargeStringArray, octets: bytes) -> pa.LargeStringArray:
    """Return the texts with each octet replaced as a table of 256 says; there is none that is missing."""
    bounds = _bounds(array)
    data = memoryview(array.buffers()[2] or b"")[bounds[0] : bounds[-1]]
    changed = pa.py_buffer(data.tobytes().translate(octets))
    return pa.LargeStringArray.from_buffers(len(array), pa.py_buffer(bounds - bounds[0]), changed)


def octets(array: pa.LargeStringArray) -> npt.NDArray[np.int64]:
    """Return the length of each text in UTF-8; a missing one has none."""
    return np.diff(_bounds(array))


def halves(array: pa.LargeStringArray, at: str = "@") -> tuple[pa.LargeStringArray, pa.LargeStringArray]:
    """Return what stands before the first `at` of each text and what behind it; all of it before, where there is none.

    A missing text has two empty halves.
    """
    bounds = _bounds(array)
    found = pc.fill_null(pc.find_substring(array, at), -1).to_numpy(zero_copy_only=False)
    cuts = np.empty(3 * len(array) + 1, dtype=np.int64)
    cuts[::3] = bounds
    cuts[1::3] = np.where(found < 0, bounds[1:], bounds[:-1] + found)
    cuts[2::3] = np.where(found < 0, bounds[1:], cuts[1::3] + 1)
    data = array.buffers()[2] or pa.py_buffer(b"")
    parts = pa.LargeStringArray.from_buffers(3 * len(array), pa.py_buffer(cuts), data)
    return parts.take(pa.array(np.arange(0, len(parts), 3))), parts.take(pa.array(np.arange(2, len(parts), 3)))


def joined(*parts: pa.LargeStringArray | str, by: str = "") -> pa.LargeStringArray:
    """Return the texts of several columns put together; missing where one is."""
    return pc.binary_join_element_wise(*(text(part) if isinstance(part, str) else part for part in (*parts, by)))


def scattered(rows: int, pieces: Sequence[tuple[npt.NDArray[np.int64], pa.LargeStringArray]]) -> pa.LargeStringArray:
    """Return a column of so many rows with texts at the places named, missing elsewhere."""
    places = np.concatenate([places for places, _ in pieces])
    texts = pa.concat_arrays([texts for _, texts in pieces])
    if np.any(places[1:] < places[:-1]):
        order = np.argsort(places)
        places, texts = places[order], texts.take(pa.array(order))
    bounds = _bounds(texts)
    offsets, there = np.zeros(rows + 1, dtype=np.int64), np.zeros(rows, dtype=bool)
    offsets[places + 1], there[places] = np.diff(bounds), mask(texts.is_valid())
    np.cumsum(offsets, out=offsets)
    known = pa.py_buffer(np.packbits(there, bitorder="little"))
    data = (texts.buffers()[2] or pa.py_buffer(b"")).slice(bounds[0])
    return pa.LargeStringArray.from_buffers(rows, pa.py_buffer(offsets), data, known)


def text(value: str | None) -> pa.LargeStringScalar:
    """Return one text as Arrow has it in these columns."""
    return pa.scalar(value, pa.large_string())


def in_chunks(work: Callable[[pa.LargeStringArray], T], array: pa.LargeStringArray, rows: int = CHUNK) -> list[T]:
    """Return what `work` makes of each piece of a column, in order, and of an empty one where there is none."""
    return at_once(work, [array.slice(start, rows) for start in range(0, max(len(array), 1), rows)])


def at_once(work: Callable[[S], T], pieces: Sequence[S], busy: bool = True) -> list[T]:
    """Return what `work` makes of each piece, in order, on all cores: Arrow lets go of the interpreter's lock.

    Work that does not keep them busy is done at once in this thread.
    """
    if len(pieces) == 1 or not busy:
        return [work(piece) for piece in pieces]
    with ThreadPoolExecutor(min(len(pieces), os.cpu_count() or 1)) as threads:
        return list(threads.map(work, pieces))


def _of_objects(column: pd.Series[Any]) -> pd.Series[Any]:
    if pd.api.types.infer_dtype(column, skipna=True) == "string":
        try:
            return series(pa.array(column.to_numpy(), pa.large_string(), from_pandas=True))
        except UnicodeEncodeError:
            pass
    return texts(column)


def _bounds(array: pa.LargeStringArray) -> npt.NDArray[np.int64]:
    if not len(array):
        return np.zeros(1, dtype=np.int64)
    offsets = np.frombuffer(array.buffers()[1], dtype=np.int64)
    return offsets[array.offset : array.offset + len(array) + 1]
