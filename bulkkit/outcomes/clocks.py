"""Moments in UTC, whatever the zone in which a library shows them, and the seconds between two of them.

DuckDB and Spark show moments in the zone of their session: days would begin at its
midnight, and where its clocks change, DuckDB subtracts what they show.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

import narwhals as nw

_MOMENTS: Final = ("at", "created_at", "queued_at", "claimed_at", "finished_at")
_UTC: Final = (None, "UTC", "Etc/UTC")
_EPOCH: Final = "1970-01-01"

Frame: TypeAlias = nw.LazyFrame[Any]


def in_utc(frame: Frame) -> Frame:
    """Return a frame whose columns of moments are in UTC; those without a zone mean it anyway."""
    elsewhere = [name for name, zone in _zones(frame) if zone not in _UTC]
    if not elsewhere:
        return frame
    kind = frame.implementation
    if kind.is_duckdb():
        return _without_zone_in_duckdb(frame, elsewhere)
    if kind.is_spark_like():
        return _without_zone_in_spark(frame, elsewhere)
    if kind.is_pandas_like() or kind.is_dask():
        native: Any = frame.to_native()
        moved: Frame = nw.from_native(native.assign(**{n: native[n].dt.tz_convert("UTC") for n in elsewhere})).lazy()
        return moved
    return frame.with_columns(nw.col(*elsewhere).dt.convert_time_zone("UTC"))


def with_seconds(frame: Frame, earlier: str, later: str, alias: str) -> Frame:
    """Return a frame with the whole seconds from one moment to another, as a column of this name."""
    if not frame.implementation.is_spark_like():
        return frame.with_columns((nw.col(later) - nw.col(earlier)).dt.total_seconds().cast(nw.Int64).alias(alias))
    from pyspark.sql import functions as spark

    native: Any = frame.to_native()
    told: Frame = nw.from_native(native.withColumn(alias, spark.timestamp_diff("SECOND", earlier, later)))
    return told


def _zones(frame: Frame) -> Iterable[tuple[str, str | None]]:
    """Return the time zones of the columns of moments: pandas's from itself, whose names Narwhals does not all read."""
    schema = frame.collect_schema()
    there = [name for name in _MOMENTS if name in schema]
    if frame.implementation.is_pandas_like() or frame.implementation.is_dask():
        native: Any = frame.to_native()
        return [(name, _zone(native.dtypes[name])) for name in there]
    return [(name, kind.time_zone) for name in there if isinstance(kind := schema[name], nw.Datetime)]


def _zone(kind: Any) -> str | None:
    zone = getattr(getattr(kind, "pyarrow_dtype", kind), "tz", None)
    return None if zone is None else str(zone)


def _without_zone_in_duckdb(frame: Frame, names: list[str]) -> Frame:
    from duckdb import ColumnExpression, ConstantExpression, FunctionExpression, StarExpression

    utc, native = ConstantExpression("UTC"), frame.to_native()
    moved = (FunctionExpression("timezone", utc, ColumnExpression(name)).alias(name) for name in names)
    found: Frame = nw.from_native(native.select(StarExpression(exclude=names), *moved)).lazy()
    return found


def _without_zone_in_spark(frame: Frame, names: list[str]) -> Frame:
    from pyspark.sql import functions as spark

    native: Any = frame.to_native()
    for name in names:
        seconds = (spark.unix_micros(name).cast("decimal(24,6)") / 1_000_000).cast("decimal(18,6)")
        since = spark.make_dt_interval(spark.lit(0), spark.lit(0), spark.lit(0), seconds)
        native = native.withColumn(name, spark.to_timestamp_ntz(spark.lit(_EPOCH)) + since)
    found: Frame = nw.from_native(native)
    return found
