"""How a list came to where it is: its health at earlier moments, and who joined and who was lost when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from bulkkit.errors import InputError
from bulkkit.segmentation import moments
from bulkkit.vocabulary import EventKind

if TYPE_CHECKING:
    from bulkkit.scoring.score import Health

LOSSES: Final = (str(EventKind.BOUNCED), str(EventKind.UNSUBSCRIBED), str(EventKind.COMPLAINED))


def course(health: Health, every: str, periods: int) -> pd.DataFrame:
    """Return a row for each earlier moment and the present one: what `Health.history` says."""
    marks = _marks(health.basis.before, every, periods)
    there = [mark for mark in marks if joined_before(health.basis.listed.checked, mark).any()]
    found = [health.at(mark) for mark in there]
    values = [part.components.set_index("component")["value"] for part in found]
    told = {"at": there, "contacts": [part.expected_bounces.n for part in found], "score": [p.score for p in found]}
    return pd.DataFrame(told).join(pd.DataFrame(values).reset_index(drop=True).rename_axis(columns=None))


def joined_before(rows: pd.DataFrame, moment: pd.Timestamp) -> pd.Series[Any]:
    """Return which rows were there before a moment; those without a known beginning always were."""
    if "created_at" not in rows.columns:
        return pd.Series(True, index=rows.index)
    return ~(moments(rows["created_at"]) >= moment)


def growth(health: Health, every: str) -> pd.DataFrame:
    """Return a row for each span of time: what `Health.growth` says."""
    listed, past = health.basis.listed, health.basis.past
    there = "created_at" in listed.people.columns
    begun = moments(listed.people["created_at"] if there else pd.Series(pd.NaT, listed.people.index))
    joined = _counted(begun[begun < health.basis.before], every).rename("joined")
    lost = [] if past is None else [_losses(past.left[past.left["mailbox"].isin(listed.keys)], every)]
    table = pd.concat([joined, *lost], axis=1)
    if table.empty:
        raise InputError("Nothing is dated: the list has no created_at, and no event tells when somebody was lost.")
    table = table.reindex(columns=["joined", *LOSSES]).asfreq(every).fillna(0).astype("int64")
    unknown = [name for name, known in (("joined", there), *((kind, past is not None) for kind in LOSSES)) if not known]
    table = table.astype(dict.fromkeys(unknown, "float64")).assign(**dict.fromkeys(unknown, float("nan")))
    reachable = (table["joined"] - table[list(LOSSES)].fillna(0).sum(axis=1)).cumsum()
    return table.assign(reachable=reachable).rename_axis("at").reset_index()


def _losses(left: pd.DataFrame, every: str) -> pd.DataFrame:
    """Return how many were lost and why; each person once, by what came first."""
    first = left[left["at"].notna()].sort_values(["at", "kind"], kind="stable").drop_duplicates("mailbox")
    return pd.DataFrame({kind: _counted(first.loc[first["kind"] == kind, "at"], every) for kind in LOSSES})


def _counted(times: pd.Series[Any], every: str) -> pd.Series[Any]:
    dated = times.dropna()
    if dated.empty:
        return pd.Series(dtype="float64", index=pd.DatetimeIndex([], tz="UTC"))
    return pd.Series(1.0, index=pd.DatetimeIndex(dated)).sort_index().resample(every).sum()


def _marks(before: pd.Timestamp, every: str, periods: int) -> list[pd.Timestamp]:
    try:
        marks = pd.date_range(end=before, periods=periods, freq=every)
    except ValueError as error:
        raise InputError(f"every={every!r} is no span of time; use MS (months), W (weeks) or 30D.") from error
    return [*(mark for mark in marks if mark < before), before]
