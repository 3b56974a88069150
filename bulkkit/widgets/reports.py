"""The report as a file, made from a panel."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import pandas as pd

from bulkkit.exporting import unused
from bulkkit.ledger import Ledger
from bulkkit.reporting import report


def write_report(campaign: str, ledger: Ledger | str | PathLike[str], contacts: pd.DataFrame | None = None) -> Path:
    """Write the report of a campaign into the folder where the notebook runs; return the file, which is a new one."""
    path = unused(".", f"report-{campaign}", ".html")
    try:
        return report(campaign, ledger=ledger, path=path, contacts=contacts)
    except BaseException:
        path.unlink()
        raise
