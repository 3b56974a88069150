"""Signatures by processes of their own: the same to the byte, the key seen nowhere, whatever becomes of a process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rehearsal import people, relay, start, states
from servers import Answer, Asked, MailServer
from signatures import PAIRS, verifies

from bulkkit.errors import RelayError
from bulkkit.keys import DKIM_KEY
from bulkkit.message.dkim import Dkim
from bulkkit.message.signature import Signer
from bulkkit.sending import pen, signing
from bulkkit.sending.bundle import LENGTH, bundle, unbundle
from bulkkit.sending.send import new_event_loop
from bulkkit.sending.signing import FEWEST, MOST, Signing, pens_for

PEM: Final = PAIRS["rsa"].pem
SIGNER: Final = Signer.of("example.org", "news", PEM.encode())
MARK: Final = Dkim("example.org", "news", PEM)
LINUX: Final = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc")
AUDIENCE: Final = 120

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="messages are signed in the send's process here")


def some_messages(count: int) -> list[bytes]:
    """Return messages of many kinds and lengths: long ones, empty ones, with tabs, umlauts and without some headers."""
    chance = random.Random(5)
    pieces = ["Dear Ana", "é", "\t", "  ", "=3D", "\r\n", "\r\n", "x" * 70]
    return [
        b"From: News <news@example.org>\r\nSubject: %d  x\r\n\tfolded\r\n%s\r\n%s"
        % (
            number,
            chance.choice([b"", b"To: a@b.example\r\n", b"X-Other: 1\r\n"]),
            "".join(chance.choices(pieces, k=chance.choice([0, 3, 40, 2000]))).encode(),
        )
        for number in range(count)
    ]


MESSAGES: Final = some_messages(33)
SIGNED: Final = [SIGNER.signed(message) for message in MESSAGES]


def refuse(data: bytes) -> bytes:
    """Stand for a key that signs nothing."""
    raise AssertionError("This was to be signed by another process.")


@contextlib.asynccontextmanager
async def started(count: int = 2) -> AsyncIterator[Signing]:
    """Hold processes that have all started, or could not."""
    held = Signing(SIGNER)
    held.start(count)
    try:
        await asyncio.wait(held._starting)
        yield held
    finally:
        await held.end()


def pids(held: Signing) -> list[int]:
    """Return the numbers of the processes that sign."""
    return [one._process.pid for one in held._pens]


def about(pid: int, name: str) -> bytes:
    """Return what Linux shows of a process to others of its user."""
    return Path(f"/proc/{pid}/{name}").read_bytes()


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and that nobody asked for has no command line."""
    try:
        return about(pid, "cmdline") != b""
    except (FileNotFoundError, ProcessLookupError):
        return False


def are_gone(numbers: Sequence[int], seconds: float = 20) -> bool:
    """Tell whether processes end within so many seconds."""
    until = time.monotonic() + seconds
    while any(map(is_alive, numbers)) and time.monotonic() < until:
        time.sleep(0.01)
    return not any(map(is_alive, numbers))


