"""All that a report says, gathered from a ledger before a word of it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, version
from os import PathLike
from pathlib import Path
from typing import Protocol

import pandas as pd

from bulkkit.comparison import Comparison, compare
from bulkkit.errors import InputError, LedgerError
from bulkkit.frames import conform
from bulkkit.ledger import Ledger
from bulkkit.metrics import rates
from bulkkit.reporting.bounces import reasons
from bulkkit.vocabulary import EVENT_DTYPES, UNFINISHED, CampaignKind, Rate, SendState
from bulkkit.waiting import waiting


class Book(Protocol):
    """What a report reads of a ledger."""

    path: Path

    def sends(self, campaign: str | None = None) -> pd.DataFrame:
        """Return the sends frame."""

    def events(self, campaign: str | None = None) -> pd.DataFrame:
        """Return the events frame."""

    def campaigns(self) -> pd.DataFrame:
        """Return the campaigns frame."""

    def waterfall(self, campaign: str) -> pd.DataFrame:
        """Return how a list became a campaign's recipients."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a report is made of.

    Parameters
    ----------
    campaign, kind, subject, sender
        The campaign; empty where the ledger does not know.
    rates
        The rates frame of all campaigns, in the order in which they began.
    comparison, not_compared
        The comparison with `control`, or None and the reason why there is none.
    control
        The campaigns beside which it stands.
    events
        The campaign's events.
    waiting
        How long people took to open and click (`bulkkit.waiting.waiting`); empty where nobody can tell.
    bounces
        How many people bounced for which reason (`bulkkit.reporting.bounces.reasons`).
    sends
        The campaign's rows of the ledger.
    waterfall
        How the list became the recipients (columns step, rows, remaining); empty where no plan is known.
    contacts
        How many contacts were handed in; None without any.
    ledger, made_at, as_of, version
        Where the figures come from: the file, the moment (UTC), the last moment that was counted (None for
        all), bulkkit's version.
    """

    campaign: str
    kind: str
    subject: str
    sender: str
    rates: pd.DataFrame
    comparison: Comparison | None
    not_compared: str
    control: tuple[str, ...]
    events: pd.DataFrame
    waiting: pd.DataFrame
    bounces: pd.DataFrame
    sends: pd.DataFrame
    waterfall: pd.DataFrame
    contacts: int | None
    ledger: str
    made_at: datetime
    as_of: pd.Timestamp | None
    version: str

    @property
    def own_rates(self) -> pd.DataFrame:
        """The rates frame of this campaign alone."""
        return self.rates.loc[self.rates["campaign"].eq(self.campaign)]

    @property
    def in_doubt(self) -> pd.DataFrame:
        """The messages of which nobody knows whether they were accepted."""
        return self.sends.loc[self.sends["state"].eq(SendState.IN_DOUBT)]

    @property
    def unfinished(self) -> int:
        """How many messages are still to be sent."""
        return int(self.sends["state"].isin(UNFINISHED).sum())

    @property
    def untracked(self) -> int | None:
        """How many people's opens and clicks cannot be seen; None where the ledger holds no sends."""
        return int(self.sends["tracked"].eq(False).sum()) if len(self.sends) else None

    @property
    def sources(self) -> Mapping[str, int]:
        """How many of the campaign's events came from which source."""
        return {str(name): int(number) for name, number in self.events["source"].value_counts().items()}


def gather(
    campaign: str,
    *,
    ledger: Book | str | PathLike[str] = "bulkkit.db",
    events: pd.DataFrame | None = None,
    contacts: pd.DataFrame | None = None,
    control: str | Iterable[str] | None = None,
    as_of: str | date | None = None,
) -> Findings:
    """Gather all that the report of a campaign says.

    The parameters, and the errors, are those of `bulkkit.report`.
    """
    with _opened(ledger) as book:
        told = _until(_all_events(book.events(), events), as_of)
        sends, campaigns, path = book.sends(), book.campaigns(), str(book.path)
        steps = book.waterfall(campaign)
    _require(campaign, told, campaigns)
    known = _described(campaigns, campaign)
    beside = _beside(campaign, str(known["kind"]), told, campaigns, control)
    comparison, reason = _compared(campaign, beside, told, sends, contacts)
    own = told.loc[told["campaign"].eq(campaign)]
    return Findings(
        campaign=campaign, kind=known["kind"], subject=known["subject"], sender=known["sender"],
        rates=_in_time(rates(told, sends, by="campaign"), told), comparison=comparison, not_compared=reason,
        control=beside, events=own, waiting=waiting(told, sends, [campaign]), bounces=reasons(own),
        sends=sends.loc[sends["campaign"].eq(campaign)],
        waterfall=steps, contacts=None if contacts is None else len(contacts),
        ledger=path, made_at=datetime.now(UTC), as_of=_moment(as_of), version=_version(),
    )  # fmt: skip


