"""The steps of running sends, written down: claims, dots and outcomes."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from bulkkit.errors import LedgerError
from bulkkit.ledger.moments import to_stored, to_stored_or_none
from bulkkit.transitions import Claim, Dotted, Outcome, Step
from bulkkit.vocabulary import SuppressionReason

_CLAIM: Final = """
    UPDATE sends SET state = 'claimed', relay = ?, claimed_at = ?, boot_id = ?, boot_seconds = ?, due_at = NULL,
        attempts = attempts + 1, finished_at = NULL, reason = NULL, smtp_code = NULL, enhanced_code = NULL, reply = NULL
    WHERE id = ? AND state IN ('queued', 'deferred')
        AND NOT EXISTS (SELECT 1 FROM suppressions WHERE suppressions.mailbox = sends.mailbox)
"""
_WITHHOLD: Final = """
    UPDATE sends SET state = 'refused', reason = 'suppressed', finished_at = ?, due_at = NULL,
        smtp_code = NULL, enhanced_code = NULL, reply = NULL
    WHERE id = ? AND state IN ('queued', 'deferred')
"""
_DOT: Final = "UPDATE sends SET state = 'dotted' WHERE id = ? AND state = 'claimed'"
_OUTCOME: Final = """
    UPDATE sends SET state = ?, reason = ?, due_at = ?, finished_at = ?, smtp_code = ?, enhanced_code = ?, reply = ?
    WHERE id = ? AND state IN ('claimed', 'dotted')
"""
_KEEP_ATTEMPT: Final = """
    INSERT OR IGNORE INTO attempts
    SELECT id, attempts, relay, claimed_at, boot_id, boot_seconds, finished_at, reason, smtp_code, enhanced_code, reply
    FROM sends WHERE id = ? AND attempts > 0
"""
_SUPPRESS: Final = """
    INSERT OR IGNORE INTO suppressions SELECT mailbox, email, ?, ?, 'ledger', campaign FROM sends WHERE id = ?
"""


def write(connection: sqlite3.Connection, steps: Sequence[Step]) -> frozenset[int]:
    """Write steps in their order; return the sends whose claim was withheld because they are suppressed by now."""
    withheld = set()
    for step in steps:
        match step:
            case Claim():
                if not _claim(connection, step):
                    withheld.add(step.send_id)
            case Dotted():
                _expect_one(connection.execute(_DOT, (step.send_id,)), step)
            case Outcome():
                _conclude(connection, step)
    return frozenset(withheld)


def _claim(connection: sqlite3.Connection, step: Claim) -> bool:
    at = to_stored(step.stamp.at)
    if step.again:
        # The claim overwrites the stamps of the attempt before it, and the limits count each attempt.
        connection.execute(_KEEP_ATTEMPT, (step.send_id,))
    stamp = (step.relay, at, step.stamp.boot_id, step.stamp.boot_seconds)
    if connection.execute(_CLAIM, (*stamp, step.send_id)).rowcount:
        return True
    _expect_one(connection.execute(_WITHHOLD, (at, step.send_id)), step)
    return False


def _conclude(connection: sqlite3.Connection, step: Outcome) -> None:
    at = to_stored(step.at)
    due = to_stored_or_none(step.due_at)
    reply = (step.smtp_code, step.enhanced_code, step.reply)
    _expect_one(connection.execute(_OUTCOME, (step.state, step.reason, due, at, *reply, step.send_id)), step)
    if step.suppress:
        connection.execute(_SUPPRESS, (SuppressionReason.BOUNCED, at, step.send_id))


def _expect_one(cursor: sqlite3.Cursor, step: Step) -> None:
    if cursor.rowcount != 1:
        raise LedgerError(
            f"The ledger's row {step.send_id} is not where this send left it ({type(step).__name__} does not fit). "
            "Another program changed it; stop both, then resume."
        )
