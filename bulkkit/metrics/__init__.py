"""What is counted of campaigns, and the rates that follow: divided as asked, with intervals and verdicts."""

from bulkkit.metrics.rating import RATE_COLUMNS, rates, tabulated

__all__ = ["RATE_COLUMNS", "rates", "tabulated"]
