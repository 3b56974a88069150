"""One process that signs for a send: started, asked for signatures over a socket, and ended.

It is a new Python, never a copy of this one: spawned by `multiprocessing` it would run an unguarded
script again, forked it would hold the ledger. The private key goes to it over the socket alone.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final, cast

from bulkkit.message.signature import Signer
from bulkkit.sending.bundle import LENGTH, bundle, unbundle

COMMAND: Final = ("-P", "-m", "bulkkit.sending.signatory")
"""`-P`: what lies in the working directory is not imported."""
INHERITED: Final = ("PYTHONHOME", "LD_", "DYLD_", "OPENSSL_")
"""The environment that a Python and its OpenSSL may need to start; all else may hold the private key."""
LONGEST: Final = 1 << 24
"""Bytes of an answer; no wave has as many signatures."""


class Pen(asyncio.Protocol):
    """The way to a process that signs; it ends with its connection."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._transport: asyncio.Transport
        self._received = bytearray()
        self._asked: deque[asyncio.Future[list[bytes]]] = deque()
        self.load = 0
        """How many messages it has still to sign."""

    @classmethod
    async def taken_up(cls, signer: Signer) -> Pen:
        """Start a process that signs as `signer` does.

        Raises
        ------
        OSError
            Where it cannot be started.
        """
        ours, theirs = socket.socketpair()
        with theirs, ExitStack() as where_it_fails:
            where_it_fails.callback(ours.close)
            process = _process(theirs)
            where_it_fails.callback(process.wait)
            where_it_fails.callback(process.kill)
            ours.setblocking(False)
            loop = asyncio.get_running_loop()
            transport, pen = await loop.create_unix_connection(partial(cls, process), sock=ours)
            where_it_fails.pop_all()
        transport.write(bundle([signer.domain.encode(), signer.selector.encode(), signer.pem]))
        return pen

    async def sign(self, messages: Sequence[bytes]) -> list[bytes]:
        """Return the signature of each message.

        Raises
        ------
        OSError
            Where the process has ended, or said what is no answer.
        """
        if self._transport.is_closing():
            raise ConnectionResetError("The process that signs has ended.")
        answered: asyncio.Future[list[bytes]] = asyncio.get_running_loop().create_future()
        self._asked.append(answered)
        self._transport.write(bundle(messages))
        self.load += len(messages)
        try:
            return await answered
        finally:
            self.load -= len(messages)

    def put_down(self) -> None:
        """End the process; it holds nothing that is not held here."""
        self._transport.abort()
        self._process.kill()
        self._process.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer, or of several."""
        self._received += data
        try:
            while self._is_whole():
                self._answer(self._cut())
        except (ValueError, IndexError):
            self._transport.abort()

    def connection_lost(self, _: Exception | None) -> None:
        """Tell those who wait that no answer comes."""
        self.put_down()
        for waiting in self._asked:
            if not waiting.done():
                waiting.set_exception(ConnectionResetError("The process that signs has ended."))

    def _is_whole(self) -> bool:
        if len(self._received) < LENGTH.size:
            return False
        length = int.from_bytes(self._received[: LENGTH.size])
        if not 0 < length <= LONGEST:
            raise ValueError(f"An answer of {length:,} bytes is none.")
        return len(self._received) >= LENGTH.size + length

    def _cut(self) -> list[bytes]:
        end = LENGTH.size + int.from_bytes(self._received[: LENGTH.size])
        inner = bytes(self._received[LENGTH.size : end])
        del self._received[:end]
        return unbundle(inner)

    def _answer(self, signatures: list[bytes]) -> None:
        answered = self._asked.popleft()
        if not answered.done():
            answered.set_result(signatures)


def can_be_taken_up() -> bool:
    """Tell whether processes can be started here: where sockets can be handed over, and by a Python of its own."""
    # Inside another program sys.executable is that program, which would start a second time.
    name = Path(sys.executable or "").name.lower()
    is_python = name.startswith(("python", "pypy")) and not getattr(sys, "frozen", False)
    return is_python and hasattr(socket, "AF_UNIX") and sys.platform != "win32"


def _process(theirs: socket.socket) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *COMMAND],
        stdin=theirs.fileno(),
        stdout=theirs.fileno(),
        stderr=subprocess.DEVNULL,
        env=_environment(),
        process_group=0,  # A Ctrl-C in the terminal is for the send, which may still need this.
    )


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name.startswith(INHERITED)}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, map(str, sys.path)))}
