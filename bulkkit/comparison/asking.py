"""What is asked: two campaigns and a rate, or an outcome, or people held out; and the answer put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from bulkkit import conclusions
from bulkkit.comparison.beginning import beginnings, with_moments
from bulkkit.comparison.grouping import MEAN, balance, grouped, tabled
from bulkkit.comparison.kinds import by_message
from bulkkit.comparison.listing import OPTIONAL, listed
from bulkkit.comparison.people import Question, kinds_of_people
from bulkkit.comparison.reading import Sides, known_of, measure_of, told, unanswerable
from bulkkit.comparison.result import COUNTED, LEAST_OVERLAP, Comparison
from bulkkit.comparison.sample import Sample
from bulkkit.comparison.strata import Covariates, covariates
from bulkkit.comparison.trial import against_holdout
from bulkkit.errors import InputError
from bulkkit.outcomes import KEY, NOT_TOLD, keyed
from bulkkit.statistics import Standardised
from bulkkit.vocabulary import Counts, Rate

HOLDOUT: Final = "holdout"


def compare(
    events: IntoFrame,
    sends: IntoFrame | None = None,
    contacts: IntoFrame | None = None,
    *,
    treated: str | Sequence[str],
    control: str | Sequence[str],
    rate: str = "clicked",
    adjust: str | Sequence[str] = OPTIONAL,
    counts: str = "human",
    outcome: str | None = None,
    before: str | None = None,
    holdouts: IntoFrame | None = None,
) -> Comparison:
    """Compare a rate of two campaigns, or of two groups of campaigns, between people alike.

    Parameters
    ----------
    events, sends, contacts
        As for `rates`, the events with their history and the column `at`; contacts may have `created_at, provider`.
        It is worked out where they lie: what is collected is how many people there are of each kind, alike in all that
        is looked at. Contacts of another library meet them in pandas, with a row a person.
    treated, control
        A campaign's name, or several: then each message counts, and a person's messages hang together. Control may be
        "holdout": the people who were drawn not to get it (`holdouts`).
    rate
        One of `bulkkit.vocabulary.Rate`.
    adjust
        What makes people alike: "provider", "tenure" and "engagement" (the latter two as they were just before the
        campaign's first message), or columns of contacts, words or numbers. Numbers and moments of more than ten
        values are cut into 10 to 3 groups of equal size: the finest cut at which 95 % of the people have their like
        on the other side. Those of whom a column is not known are a group of their own.
    counts
        "human" or "all"; rates other than of opens and clicks know "all" only.
    outcome
        Instead of a rate a column of contacts: true or false, or a number such as what was spent since; of everybody
        to whom the campaign was handed over or meant to be. Who has no value is left out: write 0 for nothing.
    before
        Beside a holdout, a column of contacts with a number from before the send, such as what was spent the year
        before: it sharpens the answer (CUPED).
    holdouts
        Columns `campaign, email`, as of `ledger.holdouts()`.

    Returns
    -------
    Comparison
        Fractions throughout, treated minus control.

    Raises
    ------
    InputError
        An unknown campaign, rate or column.

    Notes
    -----
    Direct standardisation: in each group of people alike the two rates are compared, and the groups weigh by their
    share of both sides' people together, each person once. It equals inverse-probability weighting with the
    probability estimated in each group; `weighted` takes it from a logistic model of all columns instead. Groups on one
    side only are left out and lower the overlap; under 50 % overlap the adjusted estimate is refused. Where a number of
    one side lies away from all of the other's (in 20 groups of equal size), no wider group makes them alike. What the
    sides still differ in inside the groups of a number, a slope in each takes away (`bulkkit.statistics.levelled`). The
    interval (`bulkkit.statistics.standardise`) allows for people on both sides. Below some 3,000 people it covers 93
    to 94 %.
    Adjusting removes selection on what is adjusted for and on nothing else.

    The clean answer is a random holdout: everybody drawn to get the message, whether or not it arrived, against
    everybody drawn not to (intention to treat). Then `adjusted` is `raw`, or sharpened by `before` (Deng, Xu, Kohavi
    and Walker 2013, "Improving the sensitivity of online controlled experiments by utilizing pre-experiment data").
    """
    sides, measure = Sides.of(treated, control), measure_of(rate, counts)
    rows, written = keyed(events, "events"), None if sends is None else keyed(sends, "sends")
    if sides.control == (HOLDOUT,):
        asked = _asked(sides, outcome or "", Counts.ALL, ())
        return against_holdout(asked, sides.treated, rows, written, contacts, holdouts, outcome, before)
    if before is not None or holdouts is not None:
        raise InputError('before= and holdouts= go with control="holdout".')
    names = (adjust,) if isinstance(adjust, str) else tuple(dict.fromkeys(adjust))
    asked = _asked(sides, outcome or measure.rate, measure.counts if outcome is None else Counts.ALL, names)
    listing = listed(contacts, names, outcome)
    rows, written = with_moments(rows, written)
    knowledge = known_of(rows, written, sides)
    if outcome is None and (unknown := unanswerable(knowledge, measure)):
        return replace(asked, verdict=unknown)
    looked_at = measure if outcome is None else measure_of(Rate.BOUNCED, Counts.ALL)
    question = Question(looked_at, beginnings(knowledge, written, sides.campaigns), names)
    messages = by_message(kinds_of_people(question, rows, written, knowledge, listing), question, listing)
    if outcome is not None:
        messages = told(messages, outcome)
    if missing := sides.missing(messages):
        return replace(asked, verdict=missing)
    return _answer(asked, sides, messages, covariates(messages, names))


def _asked(sides: Sides, rate: str, counts: Counts, names: tuple[str, ...]) -> Comparison:
    strata = pd.DataFrame(columns=[*names, *COUNTED, "weight", "difference"])
    return Comparison(*sides.labels, rate, counts, names, strata)


def _answer(asked: Comparison, sides: Sides, messages: pd.DataFrame, known: Covariates) -> Comparison:
    sample, labels = grouped(_sample(messages, sides), known)
    strata = tabled(labels, sample)
    both, people = (strata["weight"] > 0).to_numpy(), sample.heads()
    raw = sample.pooled().estimate(sample.pooled().standardised())
    answer = replace(asked, strata=strata, raw=raw, overlap=float(people[both].sum() / people.sum()))
    if answer.overlap < LEAST_OVERLAP:
        return replace(answer, verdict=conclusions.no_overlap(asked.treated, asked.control, answer.overlap))
    alike, levels = sample.within(both), labels[both].reset_index(drop=True)
    found = alike.standardised()
    answer = replace(
        answer,
        adjusted=alike.estimate(found),
        weighted=alike.estimate(alike.weighted(levels) if answer.is_adjusted else found),
        balance=balance(sample, strata, known),
        unknown=_not_known(strata),
        effective_n=found.effective_n,
    )
    return replace(answer, verdict=_verdict(answer, found, sample.is_share))


def _sample(messages: pd.DataFrame, sides: Sides) -> Sample:
    outcome, people = (messages[name].to_numpy(float) for name in ("_outcome", "_people"))
    treated = messages[KEY[0]].isin(sides.treated).to_numpy(bool)
    return Sample(outcome, pd.factorize(messages["_kind"])[0], treated, np.zeros(len(messages), int), people)


def _verdict(answer: Comparison, found: Standardised, is_share: bool) -> str:
    sides = answer.treated, answer.control
    if not answer.is_adjusted:
        return conclusions.unadjusted(*sides, answer.rate, found, is_share)
    means = answer.balance[answer.balance["level"] == MEAN]
    apart = dict(zip(means["covariate"], means["after"], strict=True))
    limits = conclusions.Limits(answer.overlap, answer.unknown, apart)
    return conclusions.selection(*sides, answer.rate, answer.raw.difference, found, limits, is_share)


def _not_known(strata: pd.DataFrame) -> dict[str, float]:
    """Return of what share of the people compared each column is unknown, where it is known of anybody."""
    names = list(strata.columns[: list(strata.columns).index("treated_n")])
    shares = {name: float(strata.loc[strata[name].astype("str") == NOT_TOLD, "weight"].sum()) for name in names}
    return {name: share for name, share in shares.items() if (strata[name].astype("str") != NOT_TOLD).any()}
