"""What `bulkkit send` and `bulkkit resume` show, from the first message to how it ended."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from functools import partial

from rich.console import Console

from bulkkit.ledger import Ledger
from bulkkit.orders import Order, going_on, prepare
from bulkkit.sending.job import RunState
from bulkkit.sending.send import Send
from bulkkit.showing.doubt import show_doubt
from bulkkit.showing.live import watch
from bulkkit.showing.phrases import STATE_NAMES
from bulkkit.showing.stopping import braked


class Ending(IntEnum):
    """How the command ends; 1 and 2 are errors, and 128 and more are signals."""

    FINISHED = 0
    IN_DOUBT = 3


def show_order(order: Order) -> int:
    """Carry an order out and show it until it has ended; return the command's exit code."""
    console, begin = Console(highlight=False), prepare(order)
    ledger = Ledger(order.ledger)
    if begin is not None and (code := _followed(console, begin)):
        console.print(f"Stopped. Go on with: {going_on(order, ledger)}", markup=False, soft_wrap=True)
        return code
    _show_result(console, ledger, order.campaign)
    return Ending.IN_DOUBT if show_doubt(console, ledger, order.campaign) else Ending.FINISHED


def _followed(console: Console, begin: Callable[[], Send]) -> int:
    # Heard before anything is under way: a signal at the very beginning must not leave it in doubt.
    with braked(console) as brake:
        send = begin()
        watch(console, send, partial(brake.apply, send))
    # Raises what ended it before its time.
    return brake.exit_code if send.wait().run == RunState.STOPPED else 0


def _show_result(console: Console, ledger: Ledger, campaign: str) -> None:
    counts = ledger.counts(campaign)
    parts = [f"{counts[state]:,} {name}" for state, name in STATE_NAMES.items() if counts.get(state)]
    console.print(f"{campaign}: finished, {', '.join(parts) or 'nobody to write to'}.", markup=False, soft_wrap=True)
