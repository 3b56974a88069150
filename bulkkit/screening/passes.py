"""Passes over a file: its domains are counted, for their frequency tells; then each piece is judged and written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

import pandas as pd

from bulkkit.contacts.pieces import ROWS, pieces
from bulkkit.screening.judge import Judge
from bulkkit.screening.own_columns import Heading
from bulkkit.screening.target import new_file
from bulkkit.screening.writers import writer_for
from bulkkit.segmentation import moment
from bulkkit.verification.depths import SYNTAX, require_offered
from bulkkit.verification.domain_table import domain_table
from bulkkit.verification.domains import Domains, as_resolver
from bulkkit.verification.overview import Summary, summary_of, tally
from bulkkit.verification.partition import domain_counts
from bulkkit.verification.past import Past
from bulkkit.verification.probed import Prober


class Stage(StrEnum):
    """What is being done."""

    COUNTING = "Reading"
    ASKING = "Asking"
    """Name servers or mail servers, which shows a bar of its own."""
    JUDGING = "Judging"


Heard = Callable[[Stage, int, int | None], None]
"""Told of each step: the stage, how many rows (or domains) are done, and of how many where that is known."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to verify, and where to write it.

    Attributes
    ----------
    source, target
        The files: what `read_contacts` reads, and CSV, TSV, XLSX or Parquet by the suffix.
    email
        The column of addresses, where it cannot be found.
    depth, as_of, resolvers, ledger, probe
        As for `bulkkit.verify`; `resolvers` are addresses of name servers.
    force
        Whether a target that is there is replaced.
    rows
        How many rows are held at a time.
    """

    source: Path
    target: Path
    email: str | None = None
    depth: str = SYNTAX
    as_of: date | str | None = None
    resolvers: tuple[str, ...] = ()
    ledger: Path | None = None
    probe: Prober | None = None
    force: bool = False
    rows: int = field(default=ROWS, repr=False)


@dataclass(frozen=True, slots=True)
class Counted:
    """What the first pass tells: which columns are what, how many rows there are, and how many of each domain."""

    heading: Heading
    rows: int
    domains: pd.Series[Any]


def screen(order: Order, heard: Heard | None = None) -> Summary:
    """Verify a file into another, whatever its length, holding only a piece of it.

    Returns
    -------
    Summary
        What was found.

    Raises
    ------
    InputError
        The source cannot be read, its column of addresses is not found, it has
        a column where the verdict would go, or the target is there already or
        cannot be written. Nothing is left behind then.
    """
    require_offered(order.depth, order.probe)
    heard = heard or _nobody
    before = moment(order.as_of) if order.as_of else moment().floor("s")
    with new_file(order.target, order.force) as part, writer_for(order.target, part) as write:
        past = None if order.ledger is None else Past.of(before, ledger=order.ledger)
        counted = _counted(order, heard)
        write.require_room(counted.rows)
        judge = _judge(order, counted, before, past, heard)
        tallies, done = [], 0
        for piece in pieces(order.source, order.rows):
            checked, words = judge(piece)
            write(counted.heading.together(piece, checked, words))
            tallies.append(tally(checked))
            done += len(piece)
            heard(Stage.JUDGING, done, counted.rows)
    return summary_of(tallies)


def _nobody(_stage: Stage, _done: int, _total: int | None) -> None:
    """Hear of a step where nobody wants to."""


def _counted(order: Order, heard: Heard) -> Counted:
    heading, done, counts = None, 0, pd.Series(dtype="int64")
    for piece in pieces(order.source, order.rows):
        heading = heading or Heading.of(piece, order.email, order.source)
        counts = pd.concat([counts, domain_counts(heading.judged(piece)[0])]).groupby(level=0).sum()
        done += len(piece)
        heard(Stage.COUNTING, done, None)
    if heading is None:
        raise AssertionError("a file has at least one piece")
    return Counted(heading, done, counts.astype("int64").rename("rows"))


def _judge(order: Order, counted: Counted, before: date, past: Past | None, heard: Heard) -> Judge:
    """Return who judges the pieces, with what name servers and mail servers say as far as the order asks for it."""
    domains, answers = None, None
    if order.depth != SYNTAX:
        heard(Stage.ASKING, 0, len(counted.domains))
        domains = Domains(as_resolver(list(order.resolvers) or None))
        answers = domains(counted.domains.index)
    judge = Judge(counted.heading, before, past, domain_table(counted.domains, answers=answers), domains)
    if order.probe is None or domains is None:
        return judge
    targets = judge.open_mailboxes(pieces(order.source, order.rows))
    return replace(judge, said=order.probe.ask(targets, domains.resolver))
