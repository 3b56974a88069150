"""The verdict's columns, laid out by row: what weighs most becomes the reason, status and action follow from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bulkkit.verification.anatomy import Anatomy
from bulkkit.verification.depths import DNS, SYNTAX
from bulkkit.verification.evidence import Evidence, proposals
from bulkkit.verification.lists import Lists
from bulkkit.verification.text_columns import CHUNK, arrow, at_once, in_chunks, mask, rows_with, strings
from bulkkit.verification.weights import REASONS, STATUSES, action
from bulkkit.vocabulary import Reason

BY: Final = ("disposable_by", "relay_by", "free_by")

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def laid_out(parts: Anatomy, domains: pd.DataFrame, found: Evidence, lists: Lists) -> dict[str, Any]:
    """Return the columns that speak of the address, as pandas' arrays."""
    named = sorted(set(lists.roles.values()))
    roles = _roles(parts.local, lists, named)
    reasons = _reasons(parts, domains, found, roles < len(named))
    nowhere = parts.codes == len(domains)
    flags = {by: np.append(domains[by].notna().to_numpy(), False)[parts.codes] for by in BY}
    columns: dict[str, Callable[[], Any]] = {
        "status": lambda: _of_few([STATUSES[reason] for reason in REASONS], reasons),
        "reason": lambda: _of_few(REASONS, reasons),
        "action": lambda: _of_few([action(reason) for reason in REASONS], reasons),
        "did_you_mean": lambda: strings(proposals(parts, domains["meant"], found)),
        "provider": lambda: _of_domains(domains["provider"], parts.codes),
        "disposable": lambda: pd.arrays.BooleanArray(flags["disposable_by"], nowhere.copy()),
        "role": lambda: pd.arrays.BooleanArray(roles < len(named), nowhere.copy()),
        "free": lambda: pd.arrays.BooleanArray(flags["free_by"], nowhere.copy()),
        "privacy_relay": lambda: pd.arrays.BooleanArray(flags["relay_by"], nowhere.copy()),
        "accept_all": lambda: _only(domains["fact"].eq(Reason.ACCEPT_ALL) & domains["has_mx"], parts.codes),
        "has_mx": lambda: _taken(domains["has_mx"], parts.codes),
        "depth": lambda: _of_few(
            (SYNTAX, DNS), np.append(domains["depth"].eq(DNS), False).astype(np.int64)[parts.codes]
        ),
        "listed_by": lambda: _listed_by(parts.codes, domains, roles, named),
        "diagnostic": lambda: _diagnostic(found.diagnostic, domains["said"], parts.codes),
        "normalized": lambda: strings(found.normalized),
    }
    arrays = at_once(lambda column: column(), list(columns.values()), busy=len(parts.codes) > CHUNK)
    return dict(zip(columns, arrays, strict=True))


def _reasons(parts: Anatomy, domains: pd.DataFrame, found: Evidence, role: Flags) -> Numbers:
    """Return the number in `REASONS` of what weighs most."""
    weights = {"relay_by": Reason.PRIVACY_RELAY, "disposable_by": Reason.DISPOSABLE, "meant": Reason.POSSIBLE_TYPO}
    heaviest = np.zeros(len(domains) + 1, dtype=np.int64)
    for column, reason in weights.items():
        heaviest[:-1][domains[column].notna().to_numpy()] = REASONS.index(reason)
    facts = _number(arrow(domains["fact"]), pa.array([*map(str, REASONS)], pa.large_string()))
    heaviest[:-1] = np.maximum(heaviest[:-1], facts % len(REASONS))
    in_role = np.where(role, REASONS.index(Reason.ROLE_BASED), 0)
    refused = np.where(mask(pc.is_valid(found.diagnostic)), REASONS.index(Reason.FAILED_SYNTAX_CHECK), 0)
    return np.maximum(np.maximum(heaviest[parts.codes], in_role), refused)


def _taken(flags: pd.Series[Any], codes: Numbers) -> Any:
    """Return a flag of the domains by row, unknown where there is no domain."""
    known, yes = flags.notna().to_numpy(), flags.fillna(False).to_numpy(dtype=bool)
    return pd.arrays.BooleanArray(np.append(yes, False)[codes], np.append(~known, True)[codes])


def _only(those: pd.Series[Any], codes: Numbers) -> Any:
    """Return a flag that is yes for some domains, and unknown for the others."""
    flag = np.append(those.fillna(False).to_numpy(dtype=bool), False)[codes]
    return pd.arrays.BooleanArray(flag, ~flag)


def _diagnostic(refused: pa.LargeStringArray, said: pd.Series[Any], codes: Numbers) -> Any:
    """Return what is wrong with the address, or else what DNS says of its domain."""
    if said.isna().all():
        return strings(refused)
    return strings(pc.coalesce(refused, arrow(pd.Series(_of_domains(said, codes)))))


def _of_domains(said: pd.Series[Any], codes: Numbers) -> Any:
    """Return by row what is said of its domain."""
    return strings(pa.concat_arrays([arrow(said), pa.nulls(1, pa.large_string())]).take(pa.array(codes)))


def _roles(local: pa.LargeStringArray, lists: Lists, named: Sequence[str]) -> Numbers:
    """Return the number in `named` of the list that has the local part, without its +tag, as a role, or one more."""
    words = pa.array(list(lists.roles), pa.large_string())
    numbers = np.array([*(named.index(by) for by in lists.roles.values()), len(named)])
    hits = np.concatenate(in_chunks(lambda piece: _found(piece, words), local))
    found: Numbers = numbers[hits]
    return found


def _found(local: pa.LargeStringArray, words: pa.LargeStringArray) -> Numbers:
    """Return the number of the word that each local part is, or one more."""
    odd = rows_with(local, lambda data: (data <= ord(" ")) | (data == ord("+")) | (data >= 128))
    bare = pc.utf8_lower(pc.replace_substring_regex(local.filter(pa.array(odd)), r"\+.*", ""))
    found = _number(pc.ascii_lower(local), words)
    found[odd] = _number(pc.utf8_trim_whitespace(bare), words)
    return found


def _number(texts: pa.LargeStringArray, words: pa.LargeStringArray) -> Numbers:
    numbers: Numbers = pc.fill_null(pc.index_in(texts, value_set=words), len(words)).to_numpy(zero_copy_only=False)
    return numbers.astype(np.int64)


def _listed_by(codes: Numbers, domains: pd.DataFrame, roles: Numbers, named: Sequence[str]) -> Any:
    """Return the names of the lists that have an address in one column, divided by semicolons."""
    columns = [arrow(domains[by]) for by in BY]
    rows = np.flatnonzero(np.any([mask(column.is_valid()) for column in columns], axis=0))
    heads: dict[tuple[str | None, ...], int] = {}
    triples = zip(*(column.take(pa.array(rows)).to_pylist() for column in columns), strict=True)
    group = np.full(len(domains) + 1, -1)
    group[rows] = [heads.setdefault(triple, len(heads)) for triple in triples]
    group[group < 0] = len(heads)
    said = [*heads, (None,) * len(BY)]
    combined = [_together(throwaway, relay, role, free) for throwaway, relay, free in said for role in (*named, None)]
    return _of_few(combined, group[codes] * (len(named) + 1) + roles)


def _together(*names: Any) -> str | None:
    return "; ".join(dict.fromkeys(name for name in names if isinstance(name, str))) or None


def _of_few(values: Sequence[Any], numbers: Numbers) -> Any:
    """Return a column of few values by their numbers."""
    texts = pa.array([value if isinstance(value, str) else None for value in values], pa.large_string())
    return strings(texts.take(pa.array(numbers)))
