"""Wherever the tables lie, and in whatever zone, the answers are those that pandas gives of moments in UTC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from typing import Any

import engines
import narwhals as nw
import pandas as pd
import pytest

import bulkkit as bk
from bulkkit.segmentation.responses import responses

pytestmark = pytest.mark.filterwarnings("ignore:Dask support is moving:FutureWarning")

SLOW = [pytest.param(library, marks=pytest.mark.slow) for library in ("dask", "pyspark")]
HERE = engines.events(), engines.sends(), engines.contacts()
NOW = pd.Timestamp("2026-09-01", tz="UTC")
SIDES: dict[str, Any] = {"treated": "spring", "control": "summer"}
QUESTIONS: list[dict[str, Any]] = [
    {"by": ["segment", "day"]},
    {"by": ["campaign", "link", "hour"]},
    {"by": "campaign", "unique": False},
]


@pytest.fixture(scope="module", params=["pandas", "polars", "pyarrow", "duckdb", *SLOW])
def there(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, ...]]:
    """Events, sends and contacts in another library."""
    with engines.opened(request.param, tmp_path_factory.mktemp("tables")) as convert:
        yield tuple(map(convert, HERE))


@pytest.mark.parametrize("options", QUESTIONS, ids=str)
def test_rates_are_the_same_in_every_library(there: tuple[Any, ...], options: dict[str, Any]) -> None:
    """Messages and reactions divide alike, those of oddly written addresses as well."""
    pd.testing.assert_frame_equal(bk.rates(*there, **options), bk.rates(*HERE, **options))


def test_a_comparison_is_the_same_in_every_library(there: tuple[Any, ...]) -> None:
    """Estimates, strata and balance agree."""
    ours, theirs = (bk.compare(*frames, **SIDES, adjust=["provider", "engagement"]) for frames in (HERE, there))
    assert pd.notna(ours.adjusted.difference)
    for one, two in ((ours.raw, theirs.raw), (ours.adjusted, theirs.adjusted), (ours.weighted, theirs.weighted)):
        assert astuple(two) == pytest.approx(astuple(one), abs=1e-12)
    pd.testing.assert_frame_equal(theirs.strata, ours.strata)
    pd.testing.assert_frame_equal(theirs.balance, ours.balance)


def test_health_is_the_same_in_every_library(there: tuple[Any, ...]) -> None:
    """Components, and what silence would cost, agree."""
    ours, theirs = (bk.health(HERE[2], frames[0], as_of=NOW) for frames in (HERE, there))
    pd.testing.assert_frame_equal(theirs.components, ours.components)
    effects = [one.sunset(messages=1, days=10).effect for one in (theirs, ours)]
    pd.testing.assert_frame_equal(*effects)


def test_segments_are_the_same_in_every_library(there: tuple[Any, ...]) -> None:
    """What each mailbox did, and the bands that follow, agree; with no times as well."""
    for timed in (True, False):
        told = [nw.from_native(frames[0]).drop([] if timed else ["at"]).to_native() for frames in (HERE, there)]
        mine, others = (responses(events, NOW).sort_index() for events in told)
        pd.testing.assert_frame_equal(others, mine, check_dtype=False, check_index_type=False)
    by = ["engagement", "rfm"]
    pd.testing.assert_frame_equal(bk.segment(HERE[2], there[0], by, NOW), bk.segment(HERE[2], HERE[0], by, NOW))
