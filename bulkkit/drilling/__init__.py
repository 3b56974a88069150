"""From a figure to the people in it."""

from bulkkit.drilling.messages import BEHIND, DELIVERED, SENT, Messages
from bulkkit.drilling.people import by_people, described, happened

__all__ = ["BEHIND", "DELIVERED", "SENT", "Messages", "by_people", "described", "happened"]
