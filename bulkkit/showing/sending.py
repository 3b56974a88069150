"""What `bulkkit send` and `bulkkit resume` show, from the first message to how it ended."""

from __future__ import annotations

from enum import IntEnum

from rich.console import Console

from bulkkit.ledger import Ledger
from bulkkit.orders import Order, carry_out, going_on
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
    console, send = Console(highlight=False), carry_out(order)
    ledger = Ledger(order.ledger)
    if send is not None and (code := _followed(console, send)):
        console.print(f"Stopped. Go on with: {going_on(order, ledger)}", markup=False, soft_wrap=True)
        return code
    _show_result(console, ledger, order.campaign)
    return Ending.IN_DOUBT if show_doubt(console, ledger, order.campaign) else Ending.FINISHED


def _followed(console: Console, send: Send) -> int:
    with braked(console, send) as brake:
        watch(console, send, brake.apply)
    # Raises what ended it before its time.
    return brake.exit_code if send.wait().run == RunState.STOPPED else 0


def _show_result(console: Console, ledger: Ledger, campaign: str) -> None:
    counts = ledger.counts(campaign)
    parts = [f"{counts[state]:,} {name}" for state, name in STATE_NAMES.items() if counts.get(state)]
    console.print(f"{campaign}: finished, {', '.join(parts) or 'nobody to write to'}.", markup=False, soft_wrap=True)
