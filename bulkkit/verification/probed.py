"""What mail servers said of single mailboxes, put beside what was known: who is asked, and what follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import pandas as pd

from bulkkit.addresses import domain_of
from bulkkit.contacts.values import texts
from bulkkit.verification.depths import PROBE
from bulkkit.verification.domains.answers import DomainAnswer
from bulkkit.verification.domains.networks import REACHED, is_parked, network_of
from bulkkit.verification.domains.resolver import Resolver
from bulkkit.verification.weights import REASONS, STATUSES, action
from bulkkit.vocabulary import Reason, Status

SETTLED: Final = (Reason.SUPPRESSED, Reason.DELIVERED_BEFORE)
"""What the past has decided: such mailboxes are not asked about."""

_CODES: Final = ("smtp_code", "enhanced_code", "accept_all")


@dataclass(frozen=True, slots=True)
class Target:
    """A mailbox to ask about: its address with the domain in A-labels, and whose servers take its mail."""

    address: str
    domain: str
    hosts: tuple[str, ...]
    network: str


@dataclass(frozen=True, slots=True)
class Probed:
    """What a mail server said of a mailbox.

    Attributes
    ----------
    reason : Reason
        What follows from it.
    smtp_code, enhanced_code, diagnostic
        The server's own codes and words, where it said something.
    accept_all : bool, optional
        Whether it takes mail for any name at this domain; None where unknown.
    asked : bool
        Whether a server was asked at all.
    """

    reason: Reason
    smtp_code: int | None = None
    enhanced_code: str | None = None
    diagnostic: str | None = None
    accept_all: bool | None = None
    asked: bool = True


class Prober(Protocol):
    """Whoever asks mail servers about mailboxes."""

    def ask(self, targets: Sequence[Target], resolver: Resolver) -> Mapping[str, Probed]:
        """Return what was said of each target, by address."""


def with_probe(
    checked: pd.DataFrame,
    decided: pd.DataFrame,
    ask: Callable[[Sequence[Target]], Mapping[str, Probed]],
    domains: Callable[[Iterable[str]], Mapping[str, DomainAnswer]],
) -> pd.DataFrame:
    """Return the verdicts with what mail servers say of those mailboxes that are still open.

    `decided` are the verdicts with the past in them: what it settled is not asked
    about. `domains` says what DNS answered. A mailbox is asked about once.
    """
    rows = _addresses(checked)[~_is_settled(decided)]
    known = domains(rows["domain"].dropna().unique().tolist())
    targets = dict(_targets(rows, known))
    if not targets:
        return checked
    answers = ask(list(dict.fromkeys(targets.values())))
    told = {place: answers[target.address] for place, target in targets.items() if target.address in answers}
    return _overlaid(checked, told)


def _addresses(checked: pd.DataFrame) -> pd.DataFrame:
    """Return the address and domain of each row, on the row's number; missing where the syntax failed."""
    addresses = texts(checked["normalized"]).reset_index(drop=True)
    return pd.DataFrame({"local": addresses.str.rpartition("@")[0], "domain": domain_of(addresses)})


def _is_settled(decided: pd.DataFrame) -> Any:
    reasons = decided["reason"].isin(list(SETTLED))
    return (reasons | decided["status"].eq(Status.UNDELIVERABLE)).to_numpy()


def _targets(rows: pd.DataFrame, known: Mapping[str, DomainAnswer]) -> Iterable[tuple[int, Target]]:
    for place, local, domain in rows.dropna().itertuples():
        answer = known.get(domain)
        if answer and answer.mail in REACHED and not is_parked(answer):
            yield place, Target(f"{local}@{domain}", domain, answer.hosts, network_of(answer) or domain)


def _overlaid(checked: pd.DataFrame, told: Mapping[int, Probed]) -> pd.DataFrame:
    """Return the verdicts with the answers in their rows; of two reasons the heavier one stands."""
    columns = {name: checked[name].tolist() for name in (*_CODES, "status", "reason", "action", "diagnostic", "depth")}
    for place, answer in told.items():
        reason = max(Reason(columns["reason"][place]), answer.reason, key=REASONS.index)
        columns["reason"][place], columns["status"][place] = str(reason), str(STATUSES[reason])
        columns["action"][place] = str(action(reason))
        columns["diagnostic"][place] = _joined(columns["diagnostic"][place], answer.diagnostic)
        if answer.asked:
            columns["depth"][place] = PROBE
            for name in _CODES:
                columns[name][place] = getattr(answer, name)
    anew = {name: pd.Series(values, index=checked.index, dtype=checked[name].dtype) for name, values in columns.items()}
    return checked.assign(**anew)


def _joined(*words: Any) -> str | None:
    return " ".join(word for word in words if isinstance(word, str) and word) or None
