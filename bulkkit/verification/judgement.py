"""Judging a whole list by syntax, lists and likely misspellings: each address once, each domain once."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

from bulkkit.contacts.values import texts
from bulkkit.errors import InputError
from bulkkit.frames import conform, require
from bulkkit.verification.evidence import evidence
from bulkkit.verification.lists import Lists
from bulkkit.vocabulary import VERDICT_DTYPES, Action, Reason, Status

DEPTH: Final = "syntax"

RISKS: Final = {
    Reason.POSSIBLE_TYPO: "typo",
    Reason.DISPOSABLE: "disposable",
    Reason.ROLE_BASED: "role",
    Reason.PRIVACY_RELAY: "privacy_relay",
}
"""What makes an address risky, the first that holds being the reason: a squatted misspelling often stands in a
disposable list too, and it is the person behind it who is lost."""

STATUSES: Final = {
    Reason.FAILED_SYNTAX_CHECK: Status.UNDELIVERABLE,
    **dict.fromkeys(RISKS, Status.RISKY),
    Reason.NOT_PROBED: Status.UNKNOWN,
}

ACTIONS: Final = {
    Status.UNDELIVERABLE: Action.SUPPRESS,
    Status.RISKY: Action.REVIEW,
    Status.UNKNOWN: Action.SEND,
}

NO_ADDRESS: Final = "There is no address in this row."
NO_TEXT: Final = "The address is not text."


def verify(
    contacts: pd.DataFrame, depth: str = DEPTH, as_of: date | str | None = None, lists: Lists | None = None
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
        behind the first, second and fourth; `did_you_mean` is a whole address,
        also where the syntax failed; `accept_all`, `has_mx`, `smtp_code` and
        `enhanced_code` are missing at this depth. The verdict columns of a frame
        that was verified before are replaced.

    Raises
    ------
    InputError
        There is no column `email`, another depth is asked for, or a column of
        the caller's has the name of a verdict column.

    Notes
    -----
    The vocabulary is the one that Kickbox and Bouncer share. How a domain that
    is frequent in the list itself is treated is told by `typos.suggestions`.
    """
    own = _without_verdict(contacts, depth)
    column = own["email"].reset_index(drop=True)
    codes, distinct = pd.factorize(texts(column))
    addresses = pd.Series([*distinct, None], dtype="str")
    rows = np.bincount(codes + 1, minlength=len(addresses))
    verdicts = _concluded(evidence(addresses, np.roll(rows, -1), lists or Lists.default()), addresses)
    laid_out = verdicts.take(codes).reset_index(drop=True).assign(depth=depth, checked_at=_moment(as_of))
    no_text = (codes == -1) & column.notna()
    laid_out["diagnostic"] = laid_out["diagnostic"].mask(no_text, NO_TEXT)
    verdict = conform(laid_out, VERDICT_DTYPES)[list(VERDICT_DTYPES)].set_axis(own.index)
    return own.assign(**{name: verdict[name].array for name in VERDICT_DTYPES})


def _concluded(found: pd.DataFrame, addresses: pd.Series[Any]) -> pd.DataFrame:
    """Add the reason that weighs most, and the status and action that follow from it."""
    diagnostic = found["diagnostic"].mask(addresses.isna(), NO_ADDRESS)
    weighed = {Reason.FAILED_SYNTAX_CHECK: diagnostic.notna(), **{why: found[flag] for why, flag in RISKS.items()}}
    reasons = np.select(
        [flag.fillna(False).to_numpy(dtype=bool) for flag in weighed.values()],
        [why.value for why in weighed],
        Reason.NOT_PROBED.value,
    )
    statuses = pd.Series(reasons, index=found.index).map(STATUSES)
    return found.assign(diagnostic=diagnostic, reason=reasons, status=statuses, action=statuses.map(ACTIONS))


def _without_verdict(contacts: pd.DataFrame, depth: str) -> pd.DataFrame:
    """Return the caller's own columns, or say why they cannot be judged."""
    if depth != DEPTH:
        raise InputError(
            f"depth {depth!r} is not offered: this version judges by syntax and lists only. Use {DEPTH!r}."
        )
    if not isinstance(contacts, pd.DataFrame):
        raise InputError(f"verify takes a pandas frame, not {type(contacts).__name__}. Pass read_contacts(…).")
    require(contacts, ["email"], "the contacts frame")
    twice = contacts.columns[contacts.columns.duplicated()]
    if len(twice):
        raise InputError(f"the contacts frame has two columns {str(twice[0])!r}. Rename or drop one of them.")
    clashing = [name for name in VERDICT_DTYPES if name in contacts.columns]
    if {"checked_at", "depth"}.issubset(clashing):
        return contacts.drop(columns=clashing)
    if clashing:
        raise InputError(
            f"the contacts frame has its own column {clashing[0]!r}, where the verdict would go. Rename it: "
            f"contacts.rename(columns={{{clashing[0]!r}: 'own_{clashing[0]}'}})."
        )
    return contacts


def _moment(as_of: date | str | None) -> pd.Timestamp:
    moment = pd.Timestamp.now("UTC") if as_of is None else pd.Timestamp(as_of)
    return (moment.tz_localize("UTC") if moment.tz is None else moment.tz_convert("UTC")).as_unit("us")
