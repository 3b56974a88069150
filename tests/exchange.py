"""Networks on addresses of their own, each with its own limits and log, and a relay that passes mail on to them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import aiosmtplib
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class NetworkServer:
    """A network's mail server: it takes so many messages in any window and so many connections, and says no to more.

    `taken` is when each message came in, by `now`; `refused` how often it had to say no.
    """

    address: str
    now: Callable[[], float] = monotonic
    messages: int | None = None
    window: float = 3600.0
    connections: int | None = None
    answer: Callable[[str, int], str | None] = lambda _recipient, _times: None
    taken: list[tuple[float, str]] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    open: int = 0
    most_open: int = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a message, or refuse it as a provider does whose limits are exceeded."""
        (recipient,) = envelope.rcpt_tos
        self.asked[recipient] = self.asked.get(recipient, 0) + 1
        said = self.answer(recipient, self.asked[recipient])
        if said is not None:
            return said
        now = self.now()
        lately = sum(now - self.window < moment for moment, _ in self.taken)
        if self.messages is not None and lately >= self.messages:
            self.refused += 1
            return "450 4.7.0 Rate exceeded"
        self.taken.append((now, recipient))
        return "250 2.0.0 Ok"


@dataclass
class Exchange:
    """A relay in front of the networks, by domain; it answers what the network answers."""

    networks: Mapping[str, NetworkServer]
    ports: dict[str, int] = field(default_factory=dict)
    port: int = 0
    clients: int = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Pass a message on over a connection of its own, and its answer back."""
        (recipient,) = envelope.rcpt_tos
        domain = recipient.rpartition("@")[2]
        network = self.networks[domain]
        network.open += 1
        network.most_open = max(network.most_open, network.open)
        try:
            if network.connections is not None and network.open > network.connections:
                network.refused += 1
                return "421 4.7.0 Too many connections"
            return await self._passed_on(network.address, self.ports[domain], envelope)
        finally:
            network.open -= 1

    async def _passed_on(self, address: str, port: int, envelope: Envelope) -> str:
        content: Any = envelope.content
        try:
            async with aiosmtplib.SMTP(hostname=address, port=port, local_hostname="relay.example") as client:
                _, said = await client.sendmail(envelope.mail_from or "", envelope.rcpt_tos, content)
                return f"250 {said}"
        except aiosmtplib.SMTPResponseException as error:
            return f"{error.code} {error.message}"


@contextmanager
def exchange(**networks: NetworkServer) -> Iterator[Exchange]:
    """Serve networks, each under its name with `.example` behind it, and the relay in front of them."""
    relay = Exchange({f"{name}.example": network for name, network in networks.items()})
    with ExitStack() as stack:
        for domain, network in relay.networks.items():
            relay.ports[domain] = _served(stack, network, network.address)
        relay.port = _served(stack, relay, "127.0.0.1")
        yield relay


def _served(stack: ExitStack, handler: Any, address: str) -> int:
    with socket.create_server((address, 0)) as free:
        port = int(free.getsockname()[1])
    controller = Controller(handler, hostname=address, port=port)
    controller.start()
    stack.callback(controller.stop)
    return port
