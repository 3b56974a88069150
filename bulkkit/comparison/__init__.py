"""One campaign against another, or against people held out: the difference as it is, and between people alike."""

from bulkkit.comparison.asking import compare
from bulkkit.comparison.result import LEAST_OVERLAP, Comparison, Estimate

__all__ = ["LEAST_OVERLAP", "Comparison", "Estimate", "compare"]
