"""Whether a list is fit to be written to: each address judged by its syntax, by lists and for likely misspellings."""

from __future__ import annotations

from bulkkit.verification.domains import Resolver, mx_networks
from bulkkit.verification.judgement import verify
from bulkkit.verification.lists import Lists
from bulkkit.verification.overview import Summary, summary
from bulkkit.verification.track_record import calibration
from bulkkit.verification.verdict import Verdict, verify_address

__all__ = [
    "Lists",
    "Resolver",
    "Summary",
    "Verdict",
    "calibration",
    "mx_networks",
    "summary",
    "verify",
    "verify_address",
]
