"""One connection to a relay: opened by aiosmtplib, then driven message by message.

aiosmtplib connects, greets, secures and authenticates. Its transport is then
taken over, because the ledger must be written between the data and the final
dot, each reply needs one deadline for all of it, and bytes that nobody asked
for must end the connection rather than wait for the next recipient.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, cast

import aiosmtplib

from bulkkit.errors import AddressError, RelayError
from bulkkit.message.mime import dot_stuffed
from bulkkit.sending.password import masked
from bulkkit.sending.relay import Relay
from bulkkit.sending.reply import Reply, ReplyError, ReplyReader

_SAFE_PATH: Final = re.compile(r"""[^\x00-\x20\x7f-\x9f\u2028\u2029()<>\[\]:;@\\,"]+@[A-Za-z0-9.\-\[\]:]+""")
"""What may stand between `<` and `>` in an envelope (RFC 5321 §4.1.2, Dot-string; RFC 6531 §3.3): no blank, no special
and no control character before the one `@`."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds for a whole reply to each step (RFC 5321 §4.5.3.2)."""

    greeting: float = 300
    envelope: float = 300
    data: float = 120
    body: float = 180
    dot: float = 600


class WireError(ConnectionError):
    """The connection broke, stayed silent too long, or said what is no SMTP."""


class Session:
    """An open connection that takes one message at a time.

    `begin` asks for the envelope, `send_body` writes all but the final dot, and
    `end` writes the dot. Whoever calls commits between the last two.
    """

    def __init__(self, client: aiosmtplib.SMTP, deadlines: Deadlines) -> None:
        # The client is kept because its transport would close with it.
        self._client = client
        self._deadlines = deadlines
        self._stream = _Stream()
        transport = cast(asyncio.Transport, client.transport)
        self._stream.connection_made(transport)
        transport.set_protocol(self._stream)
        self.smtputf8 = client.supports_extension("smtputf8")
        self.messages = 0
        self._is_in_data = False

    @classmethod
    async def open(cls, relay: Relay, password: str | None = None, deadlines: Deadlines | None = None) -> Session:
        """Connect, secure and authenticate.

        Raises
        ------
        RelayError
            Where the relay is not there, refuses, offers no TLS where it must,
            shows a certificate that is not its own, or refuses the password.
        """
        limits = deadlines or Deadlines()
        client = _client(relay, limits)
        try:
            async with asyncio.timeout(limits.greeting):
                await client.connect()
                await client.ehlo()
                if relay.user and password is not None:
                    await client.login(relay.user, password)
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            client.close()
            raise RelayError(_explain(relay, error, password)) from None
        return cls(client, limits)

    async def begin(self, sender: str, recipient: str, *, utf8: bool = False) -> tuple[str, Reply]:
        """Ask for the envelope; return the last step asked (`MAIL`, `RCPT` or `DATA`) and its reply.

        Where the server refused, the transaction is reset and the connection can
        take another message.
        """
        steps = (
            ("MAIL", f"MAIL FROM:<{_path(sender)}>{' SMTPUTF8' if utf8 else ''}", self._deadlines.envelope),
            ("RCPT", f"RCPT TO:<{_path(recipient)}>", self._deadlines.envelope),
            ("DATA", "DATA", self._deadlines.data),
        )
        for step, line, seconds in steps:
            reply = await self._ask(step, line.encode("utf-8") + b"\r\n", seconds)
            if not reply.is_positive:
                await self._reset()
                return step, reply
        self._is_in_data = True
        return "DATA", reply

    async def send_body(self, message: bytes) -> None:
        """Write the whole message but its final dot, and wait until the kernel has it."""
        ending = b"" if message.endswith(b"\r\n") else b"\r\n"
        await self._stream.write(dot_stuffed(message) + ending, self._deadlines.body)

    async def end(self) -> Reply:
        """Write the dot; return what the server says of the message."""
        self.messages += 1
        reply = await self._ask("the final dot", b".\r\n", self._deadlines.dot)
        self._is_in_data = False
        return reply

    async def close(self) -> None:
        """Say goodbye where the connection is still there, and close it."""
        # In the middle of data a goodbye would be more data. Else the server may hang up first; nothing is owed.
        if not self._is_in_data:
            with contextlib.suppress(WireError):
                await self._stream.ask(b"QUIT\r\n", min(5.0, self._deadlines.envelope))
        self._stream.abort()

    def abort(self) -> None:
        """Drop the connection at once."""
        self._stream.abort()

    async def _ask(self, step: str, line: bytes, seconds: float) -> Reply:
        reply = await self._stream.ask(line, seconds)
        # RFC 5321 §4.3.2: DATA is agreed to by 354, all else by 2xx. Another yes belongs to another question.
        if reply.is_positive and (reply.code >= 300) != (step == "DATA"):
            self.abort()
            raise WireError(f"The server answered {step} with {str(reply)[:80]!r}, which is no answer to it.")
        if reply.code == 421:  # RFC 5321 §3.8: the server is closing this connection.
            self.abort()
        return reply

    async def _reset(self) -> None:
        # A connection that breaks here takes nothing back of what the server said before.
        with contextlib.suppress(WireError):
            await self._stream.ask(b"RSET\r\n", self._deadlines.envelope)

    @property
    def is_lost(self) -> bool:
        """Whether the connection is gone."""
        return self._stream.is_lost


