"""A column of addresses taken apart: local parts, domains (each once, by number), and which need a closer look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bulkkit.addresses import ascii_domain
from bulkkit.verification.patterns import LONGEST, PLAIN_DOMAIN, PLAIN_LOCAL
from bulkkit.verification.text_columns import (
    arrow,
    at_once,
    halves,
    in_chunks,
    mask,
    matches,
    octets,
    rows_with,
    strings,
    text,
    whole,
)

LONGEST_READ: Final = 2_000
"""Characters beyond which an address is refused by its length, without being read."""


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A column taken apart.

    Attributes
    ----------
    addresses : pyarrow.LargeStringArray
        The column; what is not text is missing.
    local : pyarrow.LargeStringArray
        What stands before the first `@`.
    no_text : numpy.ndarray
        Whether there is something in the row that is not text.
    plain : numpy.ndarray
        Whether an address can be refused for nothing but its domain.
    names : pyarrow.LargeStringArray
        The distinct domains, as `addresses.domain_of` has them.
    codes : numpy.ndarray
        The number of each address's domain among them; the number behind the
        last one where there is none, or the address is too long to be read.
    """

    addresses: pa.LargeStringArray
    local: pa.LargeStringArray
    no_text: npt.NDArray[np.bool_]
    plain: npt.NDArray[np.bool_]
    names: pa.LargeStringArray
    codes: npt.NDArray[np.int64]

    @property
    def domains(self) -> pd.Index[Any]:
        """The distinct domains, for pandas."""
        index: pd.Index[Any] = pd.Index(strings(self.names))
        return index

    @property
    def rows(self) -> pd.Series[Any]:
        """How many rows have each domain."""
        counts = np.bincount(self.codes, minlength=len(self.names) + 1)[:-1]
        return pd.Series(counts, index=self.domains, name="rows")


def anatomy(column: pd.Series[Any]) -> Anatomy:
    """Take a column of addresses apart."""
    addresses = arrow(column)
    local, raw, nowhere = zip(*in_chunks(_parts, addresses), strict=True)
    works: list[Callable[[], Any]] = [lambda: _spellings(raw), *(partial(matches, part, PLAIN_LOCAL) for part in local)]
    (kinds, spellings), *good = at_once(lambda work: work(), works, busy=len(local) > 1)
    numbers, names = numbered(spellings)
    codes, without = numbers[kinds], np.concatenate(nowhere)
    codes[without] = len(names)
    hosts = matches(spellings, PLAIN_DOMAIN)
    no_text = mask(addresses.is_null()) & column.notna().to_numpy()
    plain = np.concatenate(good) & hosts[kinds] & ~without & (octets(addresses) <= LONGEST)
    return Anatomy(addresses, pa.concat_arrays(local), no_text, plain, names, codes)


def _spellings(raw: Sequence[pa.LargeStringArray]) -> tuple[npt.NDArray[np.int64], pa.LargeStringArray]:
    """Return the distinct texts behind an at-sign, and the number of each row's among them."""
    told = whole(pa.chunked_array(raw).dictionary_encode())
    return told.indices.to_numpy(), told.dictionary


def is_long(addresses: pa.LargeStringArray) -> npt.NDArray[np.bool_]:
    """Tell which addresses have more than `LONGEST_READ` characters."""
    # Octets are at hand and characters must be counted; nearly all addresses are settled by the former.
    if octets(addresses).max(initial=0) <= LONGEST_READ:
        return np.zeros(len(addresses), dtype=bool)
    return mask(pc.greater(pc.utf8_length(addresses), LONGEST_READ))


def _parts(
    addresses: pa.LargeStringArray,
) -> tuple[pa.LargeStringArray, pa.LargeStringArray, npt.NDArray[np.bool_]]:
    """Return what stands before and behind the first `@`, and which rows have no domain."""
    local, domain = halves(addresses)
    long = is_long(addresses)
    without = (octets(local) == octets(addresses)) | long
    return local, pc.if_else(pa.array(long), text(""), domain) if long.any() else domain, without


def numbered(spellings: pa.LargeStringArray) -> tuple[npt.NDArray[np.int64], pa.LargeStringArray]:
    """Return the number of the domain that each text behind a first `@` has, and the distinct domains."""
    last = pc.replace_substring_regex(spellings, "(?s)^.*@", "") if matches(spellings, "@").any() else spellings
    names = pc.utf8_rtrim(pc.ascii_lower(pc.utf8_rtrim_whitespace(last)), ".")
    odd = rows_with(names, lambda data: data >= 128)
    if odd.any():
        others = [ascii_domain(name) for name in pc.utf8_rtrim_whitespace(last).filter(pa.array(odd)).to_pylist()]
        names = pc.replace_with_mask(names, pa.array(odd), pa.array(others, pa.large_string()))
    told = names.dictionary_encode()
    return told.indices.to_numpy().astype(np.int64), told.dictionary
