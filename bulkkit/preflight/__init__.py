"""What is looked at before a send: the message, the audience and the sender, each finding with its rule's source."""

from bulkkit.preflight.checks import BULK_A_DAY, preflight

__all__ = ["BULK_A_DAY", "preflight"]
