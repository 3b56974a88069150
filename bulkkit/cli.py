"""The commands: `bulkkit lab`, `demo`, `verify`, `send`, `resume`, `status`, `track`, `import`, `report`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final, ParamSpec

import click

from bulkkit import __version__
from bulkkit.errors import BulkkitError

LEDGER: Final = click.option(
    "--ledger", type=click.Path(dir_okay=False, path_type=Path), default=Path("bulkkit.db"), show_default=True,
    help="The ledger's file.",
)  # fmt: skip
EMAIL: Final = click.option("--email", metavar="COLUMN", help="The list's column of addresses, where it has several.")
WAYS: Final = (
    click.option("--relay", "urls", multiple=True, metavar="URL",
                 help="smtp+starttls://user@host:587, smtps://user@host or smtp://host; several times for several."),
    click.option("--source-address", "source_addresses", multiple=True, metavar="IP",
                 help="The local address to connect from; several times for several."),
    click.option("--connections", type=click.IntRange(min=1), default=10, show_default=True,
                 help="Connections to each relay, from each source address, at once."),
    click.option("--rate", type=click.IntRange(min=1), help="Messages an hour to each relay, likewise."),
    click.option("--daily", type=click.IntRange(min=1), help="Messages in 24 hours to each relay, likewise."),
    click.option("--base-url", help="Where the tracker answers, where that is not as planned."),
)  # fmt: skip

Arguments = ParamSpec("Arguments")


def explained(command: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Let bulkkit's own errors end a command with their sentence instead of a traceback."""

    @wraps(command)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except BulkkitError as error:
            raise click.ClickException(str(error)) from error

    return run


