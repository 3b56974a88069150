"""What a server's refusal means: one table for retry, ledger and events."""

from bulkkit.refusals.classes import DEAD, OURS, PASSING, Verdict, classify, codes, is_about_sender, says_dead

__all__ = ["DEAD", "OURS", "PASSING", "Verdict", "classify", "codes", "is_about_sender", "says_dead"]
