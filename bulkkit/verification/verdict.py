"""The verdict on one address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
from narwhals.typing import IntoFrame

from bulkkit.verification.depths import SYNTAX
from bulkkit.verification.judgement import verify
from bulkkit.verification.lists import Lists
from bulkkit.verification.past import AnyLedger
from bulkkit.verification.probed import Prober
from bulkkit.vocabulary import VERDICT_DTYPES, Action, Reason, Status


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of one address: the address, then the columns that `verify` adds, None where unknown."""

    email: str
    status: Status
    reason: Reason
    action: Action
    did_you_mean: str | None
    provider: str | None
    disposable: bool | None
    role: bool | None
    free: bool | None
    accept_all: bool | None
    privacy_relay: bool | None
    has_mx: bool | None
    listed_by: str | None
    depth: str
    checked_at: datetime
    smtp_code: int | None
    enhanced_code: str | None
    diagnostic: str | None
    normalized: str | None


def verify_address(
    address: str,
    depth: str = SYNTAX,
    as_of: date | str | None = None,
    lists: Lists | None = None,
    *,
    events: IntoFrame | None = None,
    ledger: AnyLedger | None = None,
    resolver: Any = None,
    probe: Prober | None = None,
) -> Verdict:
    """Judge one address as `verify` judges a list of one row.

    Parameters
    ----------
    address : str
        The address, as it is.
    depth, as_of, lists, events, ledger, resolver, probe
        As for `verify`.

    Returns
    -------
    Verdict
        `verify_address("ana@exmaple.org").did_you_mean` is `ana@example.org`.

    Raises
    ------
    InputError, LedgerError
        As for `verify`.
    """
    one = pd.DataFrame({"email": pd.Series([address], dtype=object)})
    columns = verify(one, depth, as_of, lists, events=events, ledger=ledger, resolver=resolver, probe=probe)
    row: dict[str, Any] = {name: _cell(columns[name]) for name in VERDICT_DTYPES}
    row |= {
        "email": address,
        "status": Status(row["status"]),
        "reason": Reason(row["reason"]),
        "action": Action(row["action"]),
    }
    return Verdict(**row)


def _cell(column: Any) -> Any:
    value = column.tolist()[0]
    return None if pd.isna(value) else value
