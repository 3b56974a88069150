"""Rare domains of a list that are a slip away from a frequent one of the same list."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bulkkit.verification.slips import SHORT, is_mechanical
from bulkkit.verification.targets import known
from bulkkit.verification.text_columns import arrow, halves, joined

ESTABLISHED: Final = 50
"""Rows from which on a domain may be known for the list itself."""

RARE: Final = 2
"""Rows up to which a domain may be a slip for one that is at least `ESTABLISHED` times as frequent in the list."""


def neighbours(counts: pd.Series[Any]) -> dict[str, str]:
    """Return the rare domains that are one slip away from a frequent one, with the most frequent such one."""
    domains, rows = arrow(counts.index.to_series()), counts.to_numpy()
    often = np.flatnonzero(rows >= ESTABLISHED)
    often, seldom = often[np.argsort(rows[often], kind="stable")], np.flatnonzero(rows <= RARE)
    slips, origins = _slips(domains.take(pa.array(often)))
    found = pc.fill_null(pc.index_in(slips, value_set=domains.take(pa.array(seldom))), -1).to_numpy()
    hits = np.flatnonzero(found >= 0)
    hits = hits[np.argsort(origins[hits], kind="stable")]
    nearest = dict(zip(seldom[found[hits]].tolist(), often[origins[hits]].tolist(), strict=True))
    pairs = ((domains[rare].as_py(), domains[own].as_py(), rows[rare], rows[own]) for rare, own in nearest.items())
    return {
        domain: frequent
        for domain, frequent, few, many in pairs
        if many >= ESTABLISHED * few and domain not in known() and _is_slip(domain, frequent)
    }


def _is_slip(domain: str, frequent: str) -> bool:
    return is_mechanical(domain.partition(".")[0], frequent.partition(".")[0], 1)


def _slips(domains: pa.LargeStringArray) -> tuple[pa.LargeStringArray, npt.NDArray[np.int64]]:
    """Return the domains with one letter of their name dropped, doubled or swapped, and the number of each own."""
    names, endings = halves(domains, ".")
    lengths = pc.utf8_length(names).to_numpy()
    made, origins = [pa.array([], pa.large_string())], [np.array([], dtype=np.int64)]
    for at in range(lengths.max(initial=0)):
        rows = np.flatnonzero((lengths > at) & (lengths > SHORT))
        own, ending = names.take(pa.array(rows)), joined(".", endings.take(pa.array(rows)))
        before, letter, rest = (pc.utf8_slice_codeunits(own, *cut) for cut in ((0, at), (at, at + 1), (at + 1, None)))
        swapped = joined(pc.utf8_slice_codeunits(rest, 0, 1), letter, pc.utf8_slice_codeunits(rest, 1))
        made += [joined(before, middle, ending) for middle in (rest, joined(letter, letter, rest), swapped)]
        origins += [rows] * 3
    return pa.concat_arrays(made), np.concatenate(origins)
