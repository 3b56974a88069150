"""How often each verdict was right: what was said of an address, beside what became of the next message to it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from bulkkit.addresses import mailbox_keys
from bulkkit.contacts.values import texts
from bulkkit.errors import InputError
from bulkkit.frames import require
from bulkkit.outcomes import KEY
from bulkkit.segmentation import moments
from bulkkit.statistics import enough, more_trials, wilson
from bulkkit.verification.bounces import are_dead
from bulkkit.verification.depths import SYNTAX
from bulkkit.verification.history import SETTLED
from bulkkit.verification.past import ARRIVED, AnyLedger, opened, rows_of
from bulkkit.vocabulary import EventKind, Status


class RealOutcome(StrEnum):
    """What became of a message."""

    DELIVERED = "delivered"
    HARD_BOUNCED = "hard_bounced"
    SOFT_BOUNCED = "soft_bounced"
    UNKNOWN = "unknown"


RIGHT: Final = {
    (str(Status.DELIVERABLE), str(RealOutcome.DELIVERED)): True,
    (str(Status.DELIVERABLE), str(RealOutcome.HARD_BOUNCED)): False,
    (str(Status.UNDELIVERABLE), str(RealOutcome.HARD_BOUNCED)): True,
    (str(Status.UNDELIVERABLE), str(RealOutcome.DELIVERED)): False,
}
"""Which outcome makes which status right or wrong. `risky` and `unknown` foretell nothing, and a soft bounce says
nothing of a mailbox."""

ENOUGH: Final = "enough data"
NOBODY: Final = "not enough data: nothing is known of any message to these addresses"
NOT_TOLD: Final = "not a rate: nothing is known of these"


def calibration(
    checked: pd.DataFrame, events: IntoFrame | None = None, ledger: AnyLedger | None = None
) -> pd.DataFrame:
    """Set the verdicts on a list beside what really became of mail to it.

    Parameters
    ----------
    checked : pandas.DataFrame
        What `bulkkit.verify` returned, before the mail went out or for a moment
        before it (`as_of=`).
    events : frame, optional
        What happened to the mail: any frame that Narwhals knows, with columns
        `kind, campaign, email, at`.
    ledger : Ledger or path, optional
        A ledger, whose events count as `events` do.

    Returns
    -------
    pandas.DataFrame
        A row for each status and reason that occurs, and each outcome
        (`delivered`, `hard_bounced`, `soft_bounced`, `unknown`):
        `status, reason, outcome, n, of, rate, lower, upper, right, recomputed, verdict`.

        `n` of `of` mailboxes whose outcome is known; `rate` with Wilson's 95 %
        interval, as fractions. In the row `unknown` are those never written to and
        those of whom nothing was heard, of all; it has no rate. `right`
        says whether the outcome makes the verdict right: the rate of that row is
        how often it was. `verdict` says where there is not enough data.

    Raises
    ------
    InputError
        The list was not verified, or neither events nor a ledger was given.

    Notes
    -----
    A mailbox counts once, with the first message to it after `checked_at`. Where
    there is none, a verdict of depth `syntax` that rests on no history is taken
    to have been the same before, since it follows from the address and the
    lists alone, and the mailbox counts with its first message at all; `recomputed`
    counts these. This assumes that the lists said then what they say now. A
    verdict with a history, or that asked the network, never counts for an outcome
    that was before it. Who was left out because of a verdict was not written to,
    so that of the worst addresses the least is known.
    """
    require(checked, ["email", "status", "reason", "depth", "checked_at"], "the list (bulkkit.verify(contacts)), which")
    messages = _messages(_told(events, ledger))
    people = _people(checked)
    later = _first(people, messages, after=True)
    any_time = _first(people, messages, after=False).where(_is_timeless(people))
    people = people.assign(
        outcome=later.fillna(any_time).fillna(str(RealOutcome.UNKNOWN)), recomputed=later.isna() & any_time.notna()
    )
    return _rated(people)


def _told(events: IntoFrame | None, ledger: AnyLedger | None) -> pd.DataFrame:
    if events is None and ledger is None:
        raise InputError("calibration needs to know what became of the mail: pass events=…, ledger=…, or both.")
    told = [] if events is None else [rows_of(events)]
    if ledger is not None:
        with opened(ledger) as book:
            told.append(rows_of(book.events()))
    return pd.concat(told, ignore_index=True)


def _messages(rows: pd.DataFrame) -> pd.DataFrame:
    """Return each message with its outcome and when it was first heard of: columns `mailbox, at, outcome`."""
    bounced = rows["kind"].eq(EventKind.BOUNCED) & rows["bounce_type"].isin(["hard", "soft"])
    facts = rows[list(KEY)].assign(
        at=rows["at"],
        dead=are_dead(rows),
        bounced=bounced,
        arrived=rows["kind"].isin(list(ARRIVED)),
        failed=rows["kind"].isin([EventKind.BOUNCED, EventKind.REJECTED]) & ~bounced,
    )
    by = facts.groupby(list(KEY), sort=False)
    flags = by[["dead", "bounced", "arrived", "failed"]].any()
    tests = [flags["dead"], flags["bounced"], flags["arrived"] & ~flags["failed"]]
    names = [str(outcome) for outcome in (RealOutcome.HARD_BOUNCED, RealOutcome.SOFT_BOUNCED, RealOutcome.DELIVERED)]
    outcome = np.select([test.to_numpy(bool) for test in tests], names, str(RealOutcome.UNKNOWN))
    told = pd.DataFrame({"at": by["at"].min(), "outcome": outcome}, index=flags.index).reset_index()
    return told[told["outcome"] != RealOutcome.UNKNOWN].rename(columns={KEY[1]: "mailbox"})


def _people(checked: pd.DataFrame) -> pd.DataFrame:
    keys = mailbox_keys(texts(checked["email"])).to_numpy()
    people = pd.DataFrame({name: checked[name].to_numpy() for name in ("status", "reason", "depth")})
    people = people.assign(mailbox=keys, checked_at=moments(checked["checked_at"].reset_index(drop=True)))
    return people[people["mailbox"].isna() | ~people["mailbox"].duplicated()].reset_index(drop=True)


def _first(people: pd.DataFrame, messages: pd.DataFrame, after: bool) -> pd.Series[Any]:
    """Return the outcome of the first message to each mailbox, after its verdict or at all; missing where none is."""
    joined = people[["mailbox", "checked_at"]].reset_index().merge(messages, on="mailbox")
    if after:
        joined = joined[joined["at"] >= joined["checked_at"]]
    ordered = joined.sort_values("at", kind="stable").drop_duplicates("index")
    return ordered.set_index("index")["outcome"].reindex(people.index)


def _is_timeless(people: pd.DataFrame) -> pd.Series[Any]:
    """Tell which verdicts follow from the address alone."""
    return people["depth"].eq(SYNTAX) & ~people["reason"].isin([str(reason) for reason in SETTLED])


def _rated(people: pd.DataFrame) -> pd.DataFrame:
    by = ["status", "reason"]
    counted = people.groupby([*by, "outcome"]).agg(n=("outcome", "size"), recomputed=("recomputed", "sum"))
    pairs = people[by].drop_duplicates().sort_values(by)
    every = pd.MultiIndex.from_tuples(
        [(*pair, str(outcome)) for pair in pairs.itertuples(index=False, name=None) for outcome in RealOutcome],
        names=[*by, "outcome"],
    )
    table = counted.reindex(every, fill_value=0).reset_index()
    known = table["outcome"] != RealOutcome.UNKNOWN
    table["of"] = table["n"].where(known, 0).groupby([table[name] for name in by]).transform("sum")
    interval = wilson(table["n"].where(known, 0).to_numpy(float), table["of"].to_numpy(float))
    rates = {"rate": interval.estimate, "lower": interval.lower, "upper": interval.upper}
    table = table.assign(**{name: pd.Series(values, table.index).where(known) for name, values in rates.items()})
    everybody = table.groupby(by)["n"].transform("sum")
    right = [RIGHT.get(pair) for pair in zip(table["status"], table["outcome"], strict=True)]
    words = [_verdict(*row) for row in zip(table["outcome"], table["n"], table["of"], strict=True)]
    table = table.assign(
        of=table["of"].where(known, everybody),
        right=pd.array(right, dtype="boolean"),
        verdict=pd.Series(words, table.index, dtype="str"),
    )
    return table[[*by, "outcome", "n", "of", "rate", "lower", "upper", "right", "recomputed", "verdict"]]


def _verdict(outcome: str, n: int, of: int) -> str:
    if outcome == RealOutcome.UNKNOWN:
        return NOT_TOLD
    if not of:
        return NOBODY
    if enough(n, of):
        return ENOUGH
    return f"not enough data: at this rate about {more_trials(n, of):,} more outcomes are needed"
