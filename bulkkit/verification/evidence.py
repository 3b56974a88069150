"""What syntax, lists and likely misspellings say of each row, before anything is concluded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bulkkit.verification.anatomy import Anatomy
from bulkkit.verification.mending import mended, with_domain
from bulkkit.verification.syntax import are_hosts, normal_forms, syntax
from bulkkit.verification.text_columns import arrow, in_chunks, mask, rows_with, scattered, text

NO_ADDRESS: Final = "There is no address in this row."
NO_TEXT: Final = "The address is not text."

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of each row from its address alone: of type large string, missing where there is nothing to say.

    Attributes
    ----------
    diagnostic : pyarrow.LargeStringArray
        What is wrong with it as an address.
    mended : pyarrow.LargeStringArray
        The address that was probably meant, where something is wrong.
    normalized : pyarrow.LargeStringArray
        Its normal form, where nothing is wrong.
    """

    diagnostic: pa.LargeStringArray
    mended: pa.LargeStringArray
    normalized: pa.LargeStringArray


def evidence(parts: Anatomy) -> Evidence:
    """Return what is known of each row without asking of its domain."""
    plain = parts.plain & np.append(are_hosts(parts.names), False)[parts.codes]
    odd = np.flatnonzero(~plain)
    said, normal, mends = _of_odd(_taken(parts.addresses, odd))
    return Evidence(
        diagnostic=_or_absent(parts, scattered(len(plain), [(odd, said)])),
        mended=scattered(len(plain), [(odd, mends)]),
        normalized=_normalized(parts, plain, (odd, normal)),
    )


def proposals(parts: Anatomy, meant: pd.Series[Any], found: Evidence) -> pa.LargeStringArray:
    """Return the address that was probably meant in each row.

    `meant` has the domain probably meant for each of `parts.domains`; it is put
    in the place of the domain where nothing else is wrong with the address.
    """
    known = np.append(meant.notna().to_numpy(), False)[parts.codes]
    doubtful = np.flatnonzero(known & mask(found.diagnostic.is_null()))
    if not len(doubtful):
        return found.mended
    elsewhere = with_domain(_taken(parts.addresses, doubtful), _taken(arrow(meant), parts.codes[doubtful]))
    return pc.coalesce(found.mended, scattered(len(known), [(doubtful, elsewhere)]))


def _of_odd(
    addresses: pa.LargeStringArray,
) -> tuple[pa.LargeStringArray, pa.LargeStringArray, pa.LargeStringArray]:
    """Return what is wrong with each address that is not plain, its normal form, and what was probably meant."""
    told = pc.fill_null(addresses, "").dictionary_encode()
    errors, normal = syntax(told.dictionary)
    bad = np.flatnonzero(mask(errors.is_valid()))
    mends = scattered(len(errors), [(bad, mended(_taken(told.dictionary, bad)))])
    return errors.take(told.indices), normal.take(told.indices), mends.take(told.indices)


def _normalized(
    parts: Anatomy, plain: npt.NDArray[np.bool_], odd: tuple[Rows, pa.LargeStringArray]
) -> pa.LargeStringArray:
    """Return the normal form of each address: the domain in lower case, most often as it was."""
    capital = np.concatenate(in_chunks(_capitals, parts.addresses))
    changed = np.flatnonzero(capital & plain)
    small = normal_forms(_taken(parts.local, changed), _taken(parts.names, parts.codes[changed]))
    as_it_was = pa.array(plain & ~capital)
    return pc.if_else(as_it_was, parts.addresses, scattered(len(plain), [odd, (changed, small)]))


def _capitals(addresses: pa.LargeStringArray) -> npt.NDArray[np.bool_]:
    return rows_with(addresses, lambda data: data - ord("A") < 26)


def _or_absent(parts: Anatomy, diagnostic: pa.LargeStringArray) -> pa.LargeStringArray:
    if not parts.addresses.null_count:
        return diagnostic
    absent = pc.if_else(pa.array(parts.no_text), text(NO_TEXT), text(NO_ADDRESS))
    return pc.if_else(parts.addresses.is_null(), absent, diagnostic)


def _taken(array: pa.LargeStringArray, rows: Rows) -> pa.LargeStringArray:
    return array.take(pa.array(rows))
