"""A bar for what takes longer than a second, on a terminal or in a notebook; it leaves nothing behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

PATIENCE: Final = 1.0
"""Seconds before a bar is shown."""


@contextmanager
def showing(title: str, total: int, now: Callable[[], float] = time.monotonic) -> Iterator[Callable[[int], None]]:
    """Yield a function that is told how many are done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console, begun = Console(stderr=True), now()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with ExitStack() as stack:
        bars: list[Progress] = []

        def show(done: int) -> None:
            if not bars and now() - begun >= PATIENCE and (console.is_terminal or console.is_jupyter):
                bars.append(stack.enter_context(Progress(*columns, console=console, transient=True)))
                bars[0].add_task(title, total=total)
            if bars:
                bars[0].update(bars[0].task_ids[0], completed=done)

        yield show
