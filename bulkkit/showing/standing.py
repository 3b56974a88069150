"""What `bulkkit status` shows: all campaigns of a ledger, or where one of them stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from bulkkit.ledger import Ledger
from bulkkit.orders import command
from bulkkit.showing.doubt import show_doubt
from bulkkit.showing.phrases import STATE_NAMES, age
from bulkkit.vocabulary import SendState

MOST_NETWORKS: Final = 20
_LEFT: Final = (SendState.CLAIMED, SendState.DOTTED)


def show_status(ledger: Ledger) -> None:
    """Show each campaign of a ledger, who sends, and the age of what is known."""
    console = Console(highlight=False)
    table = _table("campaign", "sent to", *STATE_NAMES.values(), "waiting")
    rows = ledger.campaigns()
    for name, recipients in zip(rows["campaign"], rows["recipients"], strict=True):
        table.add_row(escape(name), f"{recipients:,}", *_state_counts(ledger.counts(name)))
    console.print(table)
    _show_house(console, ledger)


def show_campaign(ledger: Ledger, campaign: str) -> None:
    """Show where one campaign stands: networks, what a dead process left, what is in doubt."""
    console = Console(highlight=False)
    ledger.spec(campaign)  # Names the campaigns that there are where this is none of them.
    rows = ledger.campaigns().set_index("campaign").loc[campaign]
    about = f"{campaign}: {rows['kind']}, {rows['purpose']}, of {rows['created_at']:%Y-%m-%d %H:%M} UTC, "
    console.print(f"{about}to {rows['recipients']:,} people", markup=False, soft_wrap=True)
    _show_networks(console, ledger, campaign)
    counts = ledger.counts(campaign)
    left = sum(counts.get(state, 0) for state in _LEFT)
    if left and ledger.holder() is None:
        go_on = command("resume", campaign, ledger.path)
        console.print(
            f"{left:,} were under way when the sending process died. To sort them out: {go_on}",
            markup=False,
            soft_wrap=True,
        )
    show_doubt(console, ledger, campaign)
    _show_house(console, ledger)


def _show_networks(console: Console, ledger: Ledger, campaign: str) -> None:
    networks = ledger.network_counts(campaign)
    if not networks:
        console.print("It was sent elsewhere: only its events are here.")
        return
    table = _table("network", "sent to", *STATE_NAMES.values(), "waiting")
    largest = sorted(networks.items(), key=lambda item: -sum(item[1].values()))
    for name, counts in largest[:MOST_NETWORKS]:
        table.add_row(escape(name), f"{sum(counts.values()):,}", *_state_counts(counts))
    if len(largest) > MOST_NETWORKS:
        others: dict[SendState, int] = {}
        for _, counts in largest[MOST_NETWORKS:]:
            for state, count in counts.items():
                others[state] = others.get(state, 0) + count
        table.add_row(f"{len(largest) - MOST_NETWORKS:,} others", f"{sum(others.values()):,}", *_state_counts(others))
    whole = ledger.counts(campaign)
    table.add_row("all", f"{sum(whole.values()):,}", *_state_counts(whole), style="bold")
    console.print(table)


def _show_house(console: Console, ledger: Ledger) -> None:
    holder = ledger.holder()
    console.print(f"Sending now: {'nobody' if holder is None else holder}.", markup=False, soft_wrap=True)
    latest = ledger.latest_event()
    day = "no day yet" if latest is None else f"{latest:%Y-%m-%d %H:%M} UTC"
    console.print(
        f"{len(ledger.suppressions()):,} addresses suppressed; the latest event is of {day}; "
        f"events were last imported: {age(ledger.last_import())}.",
        soft_wrap=True,
    )


def _table(first: str, *names: str) -> Table:
    table = Table(Column(first, overflow="fold"), box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for name in names:
        table.add_column(name.replace(" ", "\n"), justify="right", vertical="bottom", no_wrap=True)
    return table


def _state_counts(counts: Mapping[SendState, int]) -> list[str]:
    if not counts:
        return ["–"] * (len(STATE_NAMES) + 1)  # It was sent elsewhere: only its events are here.
    ended = [counts.get(state, 0) for state in STATE_NAMES]
    return [f"{count:,}" for count in (*ended, sum(counts.values()) - sum(ended))]
