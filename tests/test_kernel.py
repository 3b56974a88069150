"""A send in a notebook's kernel that is interrupted or restarted in the middle of a cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Final

from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager
from rehearsal import campaign, people, states
from servers import PATIENCE, Answer, Asked, MailServer

from bulkkit.dispatch import plan
from bulkkit.sending.relay import Relay
from bulkkit.sending.throttle import Throttle

COUNT: Final = 100
FREE: Final = 20
CONNECTIONS: Final = 3
CELL: Final = """
    import bulkkit as bk
    send = bk.resume("office-move", ledger={path!r}, relays=[bk.Relay("smtp://127.0.0.1:{port}", None, {connections})])
    print("begun")
    send.wait()
"""


@contextmanager
def kernel() -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    """Run a kernel as a notebook does."""
    manager = KernelManager()
    manager.start_kernel()
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def cell_on(path: Path, server: MailServer) -> str:
    """Store a campaign; return the cell that sends it, or goes on with it."""
    away = [Relay("smtp://127.0.0.1:9")]
    plan(campaign(people(COUNT)), away, throttle=Throttle.unlimited(), ledger=path).queue(confirm=COUNT)
    text = CELL.format(path=str(path), port=server.port, connections=CONNECTIONS)
    return "\n".join(line.strip() for line in text.splitlines())


class Gate:
    """A server's script that has every message, and holds back its answer to all but the first ones until `open`."""

    def __init__(self) -> None:
        self._dots = count()
        self._is_open = Event()
        self.open = self._is_open.set

    def __call__(self, asked: Asked) -> Answer | None:
        """Answer as usual, or hold the answer back."""
        if asked.step != "dot" or self._is_open.is_set() or next(self._dots) < FREE:
            return None
        return Answer(b"250 2.0.0 Ok\r\n", until=self._is_open.is_set)


def in_flight(server: MailServer) -> None:
    """Wait until each connection has a message that the server has and has not answered."""
    end = monotonic() + PATIENCE
    while len(server.mail) < FREE + CONNECTIONS:
        assert monotonic() < end
        sleep(0.005)


def begun(client: BlockingKernelClient) -> None:
    """Wait until the cell has its send: an interrupt before that would be none of a running one."""
    while (message := client.get_iopub_msg(timeout=PATIENCE))["msg_type"] != "stream":
        pass
    assert message["content"]["text"].startswith("begun")


def reply_to(client: BlockingKernelClient, cell: str) -> dict[str, str]:
    """Run a cell to its end; return how it ended."""
    return dict(client.execute_interactive(cell, timeout=60, output_hook=lambda _: None)["content"])


def test_19_resume_is_exact_after_a_kernel_restart_in_a_running_cell(
    serve: Callable[..., MailServer], path: Path
) -> None:
    """The kernel is restarted while `send.wait()` runs: run again, the cell sends to all others and nobody twice."""
    gate = Gate()
    server = serve(gate)
    cell = cell_on(path, server)
    with kernel() as (manager, client):
        client.execute(cell)
        in_flight(server)
        manager.restart_kernel(now=True)
        gate.open()
        client.wait_for_ready(timeout=60)
        assert reply_to(client, cell)["status"] == "ok"
    assert server.counts() == dict.fromkeys(people(COUNT)["email"], 1)
    assert Counter(states(path).values()) == {"accepted": COUNT - CONNECTIONS, "in_doubt": CONNECTIONS}


def test_19_an_interrupted_cell_is_exact(serve: Callable[..., MailServer], path: Path) -> None:
    """The notebook's stop button ends the cell and not the send: the next cell waits for it, and everybody has one."""
    gate = Gate()
    server = serve(gate)
    cell = cell_on(path, server)
    with kernel() as (manager, client):
        # Otherwise the kernel would abort what is asked right after the error.
        asked = client.execute(cell, stop_on_error=False)
        begun(client)
        in_flight(server)
        manager.interrupt_kernel()
        while (answer := client.get_shell_msg(timeout=PATIENCE))["parent_header"].get("msg_id") != asked:
            pass
        assert answer["content"]["ename"] == "KeyboardInterrupt"
        gate.open()
        assert reply_to(client, "assert send.is_running; send.wait()")["status"] == "ok"
    assert states(path) == dict.fromkeys(people(COUNT)["email"], "accepted")
    assert server.counts() == dict.fromkeys(people(COUNT)["email"], 1)
