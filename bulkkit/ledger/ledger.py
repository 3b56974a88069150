"""The ledger: who was sent what, what came of it, and who is never written to again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from bulkkit.ledger import (
    events,
    experience,
    holdouts,
    lease,
    past,
    queue,
    reactions,
    resolution,
    steps,
    suppressions,
    tables,
)
from bulkkit.ledger.database import Database
from bulkkit.ledger.lease import Holder
from bulkkit.transitions import CampaignRecord, PastClaim, PastDeferral, Pending, Recipient, Stamp, Step
from bulkkit.vocabulary import UNFINISHED, SendState


class Ledger:
    """A SQLite file that knows each message's state; it is created where there is none.

    Parameters
    ----------
    path
        The file. It is made readable for its owner only.

    Raises
    ------
    LedgerError
        Where the file cannot be written, is no ledger, is damaged, or was
        written by a newer bulkkit.
    """

    def __init__(self, path: str | PathLike[str] = "bulkkit.db") -> None:
        self.path = Path(path)
        self._database = Database(self.path)

    def __repr__(self) -> str:
        return f"Ledger({str(self.path)!r})"

    def sends(self, campaign: str | None = None) -> pd.DataFrame:
        """Return one row a recipient and campaign (columns of `vocabulary.SEND_DTYPES`)."""
        with self._database.reading() as connection:
            return tables.sends(connection, campaign)

    def events(self, campaign: str | None = None) -> pd.DataFrame:
        """Return all events (columns of `vocabulary.EVENT_DTYPES`), in the order of their time.

        What the sends' own states say is among them (source `ledger`): accepted
        is sent and delivered, refused is sent and bounced, expired is sent and
        bounced; in doubt says nothing.
        """
        with self._database.reading() as connection:
            return tables.events(connection, campaign)

    def campaigns(self) -> pd.DataFrame:
        """Return one row a campaign (columns of `vocabulary.CAMPAIGN_DTYPES`)."""
        with self._database.reading() as connection:
            return tables.campaigns(connection)

    def suppressions(self) -> pd.DataFrame:
        """Return one row an address that is never written to (columns of `vocabulary.SUPPRESSION_DTYPES`)."""
        with self._database.reading() as connection:
            return tables.suppressions(connection)

    def add_events(self, frame: pd.DataFrame) -> int:
        """Store events (columns of `vocabulary.EVENT_DTYPES`); return how many were new.

        Importing twice equals importing once. An unsubscribe, a complaint and a
        bounce of a dead mailbox suppress their person; such mail as anybody can
        write (`dsn`, `arf`, `mail`) only where it names a message of ours to
        that person.
        """
        with self._database.transaction() as connection:
            new = events.add_events(connection, frame)
            events.note_import(connection, datetime.now(UTC), len(frame), new)
        return new

    def latest_event(self) -> datetime | None:
        """Return the moment of the latest event, or None where there is none; cheap however many there are."""
        with self._database.reading() as connection:
            return events.latest(connection)

    def last_import(self) -> datetime | None:
        """Return when events were stored last by `add_events`, or None where none ever were."""
        with self._database.reading() as connection:
            return events.last_import(connection)

    def add_campaigns(self, frame: pd.DataFrame) -> int:
        """Store what is known of campaigns sent elsewhere (columns of `CAMPAIGN_DTYPES`); return how many were new."""
        with self._database.transaction() as connection:
            return queue.add_campaigns(connection, frame)

    def suppress(self, frame: pd.DataFrame, reason: str = "unsubscribed") -> int:
        """Suppress the addresses of a frame's `email` column; return how many were new.

        A `reason` column (`bounced`, `complained`, `unsubscribed`, `manual`) and an
        `at` column decide row by row where they are filled.
        """
        with self._database.transaction() as connection:
            return suppressions.suppress(connection, frame, reason, datetime.now(UTC))

    def record(self, event: Mapping[str, Any]) -> bool:
        """Store one event, with the names of `EVENT_DTYPES` as keys; False where it was known already."""
        with self._database.transaction() as connection:
            return events.record(connection, event)

    def recipient(self, send_id: int) -> Recipient | None:
        """Return who a send is for, or None where there is no such send."""
        return next(iter(self.recipients([send_id])), None)

    def link(self, campaign: str, number: int) -> str | None:
        """Return where link `number` of a campaign leads, or None where it has no such link."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT url FROM links WHERE campaign = ? AND number = ?", (campaign, number)
            ).fetchone()
        return row[0] if row else None

    def holdouts(self, campaign: str | None = None) -> pd.DataFrame:
        """Return one row a campaign and a person who was held out of it (columns of `vocabulary.HOLDOUT_DTYPES`).

        They would have got the message and were drawn not to: beside the
        campaign's recipients they show what the message did.
        """
        with self._database.reading() as connection:
            return tables.holdouts(connection, campaign)

    def store(self, record: CampaignRecord, rows: pd.DataFrame, held_out: pd.DataFrame | None = None) -> None:
        """Store a campaign, its queued messages, and who is held out (email, mailbox), in one transaction."""
        with self._database.transaction() as connection:
            queue.store(connection, record, rows)
            if held_out is not None:
                holdouts.store(connection, record, held_out)

    def spec(self, campaign: str) -> dict[str, Any]:
        """Return what was stored to go on with a campaign; `InputError` where there is no such one."""
        with self._database.reading() as connection:
            return queue.spec(connection, campaign)

    def waterfall(self, campaign: str) -> pd.DataFrame:
        """Return how a list became a campaign's recipients (columns step, rows, remaining); empty where not known."""
        with self._database.reading() as connection:
            return queue.waterfall(connection, campaign)

    def lease(self, campaign: str) -> AbstractContextManager[None]:
        """Return the lease as a context; entering raises `LeaseError` where somebody else sends."""
        return lease.hold(self._database, campaign)

    def holder(self) -> Holder | None:
        """Return which process sends from this ledger now, or None."""
        return lease.holder(self._database)

    def check(self) -> None:
        """Raise `LedgerError` where the file is damaged."""
        self._database.check()

    def write(self, steps_: Sequence[Step]) -> frozenset[int]:
        """Store steps of a running send in one transaction; return the sends whose claim was withheld."""
        with self._database.transaction() as connection:
            return steps.write(connection, steps_)

    def stage(self, steps_: Sequence[Step]) -> frozenset[int] | None:
        """Write steps as `write` does and leave them for `commit`; None where somebody else writes just now."""
        return self._database.stage(lambda connection: steps.write(connection, steps_))

    def commit(self) -> None:
        """Keep on the disk what was staged."""
        self._database.commit()

    def pending(self, campaign: str) -> list[Pending]:
        """Return what still has to go out, oldest first; messages that differ in nothing else stand together."""
        with self._database.reading() as connection:
            return queue.pending(connection, campaign)

    def recipients(self, send_ids: Iterable[int]) -> list[Recipient]:
        """Return these recipients, in this order."""
        with self._database.reading() as connection:
            return queue.recipients(connection, send_ids)

    def recover(self, campaign: str) -> int:
        """Bring rows that a dead process left to a safe state; return how many are in doubt since."""
        with self._database.transaction() as connection:
            return queue.recover(connection, campaign)

    def claims_since(self, now: Stamp, seconds: float, clock: str) -> list[PastClaim]:
        """Return what campaigns of that clock handed over in the last seconds."""
        with self._database.reading() as connection:
            return queue.claims_since(connection, now, seconds, clock)

    def first_claims(self, clock: str, pause: float) -> dict[str, Stamp]:
        """Return when each relay was first used, counted anew after `pause` seconds without use."""
        with self._database.reading() as connection:
            return past.first_claims(connection, clock, pause)

    def began(self, campaign: str) -> Stamp | None:
        """Return when the first message of a campaign was taken up, or None where none was."""
        with self._database.reading() as connection:
            return past.began(connection, campaign)

    def deferrals_since(self, now: Stamp, seconds: float, clock: str) -> list[PastDeferral]:
        """Return who answered 4xx in the last seconds, in campaigns of that clock, the oldest first."""
        with self._database.reading() as connection:
            return past.deferrals_since(connection, now, seconds, clock)

    def counts(self, campaign: str) -> dict[SendState, int]:
        """Return how many of a campaign's messages stand in each state."""
        with self._database.reading() as connection:
            return queue.counts(connection, campaign)

    def network_counts(self, campaign: str) -> dict[str, dict[SendState, int]]:
        """Return how many of a campaign's messages to each network stand in each state."""
        with self._database.reading() as connection:
            return queue.network_counts(connection, campaign)

    def is_unfinished(self, campaign: str) -> bool:
        """Tell whether anything of a campaign is still to come to an end, also what a dead process left midway."""
        return not UNFINISHED.isdisjoint(self.counts(campaign))

    def blasts_since(self, moment: datetime) -> pd.DataFrame:
        """Return who was sent which blast since `moment` (columns campaign, email)."""
        with self._database.reading() as connection:
            return queue.blasts_since(connection, moment)

    def reactions(self, kind: str, until: datetime, most: int) -> pd.DataFrame:
        """Return how people reacted to the `most` latest campaigns of a kind (columns of `REACTION_DTYPES`).

        Up to the moment `until`, the oldest first.
        """
        with self._database.reading() as connection:
            return reactions.reactions(connection, kind, until, most)

    def experience(self, clock: str) -> tuple[int, int, int, float]:
        """Return of the latest messages accepted by a clock: all, put off once, more often, seconds of an attempt."""
        with self._database.reading() as connection:
            return experience.experience(connection, clock)

    def in_doubt(self, campaign: str) -> pd.DataFrame:
        """Return the rows of a campaign on which a person has not decided yet."""
        with self._database.reading() as connection:
            return resolution.in_doubt(connection, campaign)

    def resolve(self, campaign: str, emails: Iterable[str], choice: str) -> int:
        """Decide on rows in doubt: `skip` them or `resend` them; return how many were decided."""
        with self._database.transaction() as connection:
            return resolution.resolve(connection, campaign, emails, choice)

    def close(self) -> None:
        """Close the file; the ledger cannot be used afterwards."""
        self._database.close()