def _opened(ledger: Book | str | PathLike[str]) -> AbstractContextManager[Book]:
    if not isinstance(ledger, str | PathLike):
        return nullcontext(ledger)
    if not Path(ledger).exists():
        raise LedgerError(f"There is no ledger at {Path(ledger)}. Pass the path of the file that the send wrote.")
    return closing(Ledger(ledger))


def _all_events(stored: pd.DataFrame, added: pd.DataFrame | None) -> pd.DataFrame:
    """Return the ledger's events and those handed in, each once."""
    if added is None:
        return stored
    together = pd.concat([stored, conform(added, EVENT_DTYPES)[list(EVENT_DTYPES)]], ignore_index=True)
    repeated = together["event_id"].notna() & together.duplicated(["source", "event_id"])
    return together.loc[~repeated].reset_index(drop=True)


def _until(events: pd.DataFrame, as_of: str | date | None) -> pd.DataFrame:
    last = _moment(as_of)
    return events if last is None else events.loc[~(events["at"] > last)]


def _moment(as_of: str | date | None) -> pd.Timestamp | None:
    """Return the last moment that counts: a day counts to its end."""
    if as_of is None:
        return None
    try:
        moment = pd.Timestamp(as_of)
    except ValueError as error:
        raise InputError(f"as_of={as_of!r} is no date; write it as 2026-10-01.") from error
    moment = moment.tz_localize("UTC") if moment.tz is None else moment.tz_convert("UTC")
    is_day = not isinstance(as_of, datetime) and moment == moment.normalize()
    return moment + pd.Timedelta(days=1) - pd.Timedelta(microseconds=1) if is_day else moment


def _require(campaign: str, events: pd.DataFrame, campaigns: pd.DataFrame) -> None:
    known = sorted({*campaigns["campaign"].dropna(), *events["campaign"].dropna()})
    if campaign not in known:
        listed = ", ".join(map(repr, known)) or "none at all"
        raise InputError(f"There is no campaign {campaign!r}; the campaigns known here are {listed}.")


def _described(campaigns: pd.DataFrame, campaign: str) -> dict[str, str]:
    rows = campaigns.loc[campaigns["campaign"].eq(campaign), ["kind", "subject", "sender"]]
    return {str(name): str(rows[name].iloc[0]) if rows[name].notna().any() else "" for name in rows.columns}


def _beside(
    campaign: str, kind: str, events: pd.DataFrame, campaigns: pd.DataFrame, control: str | Iterable[str] | None
) -> tuple[str, ...]:
    """Return the campaigns to stand beside: those named, or all of the other kind that have events."""
    if control is not None:
        return (control,) if isinstance(control, str) else tuple(control)
    other = CampaignKind.BLAST if kind == CampaignKind.SEGMENTED else CampaignKind.SEGMENTED
    names = campaigns.loc[campaigns["kind"].eq(other) & campaigns["campaign"].isin(events["campaign"]), "campaign"]
    return tuple(str(name) for name in names if name != campaign)


def _compared(
    campaign: str,
    control: tuple[str, ...],
    events: pd.DataFrame,
    sends: pd.DataFrame,
    contacts: pd.DataFrame | None,
) -> tuple[Comparison | None, str]:
    if not control:
        return None, "The ledger holds no campaign of the other kind, so there is nothing to compare with."
    found = compare(events, sends, contacts, treated=campaign, control=list(control), rate=Rate.CLICKED)
    return found, ""


def _in_time(found: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Return a rates frame with the campaigns in the order in which they began; undated ones first."""
    began = events.groupby("campaign")["at"].min()
    start = began.reindex(found["campaign"]).set_axis(found.index)
    return found.loc[start.sort_values(kind="stable", na_position="first").index].reset_index(drop=True)


def _version() -> str:
    try:
        return version("bulkkit")
    except PackageNotFoundError:
        return "not installed"
