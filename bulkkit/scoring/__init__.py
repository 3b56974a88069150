"""The health of a list: one score, what it is made of, what to do about each part, and who is behind it."""

from bulkkit.scoring.score import Health, health

__all__ = ["Health", "health"]
