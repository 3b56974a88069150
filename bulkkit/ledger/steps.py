"""The steps of running sends, written down: claims, dots and outcomes, those of one kind together."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, Final

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
    """Write steps as if one came after the other; return the sends whose claim was withheld: suppressed by now."""
    if len({step.send_id for step in steps}) == len(steps):
        # No message has two steps here, so their order does not matter.
        groups = [[step for step in steps if type(step) is kind] for kind in _WRITERS]
    else:
        groups = [[step] for step in steps]
    written = (_WRITERS[type(group[0])](connection, group) for group in groups if group)
    return frozenset(chain.from_iterable(written))


def _conclude(connection: sqlite3.Connection, steps: Sequence[Outcome]) -> Sequence[int]:
    rows = [
        (state, reason, to_stored_or_none(due_at), to_stored(at), smtp_code, enhanced_code, reply, send_id)
        for send_id, state, at, reason, due_at, smtp_code, enhanced_code, reply, _ in steps
    ]
    _expect_all(connection.executemany(_OUTCOME, rows).rowcount, steps)
    dead = [(SuppressionReason.BOUNCED, to_stored(step.at), step.send_id) for step in steps if step.suppress]
    connection.executemany(_SUPPRESS, dead)
    return ()


def _dot(connection: sqlite3.Connection, steps: Sequence[Dotted]) -> Sequence[int]:
    _expect_all(connection.executemany(_DOT, steps).rowcount, steps)
    return ()


def _claim(connection: sqlite3.Connection, steps: Sequence[Claim]) -> Sequence[int]:
    # The claim overwrites the stamps of the attempt before it, and the limits count each attempt.
    connection.executemany(_KEEP_ATTEMPT, [(step.send_id,) for step in steps if step.again])
    rows = [
        (relay, to_stored(stamp.at), stamp.boot_id, stamp.boot_seconds, send_id) for send_id, relay, stamp, _ in steps
    ]
    claimed = connection.executemany(_CLAIM, rows).rowcount
    if claimed == len(steps):
        return ()
    left = [(at, send_id) for _, at, _, _, send_id in rows]
    withheld = [send_id for at, send_id in left if connection.execute(_WITHHOLD, (at, send_id)).rowcount]
    _expect_all(claimed + len(withheld), steps)
    return withheld


_WRITERS: Final[Mapping[type[Step], Callable[[sqlite3.Connection, Any], Sequence[int]]]] = {
    Outcome: _conclude,
    Dotted: _dot,
    Claim: _claim,
}


def _expect_all(written: int, steps: Sequence[Step]) -> None:
    if written != len(steps):
        rows = ", ".join(str(step.send_id) for step in steps[:5]) + (", …" if len(steps) > 5 else "")
        raise LedgerError(
            f"The ledger's row {rows} is not where this send left it ({type(steps[0]).__name__} does not fit). "
            "Another program changed it; stop both, then resume."
        )
