"""Judging a whole list by syntax, lists and likely misspellings: each domain once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from bulkkit.errors import InputError
from bulkkit.verification.anatomy import anatomy
from bulkkit.verification.domain_table import domain_table
from bulkkit.verification.lists import Lists
from bulkkit.verification.partition import SYNTAX, own_columns, verdicts


def verify(
    contacts: pd.DataFrame, depth: str = SYNTAX, as_of: date | str | None = None, lists: Lists | None = None
) -> pd.DataFrame:
    """Judge each address of a list by its syntax, by lists and for likely misspellings, without asking the network.

    Parameters
    ----------
    contacts : pandas.DataFrame
        A frame with a column `email`; see `read_contacts`.
    depth : {"syntax"}
        How far to look.
    as_of : date, str or datetime, optional
        The moment that `checked_at` says; UTC where it has no zone. Default now.
    lists : Lists, optional
        What is disposable, a role, free or a privacy relay. Default
        `Lists.default()`.

    Returns
    -------
    pandas.DataFrame
        The caller's columns as they are, on the same index, then those of
        `vocabulary.VERDICT_DTYPES`. Each row has a `status`, one primary
        `reason` and an `action`:

        - `undeliverable`, `failed_syntax_check`, suppress: email-validator
          refuses it; its message is the `diagnostic`;
        - `risky`, review: `possible_typo`, `disposable`, `role_based` or
          `privacy_relay`, in this order;
        - `unknown`, `not_probed`, send: nothing speaks against it. Without a
          probe or a delivery no address is `deliverable`.

        `disposable`, `role`, `free` and `privacy_relay` are flags of their own,
        and missing where the address has no domain; `listed_by` names the lists
        behind them; `did_you_mean` is a whole address, also where the syntax
        failed; `normalized` is the address in its normal form (the domain in
        lower case and Unicode), missing where the syntax failed; `accept_all`,
        `has_mx`, `smtp_code` and `enhanced_code` are missing at this depth. The
        verdict columns of a frame that was verified before are replaced.

    Raises
    ------
    InputError
        There is no column `email`, another depth is asked for, or a column of
        the caller's has the name of a verdict column.

    Notes
    -----
    The vocabulary is the one that Kickbox and Bouncer share. Parts of a list that
    are too big for one frame are judged by `partition.judge`. How a domain that
    is frequent in the list itself is treated is told by `typos.suggestions`.
    """
    require_offered(depth)
    own = own_columns(contacts)
    return own.assign(**judgement(own["email"], as_of, lists))


def judgement(column: pd.Series[Any], as_of: date | str | None, lists: Lists | None) -> dict[str, Any]:
    """Return the columns of the verdict on a whole column of addresses."""
    parts = anatomy(column)
    return verdicts(parts, lambda: domain_table(parts.rows, lists), as_of, lists)


def require_offered(depth: str) -> None:
    """Raise `InputError` where a list cannot be judged to that depth."""
    if depth != SYNTAX:
        raise InputError(
            f"depth {depth!r} is not offered: this version judges by syntax and lists only. Use {SYNTAX!r}."
        )
