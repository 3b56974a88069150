"""Who asks mail servers for `bulkkit verify --depth probe`, if it was said under which name."""

from __future__ import annotations

from pathlib import Path

from bulkkit import probing
from bulkkit.errors import InputError
from bulkkit.verification.depths import PROBE


def probe_for(
    depth: str, helo: str | None, sender: str | None, address: str | None, cache: Path | None
) -> probing.Probe | None:
    """Return who asks mail servers, or None where the depth asks none.

    Raises
    ------
    InputError
        The name or the sender is missing, or they are there for nothing.
    """
    if depth != PROBE:
        if helo or sender or address or cache:
            raise InputError("--helo, --sender, --address and --cache are for --depth probe.")
        return None
    if helo is None or sender is None:
        raise InputError(
            "--depth probe asks mail servers about each mailbox, which the big ones answer falsely, and which can get "
            "this machine's address block-listed. Where you may and want to, add --helo and --sender."
        )
    return probing.Probe(helo, sender, address, cache=cache)
