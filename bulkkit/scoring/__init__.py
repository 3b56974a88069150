"""The health of a list: one score, what it is made of, what to do about each part, and who is behind it."""

from bulkkit.scoring.score import Health, health
from bulkkit.scoring.sunset import Sunset

__all__ = ["Health", "Sunset", "health"]
