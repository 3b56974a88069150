"""Who gets the message and who does not: each row of the list falls into exactly one step.

Only the first reason counts, in the order of `STEPS`, so that the steps add up
to the list.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd
from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype

from bulkkit.addresses import domain_of, mailbox_keys
from bulkkit.contacts import consented
from bulkkit.contacts.values import bases
from bulkkit.errors import InputError
from bulkkit.message.mime import CONTROL
from bulkkit.sending.holdout import held_out, require_share
from bulkkit.vocabulary import CampaignKind, ConsentBasis, Reason, Status

RECIPIENT: Final = "recipient"
STEPS: Final = (
    "duplicate",
    "no_consent",
    "suppressed",
    "undeliverable",
    "unusable",
    "risky",
    "capped",
    "over_limit",
    "holdout",
)
"""Why a row is left out, in the order in which the reasons are looked at."""
CHOSEN: Final = ("risky", "capped", "over_limit", "holdout")
"""The steps by which rows are left out that may be written to."""

FREQUENCY_CAP: Final = 2
FREQUENCY_DAYS: Final = 30
"""Once or twice a month at most: more mass mail than that costs the sender's reputation."""

LEAVE_OUT: Final = frozenset({Reason.DISPOSABLE, Reason.POSSIBLE_TYPO, Reason.ROLE_BASED, Reason.PRIVACY_RELAY})
"""The risky reasons that a plan can be asked to leave out."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a plan is made by, beside the list itself.

    Parameters
    ----------
    kind
        Of the campaign: only blasts are capped by frequency.
    tokens
        The columns that the message fills in; control characters in them leave the row out.
    suppressed
        Mailbox keys that are never written to.
    blasts
        Who was sent which blast in the last `FREQUENCY_DAYS` days (columns campaign, email).
    consent
        Where consent is kept, for a list whose columns do not say; None trusts the columns.
    leave_out
        Reasons of risky rows to leave out.
    limit
        At most so many recipients, the list's first ones.
    holdout
        The share of those who remain that is kept without the message, drawn by `campaign` and mailbox.
    campaign
        The name by which they are drawn.
    """

    kind: CampaignKind
    tokens: Collection[str] = ()
    suppressed: Collection[str] = frozenset()
    blasts: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"campaign": [], "email": []}))
    consent: str | None = None
    leave_out: Collection[str] = frozenset()
    limit: int | None = None
    holdout: float = 0.0
    campaign: str = ""


def fates(checked: pd.DataFrame, choices: Choices) -> pd.Series[Any]:
    """Return for each row of a verified list the step that leaves it out, or `recipient`.

    Returns
    -------
    pandas.Series
        `str`, on the frame's index.

    Raises
    ------
    InputError
        Where `leave_out` names what is no reason to leave somebody out, or `holdout` is no share.
    """
    unknown = set(choices.leave_out) - LEAVE_OUT
    if unknown:
        raise InputError(f"leave_out names {', '.join(sorted(unknown))}; it can name {', '.join(sorted(LEAVE_OUT))}.")
    keys = mailbox_keys(checked["email"].astype("str"))
    tests = _tests(checked, keys, choices)
    step = np.select([test.to_numpy(dtype=bool) for test in tests.values()], range(len(tests)), len(STEPS))
    _choose(step, keys, choices)
    names = pd.array([*STEPS, RECIPIENT], dtype="str")
    return pd.Series(names.take(step), index=checked.index, name="fate")


def _choose(step: np.ndarray[Any, np.dtype[Any]], keys: pd.Series[Any], choices: Choices) -> None:
    """Take out, of those who remain, whoever is beyond the limit, then whoever is held out.

    The holdout is the last step: who is in it would have got the message, so the two groups can be compared.
    """
    left = np.flatnonzero(step == len(STEPS))
    if choices.limit is not None:
        step[left[choices.limit :]] = STEPS.index("over_limit")
        left = left[: choices.limit]
    if require_share(choices.holdout):
        step[left[held_out(keys.iloc[left], choices.campaign, choices.holdout).to_numpy()]] = STEPS.index("holdout")


def _tests(checked: pd.DataFrame, keys: pd.Series[Any], choices: Choices) -> dict[str, pd.Series[Any]]:
    allowed, unusable = _may_be_written_to(checked, choices.consent), _unusable(checked, choices.tokens)
    return {
        "duplicate": _repeats(keys, usable=allowed & ~unusable),
        "no_consent": ~allowed,
        "suppressed": keys.isin(list(choices.suppressed)) | (checked["reason"] == Reason.SUPPRESSED),
        "undeliverable": checked["status"] == Status.UNDELIVERABLE,
        "unusable": unusable,
        "risky": _risky(checked, choices.leave_out),
        "capped": _capped(keys, choices),
    }


