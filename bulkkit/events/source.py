"""A source of events: whose files it knows, what comes of reading one, and what it cannot tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from bulkkit.events.opening import Opening


@dataclass(frozen=True, slots=True)
class Unusable:
    """A line (or the n-th record, row or mail) that is no event, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of a file: events (columns of `EVENT_DTYPES`), unusable lines, and how many mails were no reports."""

    events: pd.DataFrame
    unusable: tuple[Unusable, ...] = ()
    no_report: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """One source.

    `title` ends the sentence "this looks like …"; `cannot_tell` says which blanks
    are no zeros.
    """

    name: str
    title: str
    recognises: Callable[[Opening], bool]
    read: Callable[[Opening], Reading]
    cannot_tell: str
