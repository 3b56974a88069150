"""What others see of this machine, asked of DNS and tried at the port of mail servers."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import dns.reversename

from bulkkit.probing.preflight import Standing
from bulkkit.verification.domains.answers import Found
from bulkkit.verification.domains.question import Asker

PATIENCE: Final = 10.0
"""Seconds to wait for a port."""


async def addresses(asker: Asker, name: str) -> tuple[str, ...] | None:
    """Return a host's addresses, IPv4 first; None where DNS gave no answer."""
    answers = [await asker.ask(name, "A"), await asker.ask(name, "AAAA")]
    found = tuple(value for answer in answers if answer.found is Found.RECORDS for value in answer.values)
    return None if not found and any(answer.found is Found.FAILED for answer in answers) else found


async def standing(asker: Asker, hosts: list[str], port: int, helo: str, address: str | None) -> Standing:
    """Return what is known of this machine; of these hosts one that can be reached is enough."""
    own = {}
    for host in hosts:
        if (found := await _own_address(asker, host, port)) is not None:
            own[host] = found
        if found:
            break
    reached = tuple(own)
    seen = address or next(filter(None, own.values()), None)
    if not seen:
        return Standing(helo, port, tuple(hosts), reached)
    names = await _names(asker, seen)
    forward = [found for name in names or () for found in await addresses(asker, name) or ()]
    return Standing(helo, port, tuple(hosts), reached, seen, names, tuple(forward), await addresses(asker, helo))


async def _names(asker: Asker, address: str) -> tuple[str, ...] | None:
    answer = await asker.ask(dns.reversename.from_address(address).to_text(omit_final_dot=True), "PTR")
    return None if answer.found is Found.FAILED else tuple(name.rstrip(".").lower() for name in answer.values)


async def _own_address(asker: Asker, host: str, port: int) -> str | None:
    """Return the address from which a host was reached; empty where it only refused, None where it was not reached."""
    for address in await addresses(asker, host) or ():
        try:
            async with asyncio.timeout(PATIENCE):
                _, writer = await asyncio.open_connection(address, port)
        except ConnectionRefusedError:
            return ""
        except (OSError, TimeoutError):
            continue
        own = str(writer.get_extra_info("sockname")[0])
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return own
    return None