@pytest.mark.parametrize("factory", [new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def test_they_sign_as_the_send_itself_would(factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Whatever the message, and however many at once, the bytes are the same; two waves at a time mix nothing up."""

    async def signed() -> list[list[bytes]]:
        async with started() as held:
            assert held.growth == max(len(SIGNER.signature(message)) for message in [signing.PROOF, *MESSAGES])
            held._signer = replace(SIGNER, _sign=refuse)
            parts = [MESSAGES, MESSAGES[:1], MESSAGES[::-1], [], MESSAGES[5:8]]
            return await asyncio.gather(*map(held.signed, parts))

    with asyncio.Runner(loop_factory=factory) as runner:
        assert runner.run(signed()) == [SIGNED, SIGNED[:1], SIGNED[::-1], [], SIGNED[5:8]]
    assert all(verifies(message, "rsa") for message in SIGNED)


@given(st.lists(st.binary(max_size=300)))
def test_a_bundle_holds_what_was_put_in(parts: list[bytes]) -> None:
    """Parts come out as they went in; what is cut off in the middle of one is no bundle."""
    whole = bundle(parts)
    assert len(whole) == LENGTH.size + int.from_bytes(whole[: LENGTH.size])
    assert unbundle(whole[LENGTH.size :]) == parts
    if parts and parts[-1]:
        with pytest.raises(ValueError, match="cut off"):
            unbundle(whole[LENGTH.size : -1])


MADMEN: Final = {
    "ends": "raise SystemExit(1)",
    "greets": "print('Welcome to this Python. ' * 4, flush=True); input()",
    "says nothing": "import time; time.sleep(60)",
    "signs with another key": "signatory.bundle = lambda those: bundle([one[:-9] + b'AAAAA==\\r\\n' for one in those])",
    "goes mad": "signatory.bundle = lambda signatures: bundle(signatures if len(signatures) == 1 else [b'?'] * 99)",
    "drops one": "signatory.bundle = lambda signatures: bundle(signatures[:1])",
    "mixes in a body": "signatory.bundle = lambda s: bundle([s[0], s[1] + b'\\r\\n'] + s[2:]) if s[1:] else bundle(s)",
    "answers twice": "signatory.bundle = lambda signatures: bundle(signatures) * 2",
    "threatens": "signatory.bundle = lambda s: bundle(s) if len(s) == 1 else b'\\xff\\xff\\xff\\xff'",
    "dies at work": "signatory.bundle = lambda s: bundle(s) if len(s) == 1 else os._exit(1)",
}
"""What a process may do instead of what it should."""


@pytest.mark.parametrize("conduct", MADMEN)
def test_a_process_that_is_of_no_use_costs_nothing(conduct: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever one says, or does not say, each message is signed, by the send itself where nobody else is left."""
    made = "import os, sys\nfrom bulkkit.sending import signatory\nfrom bulkkit.sending.bundle import bundle\n"
    command = f"{made}{MADMEN[conduct]}\nsignatory.main()"
    monkeypatch.setattr(pen, "COMMAND", ("-P", "-c", command))
    monkeypatch.setattr(signing, "START", 0.3 if conduct == "says nothing" else 10)

    async def signed() -> tuple[list[bytes], list[bytes], int]:
        async with started() as held:
            return await held.signed(MESSAGES), await held.signed(MESSAGES[:4]), held.growth

    assert asyncio.run(signed()) == (SIGNED, SIGNED[:4], 0)


def test_where_no_process_can_be_started_the_send_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that is not there is no failure of the send."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python3")

    async def signed() -> list[bytes]:
        async with started() as held:
            return await held.signed(MESSAGES)

    assert asyncio.run(signed()) == SIGNED


@LINUX
@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGSTOP, signal.SIGINT], ids=["kill", "stop", "interrupt"])
def test_a_process_that_gets_a_signal(kind: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead or a halted one is replaced by the send itself; an interrupted one goes on."""
    monkeypatch.setattr(signing, "PATIENCE", 0.2 if kind == signal.SIGSTOP else 5)

    async def signed() -> tuple[bool, list[list[bytes]], list[int]]:
        async with started() as held:
            before = pids(held)
            assert os.getpgrp() not in map(os.getpgid, before)  # A terminal's Ctrl-C is not for them.
            os.kill(before[0], kind)
            waves = await asyncio.gather(held.signed(MESSAGES), held.signed(MESSAGES[:9]))
            stays = pids(held) == before
            if kind == signal.SIGKILL:
                os.kill(before[1], kind)
            return stays, [*waves, await held.signed(MESSAGES)], before

    stays, waves, before = asyncio.run(signed())
    assert stays is (kind == signal.SIGINT)
    assert waves == [SIGNED, SIGNED[:9], SIGNED]
    assert are_gone(before)


@LINUX
def test_the_key_is_seen_in_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the command line nor the environment of a process holds it, whatever it is called in the send's own."""
    monkeypatch.setenv(DKIM_KEY, PEM)
    monkeypatch.setenv("MY_SIGNING_KEY", PEM)
    secret = PEM.splitlines()[1].encode()

    async def seen() -> list[bytes]:
        async with started() as held:
            assert secret.decode() not in repr(held._signer)
            return [about(pid, name) for pid in pids(held) for name in ("cmdline", "environ")]

    shown = asyncio.run(seen())
    assert len(shown) == 4
    assert b"signatory" in shown[0]
    assert not any(secret in part for part in shown)


PARENT: Final = """
    import asyncio, sys
    from bulkkit.message.signature import Signer
    from bulkkit.sending.signing import Signing

    async def main():
        signing = Signing(Signer.of("example.org", "news", sys.stdin.buffer.read()))
        signing.start(2)
        await asyncio.wait(signing._starting)
        print(*(pen._process.pid for pen in signing._pens), flush=True)
        await asyncio.sleep(60)

    asyncio.run(main())
"""


@LINUX
def test_they_end_with_a_send_that_is_killed() -> None:
    """A process that signs outlives nobody: without its send it ends by itself."""
    command = [sys.executable, "-c", textwrap.dedent(PARENT)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        parent.stdin.write(PEM)
        parent.stdin.close()
        numbers = [int(number) for number in parent.stdout.readline().split()]
        assert len(numbers) == 2
        assert all(map(is_alive, numbers))
        parent.kill()
    assert are_gone(numbers)


@pytest.mark.parametrize(
    ("kind", "waiting", "processors", "count"),
    [
        ("rsa", FEWEST, 2, 2),
        ("rsa", 1_000_000, 64, MOST),
        ("rsa", FEWEST - 1, 8, 0),
        ("rsa", FEWEST, 1, 0),
        ("ed25519", 1_000_000, 8, 0),
        (None, 1_000_000, 8, 0),
    ],
)
def test_whether_it_pays(
    kind: str | None, waiting: int, processors: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Processes are for RSA, for many messages, and for more than one processor."""
    monkeypatch.setattr(signing, "_processors", lambda: processors)
    signer = Signer.of("example.org", "news", PAIRS[kind].pem.encode()) if kind else None
    assert pens_for(signer, waiting) == count


@pytest.mark.parametrize(
    ("where", "value"),
    [("executable", "/opt/app/app"), ("executable", ""), ("executable", None), ("frozen", True), ("platform", "win32")],
)
def test_only_a_python_is_started(where: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside another program `sys.executable` is that program, which must not start, and send, a second time."""
    monkeypatch.setattr(signing, "_processors", lambda: 2)
    monkeypatch.setattr(sys, where, value, raising=False)
    assert pens_for(SIGNER, FEWEST) == 0


class Watched(Signing):
    """Remembers itself, its processes and how many messages it signed."""

    made: list[Watched]

    def __init__(self, signer: Signer) -> None:
        super().__init__(signer)
        self.made.append(self)
        self.count = 0
        self.processes: list[int] = []

    @property
    def is_ready(self) -> bool:
        """Whether all processes have started."""
        self.processes = self.processes or (pids(self) if len(self._pens) == 2 else [])
        return bool(self.processes)

    async def signed(self, messages: Sequence[bytes]) -> list[bytes]:
        """Count them too."""
        self.count += len(messages)
        return await super().signed(messages)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[Watched]:
    """Let small sends have processes that sign, and collect these."""
    Watched.made = []
    monkeypatch.setattr(signing, "FEWEST", 20)
    monkeypatch.setattr(signing, "_processors", lambda: 2)
    monkeypatch.setattr(signing, "Signing", Watched)
    return Watched.made


def once_ready(watched: list[Watched], otherwise: Callable[[Asked], Answer | None] = lambda _: None) -> Any:
    """Return a script that greets nobody before the processes have started."""

    def script(asked: Asked) -> Answer | None:
        if asked.step == "banner":
            return Answer(b"220 test.example ESMTP\r\n", until=lambda: bool(watched) and watched[0].is_ready)
        return otherwise(asked)

    return script


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()], ids=["pipelining", "one by one"])
def test_a_send_is_signed_by_them(
    serve: Callable[..., MailServer], path: Path, watched: list[Watched], extensions: tuple[str, ...]
) -> None:
    """Everybody gets one message, and its signature verifies, on a server that pipelines and on one that does not."""
    server = serve(once_ready(watched), extensions=extensions)
    start([relay(server.port, max_connections=8)], people(AUDIENCE), path, dkim=MARK).wait(30)
    assert server.counts() == dict.fromkeys(people(AUDIENCE)["email"], 1)
    assert all(verifies(taken.data, "rsa") for taken in server.mail)
    assert len({taken.message_id for taken in server.mail}) == AUDIENCE
    assert watched[0].count == AUDIENCE
    assert are_gone(watched[0].processes, 0)


def test_a_send_of_few_starts_none(
    serve: Callable[..., MailServer], path: Path, watched: list[Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it does not pay no process is started, and each message is signed as it is written."""
    monkeypatch.setattr(signing, "FEWEST", FEWEST)
    server = serve()
    start([relay(server.port)], people(30), path, dkim=MARK).wait(30)
    assert all(verifies(taken.data, "rsa") for taken in server.mail)
    assert len(server.mail) == 30
    assert not watched


@LINUX
@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_without_them_a_send_goes_on(
    kind: signal.Signals,
    serve: Callable[..., MailServer],
    path: Path,
    watched: list[Watched],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where one after the other falls out in the middle of a send, nobody is lost and nobody gets two."""
    monkeypatch.setattr(signing, "PATIENCE", 0.2 if kind == signal.SIGSTOP else 5)
    falls = {AUDIENCE // 4: 0, AUDIENCE // 2: 1}

    def strike(asked: Asked) -> None:
        which = falls.pop(len(server.taken), None) if asked.step == "dot" else None
        if which is not None:
            with contextlib.suppress(ProcessLookupError):  # On a busy machine it may have been too slow before.
                os.kill(watched[0].processes[which], kind)

    server = serve(once_ready(watched, strike))
    start([relay(server.port, max_connections=8)], people(AUDIENCE), path, dkim=MARK).wait(30)
    assert not falls
    assert server.counts() == dict.fromkeys(people(AUDIENCE)["email"], 1)
    assert set(states(path).values()) == {"accepted"}
    assert all(verifies(taken.data, "rsa") for taken in server.mail)
    assert are_gone(watched[0].processes, 0)


def test_a_relay_that_takes_just_as_much(serve: Callable[..., MailServer], path: Path, watched: list[Watched]) -> None:
    """The limit of a relay is one for signed messages: to the byte, whoever signs them."""
    unlimited = serve()
    start([relay(unlimited.port)], people(40), path, dkim=MARK).wait(30)
    size = max(len(taken.data) for taken in unlimited.mail)
    for most, is_enough in ((size, True), (size - 1, False)):
        server = serve(once_ready(watched), extensions=("PIPELINING", f"SIZE {most}"))
        watched.clear()
        send = start([relay(server.port, max_connections=2)], people(40), path.with_name(f"{most}.db"), dkim=MARK)
        with contextlib.nullcontext() if is_enough else pytest.raises(RelayError, match="SIZE, RFC 1870"):
            send.wait(30)
        assert len(server.mail) == 40 if is_enough else len(server.mail) < 40
        assert all(len(taken.data) <= most for taken in server.mail)
