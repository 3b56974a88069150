"""The steps of running sends, written down: claims, dots and outcomes, each kind in one statement.

A statement takes its rows as JSON, so that SQLite works on all of them without Python in between.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from bulkkit.errors import LedgerError
from bulkkit.ledger.moments import to_stored, to_stored_or_none
from bulkkit.transitions import Claim, Dotted, Outcome, Step
from bulkkit.vocabulary import SuppressionReason

_CLAIM: Final = """
    UPDATE sends SET state = 'claimed', relay = row.value ->> 1, claimed_at = row.value ->> 2,
        boot_id = row.value ->> 3, boot_seconds = row.value ->> 4, attempts = attempts + 1,
        due_at = NULL, finished_at = NULL, reason = NULL, smtp_code = NULL, enhanced_code = NULL, reply = NULL
    FROM json_each(?) AS row WHERE sends.id = row.value ->> 0 AND state IN ('queued', 'deferred')
        AND NOT EXISTS (SELECT 1 FROM suppressions WHERE suppressions.mailbox = sends.mailbox)
"""
_WITHHOLD: Final = """
    UPDATE sends SET state = 'refused', reason = 'suppressed', finished_at = row.value ->> 2, due_at = NULL,
        smtp_code = NULL, enhanced_code = NULL, reply = NULL
    FROM json_each(?) AS row WHERE sends.id = row.value ->> 0 AND state IN ('queued', 'deferred')
    RETURNING sends.id
"""
_DOT: Final = """
    UPDATE sends SET state = 'dotted'
    FROM json_each(?) AS row WHERE sends.id = row.value ->> 0 AND state = 'claimed'
"""
_OUTCOME: Final = """
    UPDATE sends SET state = row.value ->> 1, finished_at = row.value ->> 2, reason = row.value ->> 3,
        due_at = row.value ->> 4, smtp_code = row.value ->> 5, enhanced_code = row.value ->> 6,
        reply = row.value ->> 7
    FROM json_each(?) AS row WHERE sends.id = row.value ->> 0 AND state IN ('claimed', 'dotted')
"""
_KEEP_ATTEMPTS: Final = """
    INSERT OR IGNORE INTO attempts
    SELECT id, attempts, relay, claimed_at, boot_id, boot_seconds, finished_at, reason, smtp_code, enhanced_code, reply
    FROM sends WHERE id IN (SELECT value FROM json_each(?)) AND attempts > 0
"""
_SUPPRESS: Final = """
    INSERT OR IGNORE INTO suppressions
    SELECT mailbox, email, ?, row.value ->> 1, 'ledger', campaign
    FROM json_each(?) AS row JOIN sends ON sends.id = row.value ->> 0
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
    rows = json.dumps(
        [
            (send_id, state, to_stored(at), reason, to_stored_or_none(due_at), smtp_code, enhanced_code, reply)
            for send_id, state, at, reason, due_at, smtp_code, enhanced_code, reply, _ in steps
        ]
    )
    _expect_all(connection.execute(_OUTCOME, (rows,)).rowcount, steps)
    if dead := [(step.send_id, to_stored(step.at)) for step in steps if step.suppress]:
        connection.execute(_SUPPRESS, (SuppressionReason.BOUNCED, json.dumps(dead)))
    return ()


def _dot(connection: sqlite3.Connection, steps: Sequence[Dotted]) -> Sequence[int]:
    _expect_all(connection.execute(_DOT, (json.dumps(steps),)).rowcount, steps)
    return ()


def _claim(connection: sqlite3.Connection, steps: Sequence[Claim]) -> Sequence[int]:
    if again := [step.send_id for step in steps if step.again]:
        # The claim overwrites the stamps of the attempt before it, and the limits count each attempt.
        connection.execute(_KEEP_ATTEMPTS, (json.dumps(again),))
    rows = json.dumps(
        [(send_id, relay, to_stored(stamp.at), stamp.boot_id, stamp.boot_seconds) for send_id, relay, stamp, _ in steps]
    )
    claimed = connection.execute(_CLAIM, (rows,)).rowcount
    if claimed == len(steps):
        return ()
    withheld = [send_id for (send_id,) in connection.execute(_WITHHOLD, (rows,))]
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
