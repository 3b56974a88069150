"""Events: one table from many sources, each event once, nothing dropped in silence."""

from bulkkit.events.reading import read_events

__all__ = ["read_events"]
