"""The sample as a whole, and the files it is written to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bulkkit import frames
from bulkkit.sample.campaigns import MAILINGS, SENDER
from bulkkit.sample.expectation import expectation
from bulkkit.sample.fates import draw_fates
from bulkkit.sample.history import Memory, simulate, standing
from bulkkit.sample.mailboxes import TRUTH_COLUMNS, chances
from bulkkit.sample.people import draw_people
from bulkkit.sample.place import PEOPLE, SEED
from bulkkit.sample.spellings import break_some, write_contacts
from bulkkit.sample.traces import trace
from bulkkit.vocabulary import CAMPAIGN_DTYPES, BounceType, EventKind, SuppressionReason

_LEAVES: dict[str, SuppressionReason] = {
    EventKind.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBED,
    EventKind.COMPLAINED: SuppressionReason.COMPLAINED,
    EventKind.BOUNCED: SuppressionReason.BOUNCED,
}


@dataclass(frozen=True, slots=True)
class Sample:
    """Everything in the sample's folder, as frames; `expected` is what truth.json holds."""

    contacts: pd.DataFrame
    truth: pd.DataFrame
    campaigns: pd.DataFrame
    events: pd.DataFrame
    opted_out: pd.DataFrame
    expected: dict[str, Any]


def generate(people: int = PEOPLE, seed: int = SEED) -> Sample:
    """Return the sample of `people` distinct people; the same people and seed give the same sample."""
    streams = [np.random.default_rng([seed, number]) for number in range(5)]
    persons = draw_fates(break_some(draw_people(people, streams[0]), streams[1]), streams[2])
    sends, memory = simulate(persons, streams[3])
    events = trace(sends, persons, streams[4])
    return Sample(
        contacts=write_contacts(persons, streams[1]),
        truth=_truth(persons, memory),
        campaigns=_campaigns(sends),
        events=events,
        opted_out=_opted_out(persons, events),
        expected=expectation(sends, seed),
    )


def write(sample: Sample, folder: str | Path) -> None:
    """Write contacts, truth, campaigns, opted_out (CSV), events (Parquet) and truth.json into `folder`."""
    into = Path(folder)
    into.mkdir(parents=True, exist_ok=True)
    for name in ("contacts", "truth", "campaigns", "opted_out"):
        getattr(sample, name).to_csv(
            into / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8", date_format="%Y-%m-%dT%H:%M:%SZ"
        )
    _write_events(sample.events, into / "events.parquet")
    (into / "truth.json").write_text(json.dumps(sample.expected, indent=1) + "\n", encoding="utf-8")


def _truth(persons: pd.DataFrame, memory: Memory) -> pd.DataFrame:
    """One row a mailbox that can exist, with its chances on the sample's own day."""
    real = persons[~persons["broken"]]
    stands = standing(memory.reacted, memory.mailed, 0.0)[real.index]
    odds = pd.DataFrame(chances(stands, real["leaning"], real["machine_opens"]), index=real.index).round(6)
    named = real.assign(email=real["key"], **{str(name): odds[name] for name in odds})
    return named[list(TRUTH_COLUMNS)].sort_values("email", ignore_index=True)


def _campaigns(sends: pd.DataFrame) -> pd.DataFrame:
    recipients = sends.groupby("campaign").size()
    rows = [
        (
            m.name,
            m.kind.value,
            m.purpose.value,
            m.start - timedelta(hours=1),
            recipients.get(m.name, 0),
            SENDER,
            m.subject,
            "utc",
        )
        for m in MAILINGS
    ]
    return frames.from_rows(rows, CAMPAIGN_DTYPES)


def _opted_out(persons: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Who must not be written to again, oldest first: from the year's events, and from before."""
    before = persons.dropna(subset=["opted_out_at"])
    old = pd.DataFrame({"email": before["email"], "reason": before["opted_out_reason"], "at": before["opted_out_at"]})
    final = events["kind"].isin([EventKind.UNSUBSCRIBED, EventKind.COMPLAINED]) | (
        events["bounce_type"] == BounceType.HARD
    )
    left = events[final]
    new = pd.DataFrame({"email": left["email"], "reason": left["kind"].map(_LEAVES), "at": left["at"]})
    return (
        pd.concat([old, new])
        .sort_values(["at", "email"], kind="stable")
        .drop_duplicates("email")
        .reset_index(drop=True)
    )


def _write_events(events: pd.DataFrame, file: Path) -> None:
    """Identifiers that grow share their beginnings: stored as what is new in each, they take little room."""
    table = pa.Table.from_pandas(events, preserve_index=False)
    repeated = [name for name in events.columns if name not in ("event_id", "at")]
    encodings = {"event_id": "DELTA_BYTE_ARRAY", "at": "DELTA_BINARY_PACKED"}
    pq.write_table(
        table, file, compression="zstd", compression_level=19, use_dictionary=repeated, column_encoding=encodings
    )
