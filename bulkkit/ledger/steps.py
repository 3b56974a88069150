"""The steps of running sends, written down: claims, dots and outcomes, those of one kind together."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any, Final

from bulkkit.errors import LedgerError
from bulkkit.ledger.moments import to_stored, to_stored_or_none
from bulkkit.transitions import Claim, Dotted, Outcome, Step
from bulkkit.vocabulary import SuppressionReason

_CLAIM: Final = """
    UPDATE sends SET state = 'claimed', relay = ?, claimed_at = ?, boot_id = ?, boot_seconds = ?, due_at = NULL,
        attempts = attempts + 1, finished_at = NULL, reason = NULL, smtp_code = NULL, enhanced_code = NULL, reply = NULL
    WHERE id IN ({marks}) AND state IN ('queued', 'deferred')
        AND NOT EXISTS (SELECT 1 FROM suppressions WHERE suppressions.mailbox = sends.mailbox)
"""
_WITHHOLD: Final = """
    UPDATE sends SET state = 'refused', reason = 'suppressed', finished_at = ?, due_at = NULL,
        smtp_code = NULL, enhanced_code = NULL, reply = NULL
    WHERE id = ? AND state IN ('queued', 'deferred')
"""
_DOT: Final = "UPDATE sends SET state = 'dotted' WHERE id IN ({marks}) AND state = 'claimed'"
_OUTCOME: Final = """
    UPDATE sends SET state = ?, reason = ?, due_at = ?, finished_at = ?, smtp_code = ?, enhanced_code = ?, reply = ?
    WHERE id IN ({marks}) AND state IN ('claimed', 'dotted')
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
    written = _update(
        connection,
        _OUTCOME,
        (
            (send_id, (state, reason, to_stored_or_none(due_at), to_stored(at), smtp_code, enhanced_code, reply))
            for send_id, state, at, reason, due_at, smtp_code, enhanced_code, reply, _ in steps
        ),
    )
    _expect_all(written, steps)
    dead = [(SuppressionReason.BOUNCED, to_stored(step.at), step.send_id) for step in steps if step.suppress]
    connection.executemany(_SUPPRESS, dead)
    return ()


def _dot(connection: sqlite3.Connection, steps: Sequence[Dotted]) -> Sequence[int]:
    _expect_all(_update(connection, _DOT, ((send_id, ()) for (send_id,) in steps)), steps)
    return ()


def _claim(connection: sqlite3.Connection, steps: Sequence[Claim]) -> Sequence[int]:
    # The claim overwrites the stamps of the attempt before it, and the limits count each attempt.
    connection.executemany(_KEEP_ATTEMPT, [(step.send_id,) for step in steps if step.again])
    rows = ((send_id, (relay, to_stored(at), boot, seconds)) for send_id, relay, (at, boot, seconds), _ in steps)
    claimed = _update(connection, _CLAIM, rows)
    if claimed == len(steps):
        return ()
    left = [(to_stored(step.stamp.at), step.send_id) for step in steps]
    withheld = [send_id for at, send_id in left if connection.execute(_WITHHOLD, (at, send_id)).rowcount]
    _expect_all(claimed + len(withheld), steps)
    return withheld


def _update(connection: sqlite3.Connection, statement: str, rows: Iterable[tuple[int, tuple[Any, ...]]]) -> int:
    """Set the same values for all rows that get them in one go; return how many rows were there."""
    alike: dict[tuple[Any, ...], list[int]] = {}
    for send_id, values in rows:
        alike.setdefault(values, []).append(send_id)
    single = [(*values, *ids) for values, ids in alike.items() if len(ids) == 1]
    written = connection.executemany(_marked(statement, 1), single).rowcount if single else 0
    for values, ids in alike.items():
        if len(ids) > 1:
            width = 1 << (len(ids) - 1).bit_length()
            filled = ids + ids[-1:] * (width - len(ids))
            written += connection.execute(_marked(statement, width), (*values, *filled)).rowcount
    return written


@cache
def _marked(statement: str, width: int) -> str:
    # Few widths, or each would be a statement of its own to be prepared.
    return statement.format(marks=",".join("?" * width))


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
