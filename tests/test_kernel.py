"""A send in a notebook's kernel that is interrupted or restarted in the middle of a cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager
from rehearsal import campaign, people, states
from servers import PATIENCE, MailServer

from bulkkit.dispatch import plan
from bulkkit.ledger import Ledger
from bulkkit.sending.relay import Relay
from bulkkit.sending.throttle import Throttle

COUNT: Final = 150
CONNECTIONS: Final = 3
CELL: Final = """
    import bulkkit as bk
    send = bk.resume("office-move", ledger={path!r}, relays=[bk.Relay("smtp://127.0.0.1:{port}", None, {connections})])
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


def under_way(server: MailServer) -> None:
    """Wait until some of the messages have arrived."""
    end = monotonic() + PATIENCE
    while len(server.mail) < 20:
        assert monotonic() < end
        sleep(0.005)


def reply_to(client: BlockingKernelClient, cell: str) -> dict[str, str]:
    """Run a cell to its end; return how it ended."""
    return dict(client.execute_interactive(cell, timeout=60, output_hook=lambda _: None)["content"])


def test_19_resume_is_exact_after_a_kernel_restart_in_a_running_cell(
    serve: Callable[..., MailServer], path: Path
) -> None:
    """The kernel is restarted while `send.wait()` runs: run again, the cell sends to all others and nobody twice."""
    server = serve(latency=0.02)
    cell = cell_on(path, server)
    with kernel() as (manager, client):
        client.execute(cell)
        under_way(server)
        manager.restart_kernel(now=True)
        assert len(server.mail) < COUNT
        client.wait_for_ready(timeout=60)
        assert reply_to(client, cell)["status"] == "ok"
    said, has = states(path), server.counts()
    doubtful = [email for email, state in said.items() if state == "in_doubt"]
    assert len(doubtful) <= CONNECTIONS
    assert {email: has[email] for email in said if email not in doubtful} == {
        email: 1 for email, state in said.items() if state == "accepted"
    }
    assert all(has[email] <= 1 for email in doubtful)
    assert sorted(Ledger(path).in_doubt("office-move")["email"]) == doubtful


def test_19_an_interrupted_cell_is_exact(serve: Callable[..., MailServer], path: Path) -> None:
    """The notebook's stop button ends the cell and not the send: the next cell waits for it, and everybody has one."""
    server = serve(latency=0.02)
    cell = cell_on(path, server)
    with kernel() as (manager, client):
        asked = client.execute(cell)
        under_way(server)
        manager.interrupt_kernel()
        while (answer := client.get_shell_msg(timeout=PATIENCE))["parent_header"].get("msg_id") != asked:
            pass
        assert answer["content"]["ename"] == "KeyboardInterrupt"
        assert reply_to(client, "assert send.is_running; send.wait()")["status"] == "ok"
    assert states(path) == dict.fromkeys(people(COUNT)["email"], "accepted")
    assert server.counts() == dict.fromkeys(people(COUNT)["email"], 1)
