"""What became of each message: one row a campaign and mailbox, counted wherever the events lie."""

from bulkkit.outcomes.gathering import gathered
from bulkkit.outcomes.joining import KEY, NOT_TOLD, AnyFrame, Frame, alike, keyed, mailboxes, merged
from bulkkit.outcomes.knowledge import SILENT, Knowledge
from bulkkit.outcomes.measures import MEASURES, Measure
from bulkkit.outcomes.messages import Messages, outcomes

__all__ = [
    "KEY",
    "MEASURES",
    "NOT_TOLD",
    "SILENT",
    "AnyFrame",
    "Frame",
    "Knowledge",
    "Measure",
    "Messages",
    "alike",
    "gathered",
    "keyed",
    "mailboxes",
    "merged",
    "outcomes",
]
