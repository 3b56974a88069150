"""Mail servers for the tests: one of our own that misbehaves on cue, and Postfix's smtp-sink."""

from __future__ import annotations

import asyncio
import contextlib
import os
import quopri
import re
import shutil
import socket
import ssl
import struct
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final

import pytest

LOOPBACK: Final = "127.0.0.1"
PATIENCE: Final = 20.0
SINK: Final = "/usr/sbin/smtp-sink"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client has just asked: the step, and how often this step was asked for this recipient so far."""

    step: str
    line: str
    recipient: str
    times: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server does about it: bytes, perhaps late or dripped, and what follows them."""

    reply: bytes = b""
    after: float = 0.0
    until: Callable[[], bool] | None = None
    drip: float | None = None
    then: str = "go on"
    """`go on`, `close`, `reset`, `half-close`, `endless` (the reply again and again), `babble` or `silence`."""


BEGINNING: Final = 10
"""Turns of a loop in which a conversation has begun that was let in before them."""

Script = Callable[[Asked], "Answer | None"]

DEFAULTS: Final = {
    "banner": b"220 test.example ESMTP\r\n",
    "HELO": b"250 test.example\r\n",
    "MAIL": b"250 2.1.0 Ok\r\n",
    "RCPT": b"250 2.1.5 Ok\r\n",
    "DATA": b"354 Go on\r\n",
    "dot": b"250 2.0.0 Ok\r\n",
    "RSET": b"250 2.0.0 Ok\r\n",
    "STARTTLS": b"220 2.0.0 Ready\r\n",
    "AUTH": b"235 2.7.0 Welcome\r\n",
    "QUIT": b"221 2.0.0 Bye\r\n",
}


def answer(step: str, *answers: Answer | bytes | str | None, recipient: str = "") -> Script:
    """Return a script that gives these answers at one step, one after the other, and then the usual one."""
    parts = [Answer(part.encode() if isinstance(part, str) else part) if isinstance(part, str | bytes) else part
             for part in answers]  # fmt: skip

    def script(asked: Asked) -> Answer | None:
        if asked.step != step or (recipient and asked.recipient != recipient) or asked.times > len(parts):
            return None
        return parts[asked.times - 1]

    return script


def always(step: str, reply: str, recipient: str = "") -> Script:
    """Return a script that always gives the same reply at one step."""
    return lambda asked: Answer(reply.encode()) if asked.step == step and recipient in {"", asked.recipient} else None


@dataclass(frozen=True, slots=True)
class Taken:
    """A message whose dot came in; `good` unless the server refused it, so that it has or may have it."""

    recipient: str
    data: bytes
    good: bool
    begun: float
    ended: float
    connection: int
    ahead: bytes = b""
    """What the client had written behind the dot when the server answered it."""

    @property
    def message_id(self) -> str:
        """The Message-ID on the wire."""
        found = re.search(rb"(?im)^message-id: (.*)\r$", self.data)
        assert found, self.data[:200]
        return found[1].decode()

    @property
    def text(self) -> str:
        """The message with its quoted-printable parts read."""
        return quopri.decodestring(self.data).decode()


