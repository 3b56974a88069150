"""Who is kept without the message on purpose, so that what it did can be told from what would have happened anyway.

A hash draws, not luck: the same campaign keeps the same people out, however
often it is planned, in whichever order they stand, and whoever else is on the list.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

import pandas as pd

from bulkkit.errors import InputError

BYTES: Final = 8
"""Of a hash: its number is as good as evenly spread over 64 bits (BLAKE2, RFC 7693)."""


def require_share(share: float) -> float:
    """Return a share of people to hold out; `InputError` where it is none, or would leave nobody to write to."""
    if not 0 <= share < 1:
        raise InputError(f"holdout={share} is no share of the recipients to keep out: it is 0 or more, and below 1.")
    return share


def held_out(mailboxes: pd.Series[Any], campaign: str, share: float) -> pd.Series[Any]:
    """Tell which mailboxes (`addresses.mailbox_keys`) a campaign is kept from, each with the chance `share`.

    Raises
    ------
    InputError
        Where `share` is not in [0, 1).
    """
    below = int(require_share(share) * 256**BYTES)
    draw = _draw(campaign)
    return mailboxes.map(lambda mailbox: draw(mailbox) < below).astype(bool)


def _draw(campaign: str) -> Callable[[str], int]:
    seeded = blake2b(digest_size=BYTES, key=blake2b(campaign.encode()).digest())

    def draw(mailbox: str) -> int:
        drawn = seeded.copy()
        drawn.update(mailbox.encode())
        return int.from_bytes(drawn.digest(), "big")

    return draw
