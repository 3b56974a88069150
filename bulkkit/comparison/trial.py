"""A campaign beside the people who were drawn not to get it: nothing of the difference is selection."""

from __future__ import annotations

from dataclasses import replace

import narwhals as nw
import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from bulkkit import conclusions
from bulkkit.comparison.grouping import tabled
from bulkkit.comparison.reading import with_outcome
from bulkkit.comparison.result import Comparison
from bulkkit.comparison.sample import Sample
from bulkkit.errors import InputError
from bulkkit.outcomes import KEY, Frame, gathered, keyed


def against_holdout(
    asked: Comparison,
    campaigns: tuple[str, ...],
    events: Frame,
    sends: Frame | None,
    contacts: IntoFrame | None,
    holdouts: IntoFrame | None,
    outcome: str | None,
    before: str | None,
) -> Comparison:
    """Compare everybody drawn to get the campaigns with everybody drawn not to (intention to treat)."""
    if holdouts is None or outcome is None:
        raise InputError(
            'control="holdout" needs holdouts=ledger.holdouts(), and outcome=, a column of contacts: people held out '
            "got nothing to open or click, so it must be something that they could do as well."
        )
    meant = events if sends is None else sends
    drawn = [_people(keyed(holdouts, "holdouts"), campaigns, False), _people(meant, campaigns, True)]
    if not len(drawn[0]):
        raise InputError(f"Nobody was held out of {', '.join(campaigns)}; hold some out before a send.")
    # Who was drawn not to get it and got it all the same stays where chance had put him.
    people = pd.concat(drawn, ignore_index=True).drop_duplicates(KEY[1])
    wanted = [outcome] if before is None else [outcome, before]
    rows = with_outcome(people, contacts, *wanted)
    if len(set(rows["treated"])) < 2:
        raise InputError(f"contacts knows {outcome} of one side only; pass the contacts of both.")
    return _answer(asked, rows)


def _answer(asked: Comparison, rows: pd.DataFrame) -> Comparison:
    person = pd.factorize(rows[KEY[1]])[0]
    outcome, treated = rows["outcome"].to_numpy(float), rows["treated"].to_numpy(bool)
    sample = Sample(outcome, person, treated, np.zeros(len(rows), int), np.ones(len(rows)))
    found = sample.standardised()
    raw, adjusted, gain = sample.estimate(found), found, 0.0
    if "before" in rows:
        sharper = replace(sample, outcome=sharpened(sample.outcome, rows["before"].to_numpy(float), sample.treated))
        adjusted = sharper.standardised()
        gain = max(1 - float(sharper.outcome.var() / sample.outcome.var()), 0.0) if sample.outcome.var() > 0 else 0.0
    return replace(
        asked,
        strata=tabled(pd.DataFrame(index=[0]), sample),
        raw=raw,
        adjusted=sample.estimate(adjusted),
        weighted=raw,
        overlap=1.0,
        effective_n=found.effective_n / (1 - min(gain, 1 - 1e-9)),
        randomised=True,
        verdict=conclusions.randomised(asked.treated, asked.rate, adjusted, sample.is_share, gain),
    )


def sharpened(outcome: np.ndarray, before: np.ndarray, treated: np.ndarray) -> np.ndarray:
    """Return outcomes less what was to be expected of each person from before, which is alike on both sides (CUPED).

    Who has no number from before is taken as average: chance put as many of them on either side.
    """
    known = np.where(np.isnan(before), np.nanmean(before), before)
    within = [(outcome[side] - outcome[side].mean(), known[side] - known[side].mean()) for side in (treated, ~treated)]
    spread = sum(float(x @ x) for _, x in within)
    slope = sum(float(y @ x) for y, x in within) / spread if spread > 0 else 0.0
    return np.asarray(outcome - slope * (known - known.mean()))


def _people(rows: Frame, campaigns: tuple[str, ...], treated: bool) -> pd.DataFrame:
    chosen = rows.filter(nw.col(KEY[0]).is_in(list(campaigns))).select(*KEY).unique()
    return gathered(chosen).assign(treated=treated)