class _Stream(asyncio.Protocol):
    """The bytes of a connection: one question, one reply, one deadline."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._reader = ReplyReader()
        self._waiter: asyncio.Future[Reply] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._lost: str | None = None

    @property
    def is_lost(self) -> bool:
        return self._lost is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            if self._waiter is None or self._waiter.done():
                raise ReplyError(f"The server spoke unasked: {data[:60]!r}.")
            reply = self._reader.feed(data)
        except ReplyError as error:
            self._lose(str(error))
        else:
            if reply is not None:
                self._waiter.set_result(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(f"The connection broke: {exc or 'the server hung up'}.")

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def write(self, data: bytes, seconds: float) -> None:
        transport = self._alive()
        # With no room for waiting bytes, "writable" means that the kernel has them all.
        transport.set_write_buffer_limits(high=0)
        transport.write(data)
        try:
            async with asyncio.timeout(seconds):
                await self._writable.wait()
        except TimeoutError:
            self._lose(f"The server did not take the message within {seconds:.0f} s.")
        self._alive()

    async def ask(self, data: bytes, seconds: float) -> Reply:
        transport = self._alive()
        self._waiter = asyncio.get_running_loop().create_future()
        transport.write(data)
        try:
            async with asyncio.timeout(seconds):
                return await self._waiter
        except TimeoutError:
            # A late reply must never meet the next recipient.
            self._lose(f"The server did not answer within {seconds:.0f} s.")
            raise WireError(self._lost) from None
        finally:
            self._waiter = None

    def abort(self) -> None:
        self._lose("The connection was closed.")

    def _alive(self) -> asyncio.Transport:
        if self._lost is not None or self._transport is None:
            raise WireError(self._lost or "The connection is not open.")
        return self._transport

    def _lose(self, why: str) -> None:
        if self._lost is None:
            self._lost = why
        self._writable.set()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(WireError(self._lost))
        if self._transport is not None:
            self._transport.abort()


def _client(relay: Relay, limits: Deadlines) -> aiosmtplib.SMTP:
    options: dict[str, Any] = {"source_address": (relay.source_address, 0)} if relay.source_address else {}
    return aiosmtplib.SMTP(
        hostname=relay.host,
        port=relay.port,
        use_tls=relay.scheme == "smtps",
        start_tls=relay.scheme == "smtp+starttls",
        tls_context=None if relay.scheme == "smtp" else _tls_context(),
        local_hostname=_local_name(),
        timeout=limits.envelope,
        **options,
    )


@cache
def _tls_context() -> ssl.SSLContext:
    # One for all connections: making it reads the system's certificates, some 45 ms.
    return ssl.create_default_context()


@cache
def _local_name() -> str:
    return socket.gethostname()


def _path(address: str) -> str:
    if not _SAFE_PATH.fullmatch(address):
        raise AddressError(f"{address[:80]!r} cannot stand in an envelope; nothing was asked of the relay.")
    return address


def _explain(relay: Relay, error: Exception, password: str | None) -> str:
    # A server may quote what it was sent, and in any bytes.
    said = f"{error.code} {error.message}" if isinstance(error, aiosmtplib.SMTPResponseException) else str(error)
    what = masked(said, relay, password).encode("utf-8", "backslashreplace").decode() or type(error).__name__
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return f"The relay {relay.name} refuses user and password: {what}. Check both; nothing was sent."
    if isinstance(error, ConnectionRefusedError) or isinstance(error.__cause__, ConnectionRefusedError):
        what = "nothing listens there"
    return f"The relay {relay.name} cannot be used: {what}. Check its address; nothing was sent over this connection."
