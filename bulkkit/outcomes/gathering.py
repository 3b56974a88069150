"""What comes back from where the events lie: an aggregate, as a pandas frame."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import pandas as pd


def gathered(frame: nw.LazyFrame[Any]) -> pd.DataFrame:
    """Return an aggregate as a pandas frame, its rows numbered from 0 (Dask numbers those of each partition anew).

    By way of Arrow where it is no pandas: DuckDB's and Spark's own ways stumble over pandas 3.
    """
    if frame.implementation.is_pandas_like() or frame.implementation.is_dask():
        native: pd.DataFrame = frame.collect("pandas").to_native()
    else:
        native = frame.collect("pyarrow").to_pandas()
    return native.reset_index(drop=True)
