"""The only room that knows SQL: campaigns, sends, events, suppressions."""

from bulkkit.ledger.ledger import Ledger

__all__ = ["Ledger"]
