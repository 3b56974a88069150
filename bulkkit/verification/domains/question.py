"""One domain asked about: its MX, then its own addresses where it has none, and whether its servers are there."""

from __future__ import annotations

import asyncio
from typing import Protocol

from bulkkit.verification.domains.answers import DomainAnswer, Found, Mail, Records, of_addresses, of_hosts, of_mx
from bulkkit.verification.domains.networks import holds_unused, is_own_machine, provider_of_host


class Asker(Protocol):
    """Whoever can be asked for records: name servers, or a table in a test."""

    async def ask(self, name: str, kind: str) -> Records:
        """Return the records of one kind (`MX`, `A`, `AAAA`, `NS`, `PTR`) that a name has.

        Whatever DNS says, it raises nothing.
        """


class Questions:
    """The questions of one run: a mail server that many domains share is asked about once."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._hosts: dict[str, asyncio.Future[Found]] = {}

    async def domain(self, name: str) -> DomainAnswer:
        """Return what DNS says of a domain's mail."""
        mx = await self._asker.ask(name, "MX")
        answer = of_mx(mx)
        if answer is None:
            answer = of_addresses(name, mx, await self._addresses(name))
            return await self._or_parked(name, answer) if answer.mail is Mail.ADDRESS else answer
        return of_hosts(answer, await self._are_lost(answer.hosts, mx.beside)) if answer.mail is Mail.MX else answer

    async def _or_parked(self, name: str, answer: DomainAnswer) -> DomainAnswer:
        """Return what the name servers say of a domain that has no MX record."""
        servers = (await self._asker.ask(name, "NS")).values
        parked = tuple(sorted(server.rstrip(".").lower() for server in servers if holds_unused(server)))
        return DomainAnswer(Mail.PARKED, parked, answer.ttl) if parked else answer

    async def _are_lost(self, hosts: tuple[str, ...], beside: frozenset[str]) -> bool:
        """Tell whether it is certain of each host that it has no address, or none but the sender's own machine."""
        servers = [host for host in hosts if not is_own_machine(host)]
        if not beside.isdisjoint(servers):
            return False
        for host in servers:
            if provider_of_host(host) or await self._host(host) in {Found.RECORDS, Found.FAILED}:
                return False
        return True

    async def _host(self, host: str) -> Found:
        known = self._hosts.get(host)
        if known is None:
            known = self._hosts[host] = asyncio.get_running_loop().create_future()
            try:
                known.set_result((await self._addresses(host))[-1].found)
            finally:
                known.cancel()
        return await known

    async def _addresses(self, name: str) -> list[Records]:
        """Return the answer for A, and for AAAA where that had no records."""
        first = await self._asker.ask(name, "A")
        if first.found in {Found.RECORDS, Found.NO_NAME}:
            return [first]
        second = await self._asker.ask(name, "AAAA")
        # One failure leaves it open, unless the other kind is there.
        return [second, first] if first.found is Found.FAILED and second.found is not Found.RECORDS else [first, second]
