"""Where the sample lies, the day it belongs to, and the seed it grew from."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

from bulkkit.errors import InputError

AS_OF: Final = date(2026, 10, 1)
"""The day on which the sample's list is looked at; all its history is older."""

SEED: Final = 2026

PEOPLE: Final = 4_870
"""Distinct people; with second rows the list has about 5,000."""

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_MARKERS: Final = {"data": "contacts.csv", "notebooks": "1_list_health.ipynb"}


def path() -> Path:
    """Return the folder of the sample's files: in the installed package, or beside it in a checkout."""
    return _shipped("data")


def notebooks() -> Path:
    """Return the folder of the three notebooks: in the installed package, or beside it in a checkout."""
    return _shipped("notebooks")


def _shipped(name: str) -> Path:
    for folder in (_PACKAGE / name, _PACKAGE.parent / name):
        if (folder / _MARKERS[name]).is_file():
            return folder
    raise InputError(
        f"The folder {name!r} with {_MARKERS[name]} is neither in {_PACKAGE} nor beside it. "
        "Install bulkkit again, or make the sample's files: python -m bulkkit.sample data"
    )
