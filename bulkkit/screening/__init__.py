"""A file of addresses becomes a file with the verdicts beside them, a piece at a time."""

from __future__ import annotations

from bulkkit.screening.passes import Order, Stage, screen

__all__ = ["Order", "Stage", "screen"]
