"""The ledger as frames: sends, campaigns, suppressions, and events with what the sends themselves say."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from bulkkit.events.machine import judged
from bulkkit.frames import conform
from bulkkit.ledger.moments import column_from_stored
from bulkkit.refusals import PASSING
from bulkkit.vocabulary import (
    CAMPAIGN_DTYPES,
    EVENT_DTYPES,
    HOLDOUT_DTYPES,
    SEND_DTYPES,
    SUPPRESSION_DTYPES,
    TIMESTAMP,
    BounceClass,
    BounceType,
    EventKind,
    SendState,
)

STATE_EVENTS: Final = {
    SendState.ACCEPTED: (EventKind.SENT, EventKind.DELIVERED),
    SendState.REFUSED: (EventKind.SENT, EventKind.BOUNCED),
    SendState.EXPIRED: (EventKind.SENT, EventKind.BOUNCED),
}
"""What a final state says as events. In doubt says nothing: it stands in no denominator."""


def sends(connection: sqlite3.Connection, campaign: str | None, state: SendState | None = None) -> pd.DataFrame:
    """Return one row a recipient and campaign, perhaps of one state only, with the columns of `SEND_DTYPES`."""
    return _table(connection, "sends", SEND_DTYPES, "id", campaign=campaign, state=state)


def campaigns(connection: sqlite3.Connection) -> pd.DataFrame:
    """Return one row a campaign, oldest first, with the columns of `CAMPAIGN_DTYPES`."""
    return _table(connection, "campaigns", CAMPAIGN_DTYPES, "created_at")


def suppressions(connection: sqlite3.Connection) -> pd.DataFrame:
    """Return one row an address, with the columns of `SUPPRESSION_DTYPES`."""
    return _table(connection, "suppressions", SUPPRESSION_DTYPES, "at")


def holdouts(connection: sqlite3.Connection, campaign: str | None) -> pd.DataFrame:
    """Return one row a campaign and person held out of it, with the columns of `HOLDOUT_DTYPES`."""
    return _table(connection, "holdouts", HOLDOUT_DTYPES, "campaign, mailbox", campaign=campaign)


def events(connection: sqlite3.Connection, campaign: str | None) -> pd.DataFrame:
    """Return all events: those that came in, and those that the sends' own states say (source `ledger`).

    Opens and clicks are tagged as a machine's where their timing says so.
    """
    stored = _table(connection, "events", EVENT_DTYPES, "at", campaign=campaign)
    derived = events_of_sends(sends(connection, campaign))
    # Whoever stored what this returned has not made new events of it.
    together = pd.concat([derived, stored], ignore_index=True).drop_duplicates(["source", "event_id"])
    return judged(together.sort_values("at", kind="stable", ignore_index=True))


def events_of_sends(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the events that a sends frame says, with the columns of `EVENT_DTYPES`.

    accepted is sent and delivered; refused is sent and bounced; expired is sent
    and bounced (`MessageExpired`, soft). A message that no server was asked to
    take, such as to a person suppressed before the claim, is `rejected`.
    """
    # Refused without a server's answer: nothing was sent, because of a suppression or because it could not be written.
    withheld = (frame["state"] == SendState.REFUSED) & frame["smtp_code"].isna()
    parts = [_said(frame[withheld], EventKind.REJECTED)]
    for state, kinds in STATE_EVENTS.items():
        rows = frame[(frame["state"] == state) & ~withheld]
        parts += [_said(rows, kind) for kind in kinds]
    return conform(pd.concat(parts, ignore_index=True), EVENT_DTYPES)


def _said(rows: pd.DataFrame, kind: EventKind) -> pd.DataFrame:
    said = rows[["campaign", "message_id", "email", "smtp_code", "enhanced_code"]].copy()
    said["event_id"] = rows["message_id"] + f"/{kind}"
    said["at"] = rows["claimed_at"].where(rows["claimed_at"].notna() & (kind == EventKind.SENT), rows["finished_at"])
    said["kind"], said["source"], said["diagnostic"] = str(kind), "ledger", rows["reply"]
    if kind == EventKind.BOUNCED:
        expired = rows["state"] == SendState.EXPIRED
        soft = expired | (rows["smtp_code"].fillna(500) < 500) | rows["reason"].isin(PASSING)
        said["bounce_type"] = soft.map({True: str(BounceType.SOFT), False: str(BounceType.HARD)})
        said["bounce_class"] = rows["reason"].where(~expired, str(BounceClass.MESSAGE_EXPIRED))
    if kind == EventKind.REJECTED:
        suppressed = rows["reason"] == "suppressed"
        said["bounce_type"] = suppressed.map({True: str(BounceType.SUPPRESSED), False: str(BounceType.UNDETERMINED)})
    return conform(said, EVENT_DTYPES)


def _table(
    connection: sqlite3.Connection, table: str, dtypes: Mapping[str, str], order: str, **only: str | None
) -> pd.DataFrame:
    # Table, columns and order are names of this module; only values come from outside.
    asked = {name: value for name, value in only.items() if value is not None}
    where = f"WHERE {' AND '.join(f'{name} = :{name}' for name in asked)}" if asked else ""
    question = f"SELECT {', '.join(dtypes)} FROM {table} {where} ORDER BY {order}"  # noqa: S608
    cursor = connection.execute(question, asked)
    return typed(pd.DataFrame.from_records(cursor.fetchall(), columns=list(dtypes)), dtypes)


def typed(frame: pd.DataFrame, dtypes: Mapping[str, str]) -> pd.DataFrame:
    """Return stored columns with their types, moments among them."""
    moments: dict[str, pd.Series[Any]] = {
        name: column_from_stored(frame[name]) for name, dtype in dtypes.items() if dtype == TIMESTAMP
    }
    return conform(frame.assign(**moments), dtypes)
