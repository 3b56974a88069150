"""Whether a list is fit to be written to: each address judged by its syntax, by lists and for likely misspellings."""

from __future__ import annotations

from bulkkit.verification.judgement import verify
from bulkkit.verification.lists import Lists
from bulkkit.verification.verdict import Verdict, verify_address

__all__ = ["Lists", "Verdict", "verify", "verify_address"]
