"""The raw event: its text as it may be kept, and the fingerprint that tells it from another."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

RAW_LENGTH: Final = 8_000
"""Characters of a raw event that are kept; one of an export has a few hundred, a report's fields about a thousand."""
FIELD_LENGTH: Final = 1_000
"""Characters of one field that are kept; an address has at most 320 (RFC 3696, erratum 1690)."""


def kept(text: str, length: int = FIELD_LENGTH) -> str | None:
    """Return `text` trimmed and cut, without what no database or file can hold; None where nothing is left."""
    cut = text[: length + 1].replace("\0", "")
    # A lone surrogate stands for a byte or an escape that was no text; UTF-8 cannot write it.
    return cut.encode("utf-8", "replace").decode("utf-8").strip()[:length] or None


def fingerprint(*parts: str) -> str:
    """Return a name for an event that brought none: the same parts, the same name."""
    text = "\x1f".join(parts)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
