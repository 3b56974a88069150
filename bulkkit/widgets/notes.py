"""The sentences beside a field: what keeps it from being used, and what was found about it."""

from __future__ import annotations

from collections.abc import Iterable

from bulkkit.composition.outcome import Note
from bulkkit.widgets.markup import markup


def noted(notes: Iterable[Note]) -> str:
    """Return notes as HTML: each with its weight, what was found, what to do, and whose rule it is."""
    return markup("compose_notes", notes=tuple(notes))
