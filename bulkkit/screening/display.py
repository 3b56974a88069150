"""What `bulkkit verify` shows on a terminal: a bar while it works, then what was found."""

from __future__ import annotations

from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from bulkkit.screening.passes import Order, Stage, screen
from bulkkit.verification.aside import Interrupted
from bulkkit.verification.overview import Summary


def screen_and_show(order: Order) -> None:
    """Verify a file into another, with a bar on the error stream, and print what was found."""
    bar = Progress(
        TextColumn("[bold]{task.description}[/]"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    tasks: dict[Stage, TaskID] = {}

    def heard(stage: Stage, done: int, total: int | None) -> None:
        if stage is Stage.ASKING:
            bar.stop()  # Whoever asks shows a bar of its own.
            return
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage, total=total)
            bar.start()
        bar.update(tasks[stage], completed=done)

    try:
        with bar:
            found = screen(order, heard)
    except Interrupted as stopped:
        Console(stderr=True).print(f"Nothing was written: {stopped}", soft_wrap=True)
        raise
    show_summary(Console(highlight=False), found, order.target)


def show_summary(console: Console, found: Summary, target: Path) -> None:
    """Print the verdicts as a table, what to do next, and where the file is."""
    if found.rows:
        numbers = [Column(name, justify="right", no_wrap=True) for name in ("rows", "share")]
        table = Table("status", "reason", "action", *numbers, box=SIMPLE_HEAD, pad_edge=False)
        for row in found.counts.itertuples():
            share = f"{100 * float(row.share):.1f} %"  # type: ignore[arg-type]
            table.add_row(str(row.status), str(row.reason), str(row.action), f"{row.rows:,}", share)
        console.print(table)
    console.print(found.finding, markup=False, soft_wrap=True)
    for step in found.next_steps:
        console.print(f"- {step}", markup=False, soft_wrap=True)
    console.print(f"Written to {target}.", markup=False, soft_wrap=True)
