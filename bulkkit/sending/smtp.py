"""One connection to a relay: opened by aiosmtplib, then driven message by message.

aiosmtplib connects, greets, secures and authenticates. Its transport is then
taken over, because the ledger must be written before the final dot, each reply
needs one deadline for all of it, and whole envelopes go out in one write where the
server takes them so (RFC 2920).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

import aiosmtplib

from bulkkit.errors import RelayError
from bulkkit.sending.client import client_of, drop, explained
from bulkkit.sending.envelope import STEPS, Envelope
from bulkkit.sending.relay import Relay
from bulkkit.sending.reply import Reply
from bulkkit.sending.stream import Exchange, Stream, WireError

__all__ = ["Deadlines", "Session", "WireError"]

_AGREEMENT: Final = [250, 250, 354]
"""What a server says to an envelope that it takes (RFC 5321 §4.3.2)."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds for a whole reply to each step (RFC 5321 §4.5.3.2)."""

    greeting: float = 300
    envelope: float = 300
    data: float = 120
    body: float = 180
    dot: float = 600


class Session:
    """An open connection that takes one message after the other.

    `ask` sends an envelope, and `agreed` tells what the server says of it. `body`
    writes all of a long message but its dot, `finish` the dot, with a short message before it, and
    `ended` tells what the server says of the message. Where the server pipelines, an
    envelope is one write, and `finish` takes the next one along. A message is whole lines, ended by
    CRLF, none of which begins with a dot (RFC 5321 §4.5.2), as `CompiledMessage.write` returns it.
    """

    def __init__(self, client: aiosmtplib.SMTP, deadlines: Deadlines) -> None:
        # The client is kept because its transport would close with it.
        self._client = client
        self._deadlines = deadlines
        self._for_envelope = (deadlines.envelope, deadlines.envelope, deadlines.data)
        self._for_dot = (deadlines.dot,)
        self._stream = Stream()
        transport = cast(asyncio.Transport, client.transport)
        self._stream.connection_made(transport)
        transport.set_protocol(self._stream)
        self.smtputf8 = client.supports_extension("smtputf8")
        self.largest = _largest(client)
        self.pipelines = client.supports_extension("pipelining")
        self.messages = 0
        self._envelope: Envelope
        self._asked: Exchange
        self._ending: Exchange
        self._is_asking = False
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
        client = client_of(relay, limits.envelope)
        try:
            async with asyncio.timeout(limits.greeting):
                await client.connect()
                await client.ehlo()
                if relay.user and password is not None:
                    await client.login(relay.user, password)
        except asyncio.CancelledError:
            drop(client)
            raise
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            drop(client)
            raise RelayError(explained(relay, error, password)) from None
        return cls(client, limits)

    @property
    def is_lost(self) -> bool:
        """Whether the connection is gone."""
        return self._stream.is_lost

    @property
    def is_answered(self) -> bool:
        """Whether the pipelined envelope is answered."""
        return self._asked.is_over

    async def is_answered_within(self, seconds: float) -> bool:
        """Tell whether the pipelined envelope is answered, at the latest after so many seconds."""
        with contextlib.suppress(TimeoutError, WireError):
            async with asyncio.timeout(seconds):
                await self._asked
        return self.is_answered

    @property
    def accepted(self) -> Reply | None:
        """The reply by which the server took the message; None where it has not, or did it in an unusual way."""
        replies = self._ending.replies
        return replies[0] if replies and 200 <= replies[0].code < 300 else None

    @property
    def agrees(self) -> bool:
        """Whether the server agreed to a pipelined envelope in the usual way."""
        return [reply.code for reply in self._asked.replies] == _AGREEMENT

    def when_ended(self, on_end: Callable[[], None]) -> None:
        """Call back once the server has answered the message, or is gone."""
        self._ending.then(on_end)

    def ask(self, envelope: Envelope) -> None:
        """Send an envelope; `agreed` tells what comes of it."""
        self._envelope, self._is_asking = envelope, True
        if self.pipelines:
            (self._asked,) = self._stream.ask(b"".join(envelope.lines), self._for_envelope)

    async def agreed(self) -> tuple[str, Reply]:
        """Return the first step that the server refused (`MAIL`, `RCPT` or `DATA`), or DATA, with its reply.

        After a refusal the connection can take another message.

        Raises
        ------
        WireError
            Where the connection broke before the server refused or agreed.
        """
        step, reply = await (self._at_once() if self.pipelines else self._one_by_one())
        self._is_asking, self._is_in_data = False, reply.is_positive
        if not reply.is_positive:
            await self._reset()
        return step, reply

    async def body(self, message: bytes) -> None:
        """Write a whole message but its final dot, and wait until the kernel has it."""
        await self._stream.write(message, self._deadlines.body)

    def finish(self, message: bytes = b"", then: Envelope | None = None) -> None:
        """Write at once: a message that `body` has not written, the dot, and where the server pipelines an envelope.

        Raises
        ------
        WireError
            Where the connection is gone; then nothing of it was written.
        """
        self.messages += 1
        self._is_in_data, self._is_asking = False, then is not None
        if then is None:
            (self._ending,) = self._stream.ask(message + b".\r\n", self._for_dot)
        else:
            self._envelope = then
            data = b"".join((message, b".\r\n", *then.lines))
            self._ending, self._asked = self._stream.ask(data, self._for_dot, self._for_envelope)

    async def ended(self) -> Reply:
        """Return what the server says of the message."""
        (reply,) = await self._ending
        return self._agreeing("the final dot", reply)

    async def close(self) -> None:
        """Say goodbye where the connection is still there, and close it."""
        # In the middle of data a goodbye would be more data. Else the server may hang up first; nothing is owed.
        if not (self._is_in_data or self._is_asking):
            with contextlib.suppress(WireError):
                await self._said(b"QUIT\r\n", min(5.0, self._deadlines.envelope))
        self._stream.abort()

    def abort(self) -> None:
        """Drop the connection at once."""
        self._stream.abort()

    async def _said(self, line: bytes, seconds: float) -> Reply:
        (exchange,) = self._stream.ask(line, (seconds,))
        return (await exchange)[0]

    async def _at_once(self) -> tuple[str, Reply]:
        try:
            replies = await self._asked
        except WireError:
            # A connection that breaks takes nothing back of what the server said before.
            if refused := _refusal(self._asked.replies):
                return refused
            raise
        _, recipient, data = replies
        if self.agrees:
            return "DATA", data
        for step, reply in zip(STEPS, replies, strict=True):
            self._agreeing(step, reply)
        refused = _refusal(replies)
        if refused and data.is_positive:
            await self._end_data(has_recipient=recipient.is_positive)
        return refused or ("DATA", data)

    async def _one_by_one(self) -> tuple[str, Reply]:
        for step, line, seconds in zip(STEPS, self._envelope.lines, self._for_envelope, strict=True):
            reply = self._agreeing(step, await self._said(line, seconds))
            if not reply.is_positive:
                break
        return step, reply

    async def _end_data(self, *, has_recipient: bool) -> None:
        """End the data to which a server agreed though it refused sender or recipient (RFC 2920 §3.1)."""
        if has_recipient:
            self.abort()  # A dot would be an empty message to them.
            return
        with contextlib.suppress(WireError):
            await self._said(b".\r\n", self._deadlines.dot)

    async def _reset(self) -> None:
        """End a transaction that was refused; where the server will not, the next message takes another connection."""
        try:
            self._agreeing("RSET", reply := await self._said(b"RSET\r\n", self._deadlines.envelope))
        except WireError:
            return
        if not reply.is_positive:
            self.abort()

    def _agreeing(self, step: str, reply: Reply) -> Reply:
        # RFC 5321 §4.3.2: DATA is agreed to by 354, all else by 2xx. Another yes belongs to another question.
        if reply.is_positive and (reply.code >= 300) != (step == "DATA"):
            self.abort()
            raise WireError(f"The server answered {step} with {str(reply)[:80]!r}, which is no answer to it.")
        if reply.code == 421:  # RFC 5321 §3.8: the server is closing this connection.
            self.abort()
        return reply


def _largest(client: aiosmtplib.SMTP) -> int | None:
    """Return the bytes of the largest message that the server says it takes (RFC 1870 §3, where 0 says nothing)."""
    said = client.esmtp_extensions.get("size", "")
    return int(said) or None if said.isdecimal() and said.isascii() else None


def _refusal(replies: list[Reply]) -> tuple[str, Reply] | None:
    said = zip(STEPS, replies, strict=False)
    return next(((step, reply) for step, reply in said if not reply.is_positive), None)
