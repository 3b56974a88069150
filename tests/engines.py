"""The same three frames in each library that tables may lie in: a history with all that makes counting hard."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pytest

from bulkkit.vocabulary import EventKind

PEOPLE = [
    *(f"person{i}@domain{i % 3}.example" for i in range(30)),
    "A.Na+x@gmail.com", "ana@googlemail.com", "İrem@one.example", "Ünal@one.example", " Bo@One.example ",
    "\ue000é\ue001@one.example",
]  # fmt: skip
STARTS = {
    name: pd.Timestamp(day, tz="UTC")
    for name, day in {"winter": "2025-10-20", "spring": "2026-03-06", "summer": "2026-07-11"}.items()
}
_AGENTS = (None, "Mozilla/5.0 (iPhone; CPU)", "Mozilla/5.0 (X11; Linux)", "via GoogleImageProxy")
_REACTIONS = {"opened": 0.6, "clicked": 0.25, "bounced": 0.08, "unsubscribed": 0.04, "complained": 0.03}
_ZONE = "America/New_York"
"""Where the other libraries are: its clocks went forward while people reacted to the spring campaign."""

_PARTITIONS = 12
"""Dask joins groups of two keys that come from more than ten partitions in another way."""


def events(count: int = 300) -> pd.DataFrame:
    """Return sends and reactions: repeated, unjudged, nameless, and of people whose addresses are written oddly."""
    rng = np.random.default_rng(3)
    sent = [{"kind": "sent", "campaign": name, "email": who, "at": at} for name, at in STARTS.items() for who in PEOPLE]
    reactions = [_reaction(rng, number) for number in range(count)]
    frame = pd.DataFrame([*sent, *reactions, *reactions[:60]]).assign(source="sendgrid")
    words = dict.fromkeys(("kind", "campaign", "email", "bounce_type", "url", "user_agent", "event_id"), "str")
    return frame.astype(words | {"machine": "boolean"})


def _reaction(rng: np.random.Generator, number: int) -> dict[str, Any]:
    name, kind = str(rng.choice(list(STARTS))), str(rng.choice(list(_REACTIONS), p=list(_REACTIONS.values())))
    seen = kind in (EventKind.OPENED, EventKind.CLICKED)
    return {
        "kind": kind, "campaign": name if number % 50 else None, "email": rng.choice(PEOPLE) if number % 60 else None,
        "at": STARTS[name] + pd.Timedelta(milliseconds=int(rng.exponential(9e7))), "event_id": str(number),
        "machine": (True, False, None)[rng.integers(3)] if seen else None,
        "bounce_type": ("hard", "soft", "suppressed")[rng.integers(3)] if kind == EventKind.BOUNCED else None,
        "url": f"https://one.example/{rng.integers(3)}" if kind == EventKind.CLICKED else None,
        "user_agent": _AGENTS[rng.integers(4)] if seen else None,
    }  # fmt: skip


def sends() -> pd.DataFrame:
    """Return what the ledger says of them: refused and untracked ones among them."""
    rows = [
        {
            "campaign": name, "email": who, "state": "accepted" if place % 7 else "refused",
            "tracked": (True, False, None)[place % 3] if place % 5 == 0 else True,
        }
        for name in STARTS
        for place, who in enumerate(PEOPLE)
    ]  # fmt: skip
    return pd.DataFrame(rows).astype({"campaign": "str", "email": "str", "state": "str", "tracked": "boolean"})


def contacts() -> pd.DataFrame:
    """Return the people as they were verified."""
    place = np.arange(len(PEOPLE))
    return pd.DataFrame(
        {
            "email": PEOPLE, "segment": [("a", "b", None)[i % 3] for i in place], "member": place % 2 == 0,
            "provider": [("Google", "Yahoo")[i % 2] for i in place],
            "created_at": STARTS["spring"] - pd.to_timedelta(place * 40, unit="D"),
            "status": [("deliverable", "risky", "undeliverable")[i % 3] for i in place], "reason": "accepted_email",
        }
    ).astype(dict.fromkeys(("email", "segment", "provider", "status", "reason"), "str"))  # fmt: skip


@contextmanager
def opened(library: str, folder: Path) -> Iterator[Callable[[pd.DataFrame], Any]]:
    """Open a library, and give what turns a pandas frame into one of its own."""
    if library == "pyspark":
        with _spark() as session:
            yield lambda frame: session.read.parquet(_written(frame, folder))
    elif library == "dask":
        dask, frames = pytest.importorskip("dask"), pytest.importorskip("dask.dataframe")
        with dask.config.set(scheduler="synchronous"):
            yield lambda frame: frames.from_pandas(_abroad(frame), npartitions=_PARTITIONS)
    elif library == "duckdb":
        with pytest.importorskip("duckdb").connect() as connection:
            connection.execute(f"SET TimeZone = '{_ZONE}'")
            yield connection.from_df
    elif library == "polars":
        pytest.importorskip("polars")
        yield lambda frame: nw.from_native(_abroad(frame)).to_polars().lazy()
    elif library == "pyarrow":
        yield lambda frame: nw.from_native(_abroad(frame)).to_arrow()
    else:
        yield lambda frame: _abroad(frame).set_axis(np.zeros(len(frame), int))


def _abroad(frame: pd.DataFrame) -> pd.DataFrame:
    moments = frame.select_dtypes("datetimetz")
    return frame.assign(**{name: moments[name].dt.tz_convert(_ZONE) for name in moments})


def _written(frame: pd.DataFrame, folder: Path) -> str:
    path = folder / f"{len(list(folder.iterdir()))}.parquet"
    frame.to_parquet(path, index=False, coerce_timestamps="us")
    return str(path)


@contextmanager
def _spark() -> Iterator[Any]:
    """Start Spark in a process of its own, on loopback alone, with one core and without its page."""
    if not shutil.which("java"):
        reason = "Spark needs Java (Debian: default-jre-headless)."
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    sql = pytest.importorskip("pyspark.sql")
    settings = {
        "spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": "1", "spark.driver.memory": "1g", "spark.sql.session.timeZone": _ZONE,
        "spark.log.level": "OFF", "spark.sql.adaptive.enabled": "false",
        # Compiling takes longer here than it saves.
        "spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    }  # fmt: skip
    builder = sql.SparkSession.builder.master("local[1]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    try:
        yield session
    finally:
        session.stop()