def _repeats(keys: pd.Series[Any], usable: pd.Series[Any]) -> pd.Series[Any]:
    """Tell which rows name a mailbox that a better row names: an earlier one, or one that can be written to."""
    order = np.argsort(~usable.to_numpy(dtype=bool), kind="stable")
    ordered = keys.iloc[order]
    repeats = np.zeros(len(keys), dtype=bool)
    repeats[order] = (ordered.duplicated() & ordered.notna()).to_numpy()
    return pd.Series(repeats, index=keys.index)


def _may_be_written_to(checked: pd.DataFrame, consent: str | None) -> pd.Series[Any]:
    known = consented(checked)
    # A note on where consent is kept speaks for the unknown rows, never for the bought ones.
    return known.fillna(consent is not None).astype(bool)


def _unusable(checked: pd.DataFrame, tokens: Collection[str]) -> pd.Series[Any]:
    found = pd.Series(False, index=checked.index)
    for name in tokens:
        if name in checked.columns and not _is_numbers(checked[name]):
            codes, values = pd.factorize(checked[name])
            found |= np.append([_has_control(value) for value in values], False)[codes].astype(bool)
    return found


def _is_numbers(column: pd.Series[Any]) -> bool:
    return is_numeric_dtype(column) or is_datetime64_any_dtype(column)


def _has_control(value: Any) -> bool:
    return CONTROL.search(str(value)) is not None


def _risky(checked: pd.DataFrame, leave_out: Collection[str]) -> pd.Series[Any]:
    flags = {Reason.DISPOSABLE: "disposable", Reason.ROLE_BASED: "role", Reason.PRIVACY_RELAY: "privacy_relay"}
    risky = checked["reason"].isin([str(reason) for reason in leave_out])
    for reason in leave_out:
        if reason in flags:
            risky |= checked[flags[Reason(reason)]].fillna(False).astype(bool)
    return risky


def _capped(keys: pd.Series[Any], choices: Choices) -> pd.Series[Any]:
    if choices.kind != CampaignKind.BLAST:
        return pd.Series(False, index=keys.index)
    return _had(keys, choices.blasts, FREQUENCY_CAP)


def had_a_blast(emails: pd.Series[Any], blasts: pd.DataFrame) -> int:
    """Return to how many of the addresses one of the blasts went (columns campaign, email)."""
    return 0 if blasts.empty else int(_had(mailbox_keys(emails.astype("str")), blasts, 1).sum())


def _had(keys: pd.Series[Any], blasts: pd.DataFrame, least: int) -> pd.Series[Any]:
    if blasts.empty:
        return pd.Series(False, index=keys.index)
    sent = blasts.assign(mailbox=mailbox_keys(blasts["email"].astype("str")))
    counts = sent.drop_duplicates(["campaign", "mailbox"]).groupby("mailbox").size()
    return keys.isin(counts.index[counts >= least])


def waterfall(fate: pd.Series[Any]) -> pd.DataFrame:
    """Return how the list becomes the recipients: columns step, rows, remaining.

    The first row is `read`, the last `recipients`; between them `rows` counts who
    is left out in that step and `remaining` who is left after it.
    """
    counts = fate.value_counts()
    out = pd.Series({step: int(counts.get(step, 0)) for step in STEPS})
    remaining = len(fate) - out.cumsum()
    total = pd.Series([len(fate)], index=["read"])
    left = pd.Series([int(counts.get(RECIPIENT, 0))], index=["recipients"])
    rows = pd.concat([total, out, left]).astype("int64")
    return pd.DataFrame(
        {
            "step": rows.index.astype("str"),
            "rows": rows.to_numpy(),
            "remaining": pd.concat([total, remaining, left]).to_numpy(),
        }
    )


def bought(checked: pd.DataFrame) -> pd.Series[Any]:
    """Tell which rows were bought; they are never sent to."""
    if "consent_basis" not in checked.columns:
        return pd.Series(False, index=checked.index)
    return bases(checked["consent_basis"]).eq(ConsentBasis.BOUGHT).fillna(False).astype(bool)


def networks(emails: pd.Series[Any], known: Mapping[str, str] | None = None) -> pd.Series[Any]:
    """Return the network of each address: who is known to run its domain's mail servers, by default nobody.

    What is not known is the registrable domain (Public Suffix List).

    Parameters
    ----------
    emails
        The addresses; one that is missing has no network.
    known
        Networks by domain, in lower case and A-labels.
    """
    suffixes, names = _public_suffixes(), known or {}
    codes, domains = pd.factorize(domain_of(emails.astype("str")))
    table = [names.get(domain) or suffixes.privatesuffix(domain) or domain for domain in domains]
    found = pd.array(table, dtype="str").take(codes, allow_fill=True)
    return pd.Series(found, index=emails.index, name="network")


@cache
def _public_suffixes() -> Any:
    # Reading the list takes longer than looking up a thousand domains in it.
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()
