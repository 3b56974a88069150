"""A file or frame becomes a contacts frame: addresses found and repaired, consent read, duplicates named."""

from __future__ import annotations

from bulkkit.contacts.consent import consented, duplicates, has_consent_columns
from bulkkit.contacts.reading import read_contacts

__all__ = ["consented", "duplicates", "has_consent_columns", "read_contacts"]
