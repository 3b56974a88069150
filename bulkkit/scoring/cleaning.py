"""What cleaning a list would do to its health: a step at a time, each for one reason."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from bulkkit.errors import InputError
from bulkkit.scoring.basis import Basis
from bulkkit.scoring.sunset import silent
from bulkkit.vocabulary import EventKind, Reason

if TYPE_CHECKING:
    from bulkkit.scoring.score import Health


def _nobody(basis: Basis) -> pd.Series[Any]:
    return pd.Series(False, index=basis.listed.people.index)


def _doubtful(basis: Basis) -> pd.Series[Any]:
    people = basis.listed.people
    found: pd.Series[Any] = people["reason"].isin([Reason.POSSIBLE_TYPO, Reason.DISPOSABLE])
    return found | people["disposable"].isin([True]) if "disposable" in people.columns else found


def _gone(basis: Basis) -> pd.Series[Any]:
    suppressed: pd.Series[Any] = basis.listed.people["reason"] == Reason.SUPPRESSED
    if basis.past is None:
        return suppressed
    left = [basis.past.who(kind) for kind in (EventKind.COMPLAINED, EventKind.UNSUBSCRIBED)]
    return suppressed | basis.listed.keys.isin(pd.concat(left))


def _without_consent(basis: Basis) -> pd.Series[Any]:
    consented = basis.listed.consented
    return _nobody(basis) if consented is None else ~consented


STEPS: Final[Mapping[str, Callable[[Basis], pd.Series[Any]]]] = MappingProxyType(
    {
        "duplicate": _nobody,
        "undeliverable": lambda basis: ~basis.listed.usable,
        "left": _gone,
        "doubtful": _doubtful,
        "no_consent": _without_consent,
        "silent": silent,
    }
)
"""The steps in their order, and whom each leaves out of those who remain; repeats go before anything else."""


def cleaning(health: Health, steps: Collection[str] | None = None) -> Iterator[tuple[str, int, Health | None]]:
    """Yield each step, how many rows it leaves out, and the health of what remains (None where nobody does)."""
    asked = list(STEPS) if steps is None else list(steps)
    if odd := [step for step in asked if step not in STEPS]:
        raise InputError(f"There is no cleaning step {odd[0]!r}; choose from {', '.join(STEPS)}.")
    part: Health | None = health
    for step in (step for step in STEPS if step in asked):
        if part is None:
            return
        rows = part.basis.listed.people if step == "duplicate" else _kept(part.basis, step)
        before = len(part.basis.listed.checked)
        part = part.of(rows) if len(rows) else None
        yield step, before - len(rows), part


def _kept(basis: Basis, step: str) -> pd.DataFrame:
    """Return the rows that a step keeps; repeats of the people it keeps stay, if they were not left out before."""
    gone = basis.listed.keys[STEPS[step](basis).to_numpy(bool)]
    return basis.listed.without(gone)


def cleaned_table(health: Health) -> pd.DataFrame:
    """Return a row for the list as it is, and one for each step: what `Health.cleaning` says."""
    rows = [_row("as it is", 0, len(health.basis.listed.checked), health)]
    for step, gone, part in cleaning(health):
        rows.append(_row(step, gone, rows[-1]["remaining"] - gone, part))
    return pd.DataFrame(rows)


def _row(step: str, gone: int, remaining: int, part: Health | None) -> dict[str, Any]:
    nan = float("nan")
    bounces = None if part is None else part.expected_bounces
    figures = (nan, nan, nan) if bounces is None else (bounces.rate, bounces.rate_lower, bounces.rate_upper)
    score = nan if part is None else part.score
    told = {"step": step, "left_out": gone, "remaining": remaining, "score": score}
    return told | dict(zip(("expected_bounces", "lower", "upper"), figures, strict=True))
