"""Rates and a comparison of a file of events larger than what they may hold in memory: seconds and peak memory.

    python tests/benchmarks/parquet.py [events] [sends] [megabytes]

Each answer is worked out in a process of its own, lazily, by DuckDB and by
polars, each told to keep to so many megabytes and to write to disk what does not
fit (DuckDB's `memory_limit`; POLARS_OOC_MEMORY_BUDGET_MB, polars 2). What the
process holds at its peak, Python and pandas among it, is asserted to stay below
4 GB, and both libraries' counts to be the same. Beside the file (about 16 MB a
million events) the disk must have room for as much again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

MEMORY = 4 << 30
CAMPAIGNS = 10
LIBRARIES = ("duckdb", "polars")
QUESTIONS = ("rates", "compare")

GENERATED = """
SELECT CASE WHEN i < {sends} THEN 'delivered' WHEN hash(i) % 100 < 80 THEN 'opened'
    WHEN hash(i) % 100 < 97 THEN 'clicked' ELSE 'bounced' END AS kind,
  'campaign-' || (who // {part}) AS campaign,
  'person.' || (who % {part}) || '@domain' || (who % 5000) || '.example' AS email,
  TIMESTAMP '2026-01-05' + to_days((who // {part} * 14)::INTEGER)
    + to_seconds(CASE WHEN i < {sends} THEN 0 ELSE hash(i, 3) % 200000 END) AS "at",
  CASE WHEN kind IN ('opened', 'clicked') THEN hash(i, 1) % 5 < 2 END AS machine,
  CASE WHEN kind = 'bounced' THEN 'hard' END AS bounce_type, 'sendgrid' AS source
FROM (SELECT i, CASE WHEN i < {sends} THEN i ELSE hash(i, 2) % {sends} END AS who FROM range({events}) AS t(i))
"""
"""Campaigns to the same people, a fortnight apart: first what was delivered, then reactions in no order."""


def written(folder: Path, events: int, sends: int, megabytes: int) -> Path:
    """Write a file of events, a group of rows at a time."""
    duckdb, path = _duckdb(folder, megabytes), folder / "events.parquet"
    sql = GENERATED.format(events=events, sends=sends, part=sends // CAMPAIGNS)
    duckdb.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")
    return path


def answer(question: str, library: str, path: Path, megabytes: int) -> None:
    """Print an answer's counts and how long they took."""
    import bulkkit as bk

    start = time.perf_counter()
    events = _duckdb(path.parent, megabytes).read_parquet(str(path)) if library == "duckdb" else _polars(path)
    if question == "rates":
        counts = bk.rates(events)[["campaign", "rate", "counts", "numerator", "denominator"]]
    else:
        sides = {"treated": f"campaign-{CAMPAIGNS - 1}", "control": f"campaign-{CAMPAIGNS - 2}"}
        counts = bk.compare(events, **sides, adjust="engagement").strata
    print(f"{time.perf_counter() - start:.1f}", counts.to_csv(index=False, float_format="%.9g"), sep="\n", flush=True)


def measured(question: str, library: str, path: Path, megabytes: int) -> tuple[float, int, str]:
    """Return the seconds that an answer took, the most memory that its process held in bytes, and its counts."""
    room = {"POLARS_OOC_MEMORY_BUDGET_MB": str(megabytes), "POLARS_OOC_SPILL_DIR": str(path.parent)}
    command = [sys.executable, __file__, question, library, str(path), str(megabytes)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | room) as process:
        told = process.stdout.read() if process.stdout else ""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{question} by {library} ended with {process.returncode}"
    seconds, _, counts = told.partition("\n")
    return float(seconds), used.ru_maxrss * 1024, counts


def main(events: int, sends: int, megabytes: int) -> None:
    """Print a line for each question and library."""
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), events, sends, megabytes)
        print(f"{events:,} events of {sends:,} messages, {path.stat().st_size / 1e6:,.0f} MB; {megabytes:,} MB allowed")
        for question in QUESTIONS:
            answers = set()
            for library in LIBRARIES:
                seconds, peak, counts = measured(question, library, path, megabytes)
                answers.add(counts)
                print(f"  {question:8s} {library:7s} {seconds:6.1f} s, peak {peak / (1 << 30):.2f} GB", flush=True)
                assert peak < MEMORY
            assert len(answers) == 1, f"{question}: the libraries' counts differ"


def _duckdb(folder: Path, megabytes: int) -> Any:
    import duckdb

    return duckdb.connect(config={"memory_limit": f"{megabytes}MB", "temp_directory": str(folder)})


def _polars(path: Path) -> Any:
    import polars as pl

    return pl.scan_parquet(path)


if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1] in QUESTIONS:
        answer(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        sizes = [int(number) for number in sys.argv[1:4]]
        main(*(sizes + [50_000_000, 20_000_000, 2_000][len(sizes) :]))
