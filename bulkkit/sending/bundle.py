"""Several byte strings as one, with their lengths before them.

That is how a send and the processes that sign for it speak with each other.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

LENGTH: Final = struct.Struct("!I")


def bundle(parts: Sequence[bytes]) -> bytes:
    """Return parts as one string, the length of all of it first."""
    inner = b"".join(piece for part in parts for piece in (LENGTH.pack(len(part)), part))
    return LENGTH.pack(len(inner)) + inner


def unbundle(inner: bytes) -> list[bytes]:
    """Return the parts of what comes after the length of all of it.

    Raises
    ------
    ValueError
        Where it is no bundle.
    """
    parts, at = [], 0
    while at < len(inner):
        begin = at + LENGTH.size
        at = begin + int.from_bytes(inner[at:begin])
        parts.append(inner[begin:at])
    if at != len(inner):
        raise ValueError("The last part of a bundle is cut off.")
    return parts