def ways(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say how messages leave."""
    for option in reversed(WAYS):
        command = option(command)
    return command


def in_a_folder(context: click.Context, parameter: click.Parameter, path: Path) -> Path:
    """Refuse a file to be written in a folder that is not there, before any work is done."""
    if not path.parent.is_dir():
        raise click.BadParameter(f"the folder {path.parent} is not there; make it first.", context, parameter)
    return path


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bulkkit")
def main() -> None:
    """Bulk e-mail done right from a Jupyter notebook."""


@main.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=Path("bulkkit-lab"))
@click.option("--browser/--no-browser", default=True, help="Open a browser window.")
@click.option("--port", type=int, help="The port of JupyterLab, where its own is taken.")
@explained
def lab(directory: Path, browser: bool, port: int | None) -> None:
    """Copy the notebooks and the sample to DIRECTORY and open JupyterLab there, on a page with the three jobs.

    What is in DIRECTORY already stays as it is.
    """
    from bulkkit.lab import copy_files, serve

    copy_files(directory)
    click.echo(f"The three notebooks are in {directory / 'notebooks'}.")
    serve(directory, browser=browser, port=port)


@main.command()
@click.option("--contacts", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A CSV of your own.")
@EMAIL
@click.option("--relay", help="A mail server on this machine, such as smtp://127.0.0.1:2525.")
@click.option("--recipients", type=click.IntRange(min=1), help="The first so many mailable rows.")
@click.option("--ledger", type=click.Path(dir_okay=False, path_type=Path), default=Path("bulkkit-demo.db"),
              callback=in_a_folder, show_default=True,
              help="The ledger's file; the same one again goes on where it stopped.")  # fmt: skip
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), default=Path("report.html"),
              callback=in_a_folder, show_default=True, help="Where the report goes.")  # fmt: skip
@click.option("--seed", type=int, default=2026, show_default=True, help="Of the simulated audience.")
@explained
def demo(
    contacts: Path | None,
    email: str | None,
    relay: str | None,
    recipients: int | None,
    ledger: Path,
    report: Path,
    seed: int,
) -> None:
    """Verify, score, plan, send on this machine, let the audience react, and report."""
    from bulkkit.demo import Options
    from bulkkit.showing.demo import show_demo

    if not show_demo(Options(contacts, email, relay, recipients, ledger, report, seed)):
        raise click.ClickException("The numbers do not add up; see the lines above.")


@main.command()
@click.argument("source", metavar="IN", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path), callback=in_a_folder)
@EMAIL
@click.option("--depth", type=click.Choice(["syntax", "dns", "probe"]), default="syntax", show_default=True,
              help="How far to look: at the address alone; at its domain in DNS too; or at its mailbox, by asking mail "
              "servers, for an hour at most.")  # fmt: skip
@click.option("--resolver", "resolvers", multiple=True, metavar="SERVER",
              help="The name server to ask, such as 127.0.0.1:5353; several times for several; this machine's if left "
              "out.")  # fmt: skip
@click.option("--helo", metavar="NAME", help="For the probe: this machine's name, which has its address in DNS.")
@click.option("--sender", metavar="ADDRESS", help="For the probe: a real address of yours.")
@click.option("--address", metavar="IP", help="For the probe: this machine's address, where others see another one.")
@click.option("--cache", type=click.Path(dir_okay=False, path_type=Path),
              help="For the probe: keep the answers in this file for three days, to go on from there.")  # fmt: skip
@click.option("--as-of", metavar="DATE", help="The moment for which it holds, such as 2026-10-01; now if left out.")
@click.option("--ledger", type=click.Path(dir_okay=False, path_type=Path),
              help="A ledger: who bounced, complained, unsubscribed or got mail before.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace OUT where it is there already.")
@explained
def verify(
    source: Path,
    target: Path,
    email: str | None,
    depth: str,
    resolvers: tuple[str, ...],
    helo: str | None,
    sender: str | None,
    address: str | None,
    cache: Path | None,
    as_of: str | None,
    ledger: Path | None,
    force: bool,
) -> None:
    """Verify each address of IN and write its rows to OUT, the verdicts beside them: CSV, TSV, XLSX or Parquet.

    IN may be of any length: a piece of it is held at a time. Bad addresses are no error. In CSV and XLSX a text that a
    spreadsheet would run as a formula gets an apostrophe before it.
    """
    from bulkkit.screening import Order
    from bulkkit.screening.display import screen_and_show
    from bulkkit.screening.prober import probe_for

    book = None if ledger is None else existing(ledger)
    probe = probe_for(depth, helo, sender, address, cache)
    screen_and_show(Order(source, target, email, depth, as_of, resolvers, book, probe, force))


@main.command()
@click.argument("campaign")
@LEDGER
@click.option("--path", type=click.Path(dir_okay=False, path_type=Path), default=Path("report.html"),
              callback=in_a_folder, show_default=True, help="Where the report goes.")  # fmt: skip
@click.option(
    "--contacts", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The list, to compare by."
)
@EMAIL
@explained
def report(campaign: str, ledger: Path, path: Path, contacts: Path | None, email: str | None) -> None:
    """Write the report of CAMPAIGN as one HTML file."""
    from bulkkit.contacts import read_contacts
    from bulkkit.reporting import report as write
    from bulkkit.verification import verify

    people = None if contacts is None else verify(read_contacts(contacts, email=email))
    click.echo(write(campaign, ledger=existing(ledger), path=path, contacts=people))


@main.command("import")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@LEDGER
@click.option("--source", help="Where the events come from, where that is not recognised.")
@explained
def import_events(path: Path, ledger: Path, source: str | None) -> None:
    """Read events from PATH (an export, an .eml, an mbox, a Maildir) into the ledger."""
    from bulkkit.events import read_events
    from bulkkit.ledger import Ledger

    events = read_events(path, source=source)
    new = Ledger(ledger).add_events(events)
    click.echo(f"{len(events):,} events read, {new:,} of them new.")
    for line, reason in events.attrs.get("unusable", ()):
        click.echo(f"{path}:{line}: {reason}", err=True)


@main.command()
@click.argument("campaign")
@LEDGER
@ways
@click.option("--confirm", type=int, required=True, metavar="N", help="The number of recipients that you mean.")
@explained
def send(campaign: str, ledger: Path, base_url: str | None, confirm: int, **way: Any) -> None:
    """Send CAMPAIGN, which `plan.queue(confirm=…)` stored, and show it until it is done.

    Ctrl-C stops cleanly: what is in flight is finished. A second one ends at once. `bulkkit resume` goes on after
    either.

    The password of a relay comes from BULKKIT_SMTP_PASSWORD, the keyring or a prompt; the key of the links from
    BULKKIT_LINK_KEY or the keyring. Exit codes: 0 done, 1 an error, 3 done but for messages in doubt, 130 stopped by
    Ctrl-C, 143 by SIGTERM.
    """
    from bulkkit.orders import Order, Ways
    from bulkkit.showing.sending import show_order

    sys.exit(show_order(Order(campaign, existing(ledger), Ways(**way), base_url, confirm)))


@main.command()
@click.argument("campaign")
@LEDGER
@ways
@click.option("--in-doubt", type=click.Choice(["skip", "resend"]), help="Decide on what is in doubt before going on.")
@click.option(
    "--whom", multiple=True, metavar="ADDRESS", help="Decide on this address only; several times for several."
)
@explained
def resume(
    campaign: str, ledger: Path, base_url: str | None, in_doubt: str | None, whom: tuple[str, ...], **way: Any
) -> None:
    """Go on with CAMPAIGN exactly where it stopped, and show it until it is done.

    What was accepted is not sent again. What is in doubt waits until you skip or resend it. Signals, secrets and exit
    codes are those of `bulkkit send`.
    """
    from bulkkit.orders import Order, Ways
    from bulkkit.showing.sending import show_order

    if whom and in_doubt is None:
        raise click.UsageError(
            "--whom says for whom --in-doubt decides; give --in-doubt skip or --in-doubt resend too."
        )
    order = Order(campaign, existing(ledger), Ways(**way), base_url, in_doubt=in_doubt, whom=whom)
    sys.exit(show_order(order))


@main.command()
@click.argument("campaign", required=False)
@LEDGER
@explained
def status(campaign: str | None, ledger: Path) -> None:
    """Say where each campaign of the ledger stands, or CAMPAIGN with its networks and what is in doubt."""
    from bulkkit.ledger import Ledger
    from bulkkit.showing.standing import show_campaign, show_status

    opened = Ledger(existing(ledger))
    show_status(opened) if campaign is None else show_campaign(opened, campaign)


@main.command()
@LEDGER
@click.option(
    "--base-url", required=True, help="The address under which people reach this, such as https://news.example.org."
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, default=8025, show_default=True)
@explained
def track(ledger: Path, base_url: str, host: str, port: int) -> None:
    """Serve the tracker: pixel, links, one-click unsubscribe. The key comes from BULKKIT_LINK_KEY or the keyring."""
    import uvicorn

    from bulkkit.keys import link_key
    from bulkkit.ledger import Ledger
    from bulkkit.message.links import Links
    from bulkkit.tracker import tracker

    application = tracker(Ledger(existing(ledger)), Links(base_url, link_key()))
    uvicorn.run(application, host=host, port=port, log_level="warning")


def existing(ledger: Path) -> Path:
    """Return the ledger's path, or end the command where nothing is there."""
    if not ledger.exists():
        raise click.ClickException(f"There is no ledger {ledger}. Name it with --ledger.")
    return ledger
