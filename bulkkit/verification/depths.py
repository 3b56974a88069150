"""How far verification looks: at the address alone, at its domain in DNS, or at its mailbox."""

from __future__ import annotations

from typing import Any, Final

from bulkkit.errors import InputError

SYNTAX: Final = "syntax"
DNS: Final = "dns"
PROBE: Final = "probe"
DEPTHS: Final = (SYNTAX, DNS, PROBE)


def require_offered(depth: str, probe: Any = None) -> None:
    """Raise `InputError` where a list cannot be judged to that depth."""
    if depth not in DEPTHS:
        raise InputError(f"depth {depth!r} is none. It is one of {', '.join(map(repr, DEPTHS))}.")
    if depth == PROBE and probe is None:
        raise InputError(
            "depth 'probe' asks mail servers about each mailbox, which the big ones answer falsely, and which can get "
            "this machine's address block-listed. Where you may and want to: probe=bulkkit.probing.Probe(helo=…, "
            "sender=…). Else use depth 'dns'."
        )
    if depth != PROBE and probe is not None:
        raise InputError(f"A probe was handed in, and depth {depth!r} asks no mail server. Use depth='probe' with it.")
