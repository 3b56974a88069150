"""A send that is killed again and again and always taken up again, and what came of it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rehearsal import campaign, people
from servers import Answer, Asked, MailServer

from bulkkit.accounts import of_send
from bulkkit.dispatch import plan
from bulkkit.ledger import Ledger
from bulkkit.sending.relay import Relay
from bulkkit.sending.throttle import Throttle

NAME: Final = "office-move"
STEPS: Final = frozenset({"banner", "MAIL", "RCPT", "DATA", "dot"})
EARLY: Final = 0.2
"""The share of kills that come by the clock soon after the start, in the middle of taking the campaign up again."""
SOON: Final = 0.1
LATER: Final = 0.004
"""Seconds within which a kill follows its step: between a reply and what the sender makes of it."""

NEST: Final = """
    import os, sys, traceback
    import aiosmtplib, pandas, uvloop
    from bulkkit.dispatch import resume
    from bulkkit.sending.relay import Relay
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                relay = Relay(f"smtp://127.0.0.1:{sys.argv[2]}", max_connections=int(sys.argv[3]))
                resume(sys.argv[1], sys.argv[4], [relay]).wait()
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)
"""
"""A process that has everything loaded and forks a sender whenever it is asked: a new one costs no imports."""


@dataclass(frozen=True, slots=True)
class Toll:
    """What the kills cost: `lost` were called accepted and never came, `twice` came more than once."""

    recipients: int
    connections: int
    kills: int
    lost: int
    twice: int
    in_doubt: int
    holds: bool

    def __str__(self) -> str:
        return (
            f"{self.recipients:,} recipients over {self.connections} connections: kills {self.kills}, "
            f"lost {self.lost}, twice {self.twice}, in doubt {self.in_doubt} (at most {self.kills * self.connections})"
        )


class Killer:
    """A server's script that kills the sending process at a random step of a random message, so many times."""

    def __init__(self, seed: int, kills: int, steps: tuple[int, int]) -> None:
        self._chance = random.Random(seed)
        self._left, self._between = kills, steps
        self._lock = threading.Lock()
        self._process: int | None = None
        self.disarm()

    def disarm(self) -> None:
        """Choose the next moment, in steps from now; nobody is aimed at yet."""
        with self._lock:
            self._process = None
            self._steps = self._chance.randint(*self._between) if self._left else sys.maxsize

    def aim(self, process: int) -> None:
        """Take this process for the one to kill; now and then soon, whatever it is doing by then."""
        with self._lock:
            self._process = process
            soon = self._left and self._chance.random() < EARLY
        if soon:
            threading.Timer(self._chance.uniform(0, SOON), self._kill, [process]).start()

    def __call__(self, asked: Asked) -> Answer | None:
        """Answer as usual, and kill where it is the moment: at once, or a little later."""
        self._steps -= asked.step in STEPS
        if self._steps <= 0 and (process := self._process) is not None:
            self._steps = sys.maxsize
            late = self._chance.choice([0, self._chance.uniform(0, LATER)])
            threading.Timer(late, self._kill, [process]).start() if late else self._kill(process)
        return None

    def _kill(self, process: int) -> None:
        with self._lock, suppress(ProcessLookupError):
            if self._process == process:
                self._process = None
                self._left -= 1
                os.kill(process, signal.SIGKILL)


def toll_of(path: Path, killer: Killer, server: MailServer, recipients: int, connections: int) -> Toll:
    """Send a campaign through a server that kills the sender, until it is done; return what it cost."""
    away = [Relay("smtp://127.0.0.1:9")]
    planned = plan(campaign(people(recipients), NAME), away, throttle=Throttle.unlimited(), ledger=path)
    planned.queue(confirm=recipients)
    kills = 0
    with nest(server.port, connections, path) as process:
        while True:
            killer.disarm()
            print(file=process.stdin, flush=True)
            killer.aim(int(process.stdout.readline()))
            status = int(process.stdout.readline())
            if status == 0:
                break
            assert status == signal.SIGKILL, "the sender ended by itself"
            kills += 1
    return counted(path, server, kills, connections)


@contextmanager
def nest(port: int, connections: int, path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the process that forks senders."""
    command = [sys.executable, "-c", textwrap.dedent(NEST), NAME, str(port), str(connections), str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        yield process
        process.stdin.close()


def counted(path: Path, server: MailServer, kills: int, connections: int) -> Toll:
    """Return what a send that is done came to, by its ledger and by what the server has."""
    sends, has = Ledger(path).sends(), server.counts()
    states = sends["state"]
    return Toll(
        recipients=len(sends),
        connections=connections,
        kills=kills,
        lost=sum(not has[email] for email in sends.loc[states == "accepted", "email"]),
        twice=sum(count > 1 for count in has.values()),
        in_doubt=int((states == "in_doubt").sum()),
        holds=of_send(sends, len(sends)).holds
        and set(states) <= {"accepted", "in_doubt"}
        and {taken.message_id for taken in server.mail} <= set(sends["message_id"]),
    )
