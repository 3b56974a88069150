"""A list divided into groups: by what people did, how long they are there, and the user's own conditions."""

from bulkkit.segmentation.dividing import TENURE, bands, moment, segment, tenure
from bulkkit.segmentation.history import ENGAGEMENT, OCCASIONAL_DAYS, UNKNOWN, History, moments

__all__ = [
    "ENGAGEMENT",
    "OCCASIONAL_DAYS",
    "TENURE",
    "UNKNOWN",
    "History",
    "bands",
    "moment",
    "moments",
    "segment",
    "tenure",
]
