"""What `bulkkit demo` shows on a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter
from typing import Final

import pandas as pd
from pandas.api.typing import NAType
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bulkkit import accounts
from bulkkit import demo as main_job
from bulkkit.accounts import Balance
from bulkkit.charts.exclusions import STEP_NAMES
from bulkkit.dispatch import Plan
from bulkkit.ledger import Ledger
from bulkkit.metrics import rates
from bulkkit.sandbox import Sandbox
from bulkkit.showing.live import watch
from bulkkit.showing.phrases import STATE_NAMES, span
from bulkkit.vocabulary import Counts, Rate

REACTIONS: Final = (Rate.OPENED, Rate.CLICKED, Rate.UNSUBSCRIBED, Rate.COMPLAINED)


def show_demo(options: main_job.Options) -> bool:
    """Run the main job and show it; return whether its numbers add up."""
    console, started = Console(highlight=False), perf_counter()
    console.print(f"[bold]List[/]     reading and checking {main_job.list_of(options)} …", soft_wrap=True)
    ground = main_job.lay_ground(options)
    console.print(f"[bold]List[/]     {len(ground.checked):,} rows, health {ground.health.score:.0f} of 100")
    with main_job.stage(options) as (relay, sandbox):
        if main_job.was_begun(ground):
            console.print(
                "[bold]Plan[/]     this ledger has the announcement already; going on where it stopped; "
                "--contacts and --recipients are as in the first run",
                soft_wrap=True,
            )
            send = main_job.go_on(ground, relay, sandbox)
        else:
            planned = main_job.draft(options, ground, relay, sandbox)
            show_plan(console, planned, sandbox)
            send = planned.send(confirm=planned.recipients)
        watch(console, send)
        console.print(f"[bold]Send[/]     {send.wait()}")
        if sandbox:
            acts = sandbox.react(main_job.CAMPAIGN)
            console.print(f"[bold]React[/]    {len(acts):,} acts of the audience over HTTP and SMTP")
        path = main_job.write_report(options, ground)
        balances = list(balances_of(ground.ledger, sandbox))
    show_summary(console, ground.ledger, balances, heard=sandbox is not None)
    console.print(f"[bold]Report[/]   {path.resolve()}  ({perf_counter() - started:.0f} s in all)")
    return all(balance.holds for balance in balances)


def show_plan(console: Console, planned: Plan, sandbox: Sandbox | None) -> None:
    """Show what a plan says: who is left out, how long it takes, and what to look at."""
    steps = zip(planned.waterfall["step"], planned.waterfall["rows"], strict=True)
    left_out = [f"{rows:,} {STEP_NAMES[step]}" for step, rows in steps if rows and step not in {"read", "recipients"}]
    console.print(f"         left out: {'; '.join(left_out) or 'nobody'}", markup=False, soft_wrap=True)
    pace = f"a second stands for {sandbox.clock.scale / 3600:.1f} h" if sandbox else "as fast as the relay takes it"
    console.print(
        f"[bold]Plan[/]     {planned.recipients:,} recipients, {span(planned.finishes_after)} at this throttle; {pace}",
        soft_wrap=True,
    )
    for finding in planned.findings.itertuples():
        console.print(f"         {finding.severity}: {finding.finding}", markup=False, soft_wrap=True)


def show_summary(console: Console, ledger: Ledger, balances: Iterable[Balance], heard: bool) -> None:
    """Show the whole send as one table, and whether its sums hold; `heard` says whether reactions come back."""
    table = Table(title=main_job.CAMPAIGN, show_header=False, title_justify="left", box=SIMPLE_HEAD)
    table.add_column()
    table.add_column(justify="right")
    for name, count in (*_lines(ledger), *_reactions(ledger, heard)):
        table.add_row(name, "unknown" if pd.isna(count) else f"{count:,}")
    console.print(table)
    for balance in balances:
        mark = "[green]holds[/]" if balance.holds else "[red]FAILS[/]"
        note = f"; {balance.note}" if balance.note else ""
        console.print(f"{mark}  {balance.says}: {balance.left:,} = {balance.right:,}{note}")


def balances_of(ledger: Ledger, sandbox: Sandbox | None) -> Iterable[Balance]:
    """Return the sums that must hold after the demo."""
    sends = ledger.sends(main_job.CAMPAIGN)
    steps = ledger.waterfall(main_job.CAMPAIGN)
    yield accounts.of_list(steps)
    yield accounts.of_send(sends, int(steps["rows"].iloc[-1]))
    if sandbox:
        yield accounts.of_mailboxes(sends, sandbox.inbox)


def _lines(ledger: Ledger) -> Iterable[tuple[str, int]]:
    steps = ledger.waterfall(main_job.CAMPAIGN)
    shown = steps[(steps["rows"] > 0) | (steps["step"] == "recipients")]
    yield from ((STEP_NAMES[step], int(count)) for step, count in zip(shown["step"], shown["rows"], strict=True))
    counts = ledger.counts(main_job.CAMPAIGN)
    yield from ((name, counts.get(state, 0)) for state, name in STATE_NAMES.items())


def _reactions(ledger: Ledger, heard: bool) -> Iterable[tuple[str, int | NAType]]:
    """Return how many people did what; missing where nobody can tell, as without links and a way back."""
    frame = rates(ledger.events(main_job.CAMPAIGN), ledger.sends(main_job.CAMPAIGN))
    people = frame[frame["counts"] == Counts.ALL].set_index("rate")["numerator"]
    yield from ((f"{rate} (people)", people.get(rate, pd.NA) if heard else pd.NA) for rate in REACTIONS)
