"""A send as it runs: a bar with networks and replies on a terminal, and a line now and then elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bulkkit.sending.job import Progress, RunState
from bulkkit.sending.send import Send
from bulkkit.showing.phrases import pace, said, span

LOOKS_A_SECOND: Final = 5
SECONDS_A_LINE: Final = 15.0
"""How often a log, which nobody sees move, gets a line."""
MOST_NETWORKS: Final = 6
MOST_REPLIES: Final = 3
MOST_NOTES: Final = 4


def watch(console: Console, send: Send, look: Callable[[], None] = lambda: None) -> None:
    """Show a send until it has ended; `look` is called a few times a second."""
    if console.is_terminal:
        with Live(picture(send), console=console, transient=True, refresh_per_second=LOOKS_A_SECOND) as live:
            while send.is_running:
                look()
                live.update(picture(send))
                send.join(1 / LOOKS_A_SECOND)
        return
    last, known = -SECONDS_A_LINE, set[str]()
    while send.is_running:
        look()
        now = send.progress
        for note in set(now.notes) - known:
            console.print(said(note), markup=False, soft_wrap=True)
            known.add(note)
        if monotonic() - last >= SECONDS_A_LINE:
            last = monotonic()
            console.print(f"{now}, {_outlook(now)}", markup=False, soft_wrap=True)
        send.join(1 / LOOKS_A_SECOND)


def picture(send: Send) -> RenderableType:
    """Return a moment of a send: bar, pace, networks, which of them are held back, and what servers said last."""
    now = send.progress
    head = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=max(now.recipients, 1), completed=now.done, width=30)
    head.add_row(Text(now.campaign, "bold"), bar, f"{now.done:,} of {now.recipients:,}", _outlook(now))
    replies = [
        Text(said(reply), "dim", no_wrap=True, overflow="ellipsis") for reply in now.last_replies[-MOST_REPLIES:]
    ]
    notes = [Text(said(note), "yellow") for note in now.notes[:MOST_NOTES]]
    return Group(head, Text(_counts(now)), _networks(send), *notes, *replies)


def _outlook(now: Progress) -> str:
    if now.run != RunState.RUNNING:
        return str(now.run)
    return f"{pace(now.rate)}, {'no end in sight yet' if now.eta is None else f'{span(now.eta)} left'}"


def _counts(now: Progress) -> str:
    parts = {
        "accepted": now.accepted,
        "to try again": now.deferred,
        "refused": now.refused,
        "given up": now.expired,
        "in doubt": now.in_doubt,
        "in flight": now.in_flight,
    }
    return ", ".join(f"{count:,} {name}" for name, count in parts.items() if count)


def _networks(send: Send) -> RenderableType:
    rows, count = send.largest_networks(MOST_NETWORKS)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("network", overflow="ellipsis", no_wrap=True)
    for name in ("accepted", "refused", "to try again", "waiting"):
        table.add_column(name, justify="right")
    for row in rows.itertuples():
        numbers = (row.accepted, row.refused, row.deferred, row.waiting)
        table.add_row(escape(str(row.network)), *(f"{int(str(number)):,}" for number in numbers))
    return Group(table, Text(f"and {count - len(rows):,} more networks", "dim")) if count > len(rows) else table
