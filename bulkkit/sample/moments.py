"""The sample's own time: seconds before its day, and the moments that they mean."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import pandas as pd

from bulkkit.sample.place import AS_OF

NOW: Final = datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=UTC)
DAY: Final = 86_400.0
_NOW: Final = pd.Timestamp(NOW).as_unit("us")


def seconds(moments: pd.Series[Any]) -> Any:
    """Return moments as seconds relative to NOW: negative before it, NaN where missing."""
    return (moments - _NOW).dt.total_seconds().to_numpy()


def moment(relative: Any) -> pd.Series[Any]:
    """Return moments (UTC, microseconds) from seconds relative to NOW; missing stays missing."""
    return later(pd.Series(_NOW, index=pd.Series(relative).index), relative)


def later(moments: pd.Series[Any], by: Any) -> pd.Series[Any]:
    """Return moments moved on by seconds."""
    delta = pd.Series(pd.to_timedelta(by, unit="s"), index=moments.index).astype("timedelta64[us]")
    return moments + delta


def not_after(moments: pd.Series[Any], last: datetime) -> pd.Series[Any]:
    """Return moments, none of them after `last`."""
    return moments.where(moments <= pd.Timestamp(last), pd.Timestamp(last))