@dataclass
class MailServer:
    """A mail server in a thread, on a port of its own; what it does at each step a script may change.

    `taken` holds each message whose dot came in, `lines` each line that a client
    wrote outside of data, `clients` the address behind each connection, `connected`
    how many there are now, `most_open` the most transactions open at once.
    """

    script: Script | None = None
    tls: ssl.SSLContext | None = None
    implicit_tls: ssl.SSLContext | None = None
    extensions: tuple[str, ...] = ("8BITMIME", "ENHANCEDSTATUSCODES", "PIPELINING")
    now: Callable[[], float] = monotonic
    latency: float = 0.0
    lax: bool = False
    eager: bool = False
    taken: list[Taken] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    clients: list[str] = field(default_factory=list)
    connected: int = 0
    most_open: int = 0
    failures: list[BaseException] = field(default_factory=list)

    def __enter__(self) -> MailServer:
        self._socket = socket.create_server((LOOPBACK, 0), backlog=200)
        self.port = self._socket.getsockname()[1]
        self._asked: Counter[tuple[str, str]] = Counter()
        self._open = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)
        assert not self.failures, self.failures

    @property
    def mail(self) -> list[Taken]:
        """The messages that the server has or may have taken."""
        return [taken for taken in self.taken if taken.good]

    def counts(self) -> Counter[str]:
        """How many messages each recipient has, or may have."""
        return Counter(taken.recipient for taken in self.mail)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._talk, sock=self._socket, limit=1 << 20, ssl=self.implicit_tls)
        self._ready.set()
        await self._stop.wait()
        # Nobody more is let in, and whoever was begins: cancelled before that, their socket would be closed by nobody.
        self._loop.remove_reader(self._socket.fileno())
        for _ in range(BEGINNING):
            await asyncio.sleep(0)
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Python does this to the sockets that it makes itself; else each small reply waits 40 ms for an ACK.
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.clients.append(writer.get_extra_info("peername")[0])
        self.connected += 1
        try:
            await _Conversation(self, reader, writer).hold()
        except (ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass
        except BaseException as error:
            self.failures.append(error)
        finally:
            self.connected -= 1
            writer.transport.abort()

    def _asked_for(self, step: str, line: str, recipient: str) -> Asked:
        self._asked[step, recipient] += 1
        return Asked(step, line, recipient, self._asked[step, recipient])

    def _count_open(self, change: int) -> None:
        self._open += change
        self.most_open = max(self.most_open, self._open)


_LAX_END: Final = re.compile(rb"(?:\r\n|\r|\n)\0*\.\0*(?:\r\n|\r|\n)$")


class _OverError(ConnectionError):
    """The script ended the conversation."""


class _Conversation:
    def __init__(self, server: MailServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._recipient = ""
        self._begun: float | None = None
        self._is_agreed = False
        self._number = len(server.clients)
        self._is_half_closed = False

    async def hold(self) -> None:
        try:
            await self._reply("banner", "")
            while line := (await self._reader.readline()).decode("utf-8", "backslashreplace").rstrip("\r\n"):
                await self._command(line)
        finally:
            self._end()

    async def _command(self, line: str) -> None:
        self._server.lines.append(line)
        verb = line.split(" ", 1)[0].split(":", 1)[0].upper()
        if verb == "MAIL":
            self._recipient, self._begun, self._is_agreed = "", self._server.now(), False
            self._server._count_open(+1)
        if verb == "RCPT":
            self._recipient = line.partition("<")[2].partition(">")[0]
        if verb == "EHLO":
            await self._greet()
        elif verb == "STARTTLS" and self._server.tls:
            await self._secure()
        elif verb == "DATA" and not self._is_agreed:
            await self._without_recipient()
        elif verb == "DATA":
            if (await self._reply("DATA", line)).startswith(b"354"):
                await self._data()
        else:
            reply = await self._reply(verb, line)
            self._is_agreed = verb == "RCPT" and self._begun is not None and reply.startswith(b"2")
            if verb in {"RSET", "QUIT"} or (verb in {"MAIL", "RCPT"} and not reply.startswith(b"2")):
                self._end()
            if verb == "QUIT":
                raise _OverError

    async def _without_recipient(self) -> None:
        """Refuse DATA, or, as some servers do with what is pipelined, agree to it and refuse the empty message."""
        if self._is_half_closed:
            return
        if self._server.eager:
            self._writer.write(DEFAULTS["DATA"])
            assert await self._strict_data() == b"", "a message for a recipient that was refused"
        self._writer.write(b"554 5.5.1 No valid recipients\r\n")
        self._end()

    async def _greet(self) -> None:
        asked = self._server._asked_for("EHLO", "", "")
        special = self._server.script(asked) if self._server.script else None
        names = ["test.example", *self._server.extensions, *(["STARTTLS"] if self._server.tls else [])]
        usual = "".join(f"250{' ' if name is names[-1] else '-'}{name}\r\n" for name in names)
        await self._act(special or Answer(usual.encode()))

    async def _secure(self) -> None:
        if (await self._reply("STARTTLS", "")).startswith(b"220"):
            await self._writer.start_tls(self._server.tls)

    async def _data(self) -> None:
        data = await (self._lax_data() if self._server.lax else self._strict_data())
        asked = self._server._asked_for("dot", "", self._recipient)
        special = self._server.script(asked) if self._server.script else None
        reply = special or Answer(DEFAULTS["dot"])
        good = not reply.reply.startswith((b"4", b"5"))
        begun = self._begun or self._server.now()
        if self._server.latency:
            await asyncio.sleep(self._server.latency)
        ahead = bytes(self._reader._buffer)
        taken = Taken(self._recipient, bytes(data), good, begun, self._server.now(), self._number, ahead)
        self._server.taken.append(taken)
        self._end()
        await self._act(reply)

    async def _strict_data(self) -> bytearray:
        """Read up to CRLF, dot, CRLF, as RFC 5321 §4.1.1.4 says."""
        data = bytearray()
        while (line := await self._reader.readline()) != b".\r\n" or not (not data or data.endswith(b"\r\n")):
            if not line:
                raise _OverError
            data += line.removeprefix(b".")
        return data

    async def _lax_data(self) -> bytearray:
        """Read up to a dot between line ends of any kind, with NULs overlooked, as careless servers do."""
        data = bytearray()
        while not (end := _LAX_END.search(data)):
            if not (byte := await self._reader.read(1)):
                raise _OverError
            data += byte
        if data.endswith(b"\r"):
            data += await self._reader.read(1)
        return data[: end.start() + 2].replace(b"\r\n.", b"\r\n")

    async def _reply(self, step: str, line: str) -> bytes:
        asked = self._server._asked_for(step, line, self._recipient)
        special = self._server.script(asked) if self._server.script else None
        reply = special or Answer(DEFAULTS.get(step, b"500 5.5.1 What?\r\n"))
        await self._act(reply)
        return reply.reply

    async def _act(self, answer: Answer) -> None:
        if self._is_half_closed:
            return
        await asyncio.sleep(answer.after)
        while answer.until and not answer.until():  # noqa: ASYNC110 - what it waits for happens in other threads too
            await asyncio.sleep(0.005)
        if answer.drip is not None:
            for byte in answer.reply:
                self._writer.write(bytes([byte]))
                await asyncio.sleep(answer.drip)
        else:
            self._writer.write(answer.reply)
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()
        await self._follow(answer)

    async def _follow(self, answer: Answer) -> None:
        if answer.then == "close":
            self._writer.close()
            raise _OverError
        if answer.then == "reset":
            linger = struct.pack("ii", 1, 0)
            self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            raise _OverError
        if answer.then == "half-close":
            with contextlib.suppress(OSError):  # The client may be gone already.
                self._writer.write_eof()
            self._is_half_closed = True
        if answer.then == "babble":
            await asyncio.sleep(0.05)
            self._writer.write(b"250 2.0.0 Unasked\r\n")
        if answer.then == "silence":
            await asyncio.sleep(PATIENCE)
        while answer.then == "endless":
            self._writer.write(answer.reply * 100)
            await self._writer.drain()

    def _end(self) -> None:
        if self._begun is not None:
            self._begun = None
            self._server._count_open(-1)


@dataclass
class Sink:
    """A running smtp-sink that writes each message to one file."""

    port: int
    dump: Path

    def counts(self) -> Counter[str]:
        """How many messages each recipient has."""
        text = self.dump.read_text("utf-8", "backslashreplace") if self.dump.exists() else ""
        return Counter(re.findall(r"(?m)^X-Rcpt-Args: <(.*)>$", text))


@contextlib.contextmanager
def smtp_sink(folder: Path, *options: str) -> Iterator[Sink]:
    """Run Postfix's smtp-sink; where it is not installed the test is skipped, on CI it fails."""
    program = shutil.which("smtp-sink") or shutil.which(SINK)
    if program is None:
        reason = "smtp-sink is not installed (Debian: apt-get install postfix)"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with socket.create_server((LOOPBACK, 0)) as free:
        port = free.getsockname()[1]
    user = ["-u", "root"] if os.geteuid() == 0 else []
    dump = folder / f"sink-{port}.mail"
    command = [program, *user, "-c", "-D", str(dump), *options, f"{LOOPBACK}:{port}", "100"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(port)
            yield Sink(port, dump)
        finally:
            process.kill()


def wait_for(port: int) -> None:
    """Wait until something listens on a port."""
    until = monotonic() + PATIENCE
    while monotonic() < until:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection((LOOPBACK, port)):
            return
    raise TimeoutError(f"nothing listens on {port}")
