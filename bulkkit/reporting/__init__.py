"""One HTML file about one campaign, which opens offline and whose figures can be defended."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from os import PathLike
from pathlib import Path

import pandas as pd

from bulkkit.errors import InputError
from bulkkit.reporting.findings import Book, Findings, gather
from bulkkit.reporting.page import render

__all__ = ["Findings", "check_target", "gather", "report"]


def report(
    campaign: str,
    *,
    ledger: Book | str | PathLike[str] = "bulkkit.db",
    path: str | PathLike[str] = "report.html",
    events: pd.DataFrame | None = None,
    contacts: pd.DataFrame | None = None,
    control: str | Iterable[str] | None = None,
    as_of: str | date | None = None,
) -> Path:
    """Write the report of a campaign as one HTML file that loads nothing from anywhere.

    Parameters
    ----------
    campaign
        The campaign's name.
    ledger
        The ledger, or the path of its file.
    path
        Where to write the report; a file that is there is replaced.
    events
        Events beside those of the ledger (columns of `vocabulary.EVENT_DTYPES`); one that is in both counts once.
    contacts
        A contacts frame: `email`, and what the comparison adjusts for, as far as it is there.
    control
        The campaigns to compare with; by default all of the ledger that are segmented (or blasts, where this one is
        segmented).
    as_of
        The last day (in UTC, to its end) or moment that counts; by default everything does.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        The campaign is not known, `as_of` is no date, or `path` is no place for a file.
    LedgerError
        There is no ledger there, or it cannot be read.
    """
    target = check_target(path)
    found = gather(campaign, ledger=ledger, events=events, contacts=contacts, control=control, as_of=as_of)
    target.write_text(render(found), encoding="utf-8", newline="\n")
    return target


def check_target(path: str | PathLike[str]) -> Path:
    """Return the path of a report yet to be written, if a file can stand there.

    Raises
    ------
    InputError
        The folder is not there, or the path is itself a folder.
    """
    target = Path(path)
    if target.is_dir():
        raise InputError(f"path={str(target)!r} is a folder; add the report's file name, such as report.html.")
    if not target.parent.is_dir():
        raise InputError(
            f"There is no folder {target.parent} to write {target.name} into; make it, or pass another path."
        )
    return target
