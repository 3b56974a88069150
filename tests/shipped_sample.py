"""The files in data/, as a user reads them: what the tests of the sample look at."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pandas as pd

from bulkkit import sample
from bulkkit.addresses import mailbox_keys

FRAMES = ("contacts", "truth", "campaigns", "events", "opted_out")
NOW = pd.Timestamp(sample.AS_OF, tz="UTC")
HARMLESS = r"(?i)^(?:mailto:|[^<]*<)|[>;.\s]+$|^\s+"


@cache
def shipped() -> dict[str, pd.DataFrame]:
    """The files in data/, read as a user would read them."""
    tables = {name: pd.read_csv(sample.path() / f"{name}.csv") for name in FRAMES if name != "events"}
    tables["events"] = pd.read_parquet(sample.path() / "events.parquet")
    tables["contacts"]["key"] = mailbox_keys(tables["contacts"]["email"].str.replace(HARMLESS, "", regex=True))
    for table, column in (("contacts", "created_at"), ("contacts", "consent_at"), ("campaigns", "created_at")):
        tables[table][column] = pd.to_datetime(tables[table][column])
    return tables


def expected() -> dict[str, Any]:
    """The shipped truth.json."""
    return json.loads((sample.path() / "truth.json").read_text())
