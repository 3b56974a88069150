"""The health of each part of a list: by segment, source, provider, age of the address, or any column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from bulkkit.errors import InputError
from bulkkit.segmentation import UNKNOWN, segment

if TYPE_CHECKING:
    from bulkkit.scoring.score import Health

MOST: Final = 60
"""So many parts can be read; more are a mistake in the column's name."""


def by(health: Health, names: str | Sequence[str]) -> pd.DataFrame:
    """Return a row for each part: what `Health.by` says."""
    columns = [names] if isinstance(names, str) else list(names)
    rows = health.basis.listed.checked
    segmented = segment(rows, health.basis.events, columns, health.basis.before)[columns]
    labels = segmented.astype("str").fillna(UNKNOWN).set_axis(range(len(rows)))
    groups = labels.groupby(columns, sort=False).indices
    if len(groups) > MOST:
        raise InputError(f"by={names!r} makes {len(groups):,} parts; choose a column with {MOST} values or fewer.")
    found = [_row(health.of(rows.iloc[places]), name, columns) for name, places in groups.items()]
    return pd.DataFrame(found).sort_values("contacts", ascending=False, kind="stable", ignore_index=True)


def _row(part: Health, name: Any, columns: list[str]) -> dict[str, Any]:
    worst = part.components.sort_values("points_lost", ascending=False, na_position="last").iloc[0]
    named = dict(zip(columns, name if isinstance(name, tuple) else (name,), strict=True))
    bounces = part.expected_bounces
    return named | {
        "contacts": bounces.n,
        "score": part.score,
        "expected_bounces": bounces.rate,
        "lower": bounces.rate_lower,
        "upper": bounces.rate_upper,
        "costliest": worst["component"],
        "points_lost": worst["points_lost"],
    }
