"""The score of a list's health, its parts, and the rows behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import pandas as pd
from narwhals.typing import IntoFrame

from bulkkit.distinctions import contrast
from bulkkit.errors import InputError
from bulkkit.scoring.basis import Basis
from bulkkit.scoring.cleaning import cleaned_table, cleaning
from bulkkit.scoring.components import scored
from bulkkit.scoring.course import course, growth, joined_before
from bulkkit.scoring.expectations import ExpectedBounces
from bulkkit.scoring.listed import Listed
from bulkkit.scoring.parts import by
from bulkkit.scoring.sunset import DAYS, MESSAGES, Rule, Sunset, sunset
from bulkkit.segmentation import moment, segment

TRAITS: Final = ("engagement", "tenure", "source", "provider")
"""What a part of a list is set apart by, unless something else is asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Health:
    """How healthy a list is.

    Attributes
    ----------
    score
        0 to 100; the points that the known components did not lose.
    components
        A row each: `component, value, lower, upper, unit, benchmark, benchmark_source, benchmark_date, weight,
        points_lost, advice`; values and benchmarks are fractions, missing where unknown; `lower` and `upper` are the
        95 % interval of what is estimated and not counted. The points lost of known ones add up to 100 - score.
    expected_bounces
        What to expect if everybody is written to.
    counts
        A row for each status and reason: `status, reason, contacts`.
    basis
        The list and what its history tells: what `rows` and `of` go back to.
    """

    score: float
    components: pd.DataFrame
    expected_bounces: ExpectedBounces
    counts: pd.DataFrame
    basis: Basis = field(repr=False)

    @classmethod
    def on(cls, basis: Basis) -> Health:
        """Score what is known of a list."""
        components, bounces = scored(basis.values()), basis.bounces()
        counts = bounces.by_reason[["status", "reason", "contacts"]]
        return cls(100 - float(components["points_lost"].sum()), components, bounces, counts, basis)

    def figure(self) -> Any:
        """Return the chart of the components (`plotly.graph_objects.Figure`)."""
        from bulkkit.charts import health as draw

        return draw(self)

    def rows(self, component: str) -> pd.DataFrame:
        """Return the rows of the list behind a component, a status or a reason.

        Parameters
        ----------
        component
            A name in `components`, or a status or reason in `counts`.

        Returns
        -------
        pandas.DataFrame
            The list's own rows, columns, index and order, one a mailbox: for `expected_bounces` those likelier to
            bounce than an address against which nothing is known; for `questionable` those; for `consent` those
            without it or undeliverable; for `engagement` those with a history who did not react in a year or are
            undeliverable; for `complaints` and `unsubscribes` those who did so in a year; for `frequency` those
            written to more than twice in 30 days; for `fatigue` those silent to the last six messages or undeliverable;
            for `decay` those who bounced hard, unsubscribed or complained; for `duplicates` the repeats; for
            `concentration` those at the largest provider.

        Raises
        ------
        InputError
            There is no such component, status or reason, or the component is unknown here.
        """
        known = self.components.set_index("component")["value"]
        if component in known.index and pd.isna(known[component]):
            raise InputError(
                f"Who is behind {component} is unknown: neither the list nor its history tells. "
                "Pass the history as bulkkit.health(checked, events=…), or a list with the columns it needs."
            )
        return self.basis.rows(component)

    def of(self, part: pd.DataFrame | pd.Series[Any]) -> Health:
        """Return the health of a part of the list, for the same moment, with what happened to its own people.

        What campaigns teach of bounces stays what it is; who is no longer on the list is in no part of it.

        Parameters
        ----------
        part
            A frame of its rows, or a mask with a truth value for each row of the list.

        Raises
        ------
        InputError
            The part is empty, or the mask does not fit the list.
        """
        return Health.on(self.basis.part(part))

    def by(self, columns: str | Sequence[str]) -> pd.DataFrame:
        """Return the health of each part of the list.

        Parameters
        ----------
        columns
            One or several of the list's own columns (segment, consent_source, provider …), or segmentations of
            `bulkkit.segment`, such as "tenure" (the age of the address) and "engagement".

        Returns
        -------
        pandas.DataFrame
            A row a part, the largest first: `columns`, then `contacts, score, expected_bounces, lower, upper`
            (fractions, 95 % prediction interval), `costliest, points_lost`.

        Raises
        ------
        InputError
            There is no such column, or it divides the list into more than 60 parts.
        """
        return by(self, columns)

    def contrast(self, part: pd.DataFrame | pd.Series[Any], columns: Sequence[str] = TRAITS) -> pd.DataFrame:
        """Return how a part of the list differs from the rest of it.

        Parameters
        ----------
        part
            A frame of its rows, or a mask, as for `of`.
        columns
            What to look at: the list's own columns, and segmentations of `bulkkit.segment`.

        Returns
        -------
        pandas.DataFrame
            What `bulkkit.distinctions.contrast` returns: a row for each column and value, with both shares, their
            difference, intervals, and a verdict. Shares are of distinct mailboxes.

        Raises
        ------
        InputError
            There is no such column, one has more than 40 values, or nobody or everybody is in the part.
        """
        basis = self.basis
        people = segment(basis.listed.people, basis.events, columns, basis.before)
        return contrast(people, basis.listed.keys.isin(basis.listed.part(part).keys), columns)

    def at(self, as_of: date | str) -> Health:
        """Return the health at an earlier moment: of who was on the list by then, with what had happened by then.

        Addresses are judged as they were verified for the list at hand; who was taken off it since is not known.
        """
        before, listed = moment(as_of), self.basis.listed
        there = joined_before(listed.checked, before)
        return Health.on(Basis.of(listed.part(there), before, self.basis.events))

    def history(self, every: str = "MS", periods: int = 12) -> pd.DataFrame:
        """Return the health at earlier moments, each as `at` says, and at its own.

        Parameters
        ----------
        every
            How far the moments are apart, as pandas writes it: MS (months), W, 30D.
        periods
            How many moments there are at the most.

        Returns
        -------
        pandas.DataFrame
            A row a moment: `at` (UTC), `contacts, score`, and the value of each component.
        """
        return course(self, every, periods)

    def growth(self, every: str = "MS") -> pd.DataFrame:
        """Return how many of the list's people joined and were lost in each span of time.

        Returns
        -------
        pandas.DataFrame
            A row a span: `at` (its beginning, UTC), `joined` (by created_at), `bounced` (hard), `unsubscribed,
            complained` (each person once, by what came first), `reachable` (joined so far and not lost); missing where
            the list has no created_at, or there are no events. Who was taken off the list stands in no row.

        Raises
        ------
        InputError
            Nothing is dated.
        """
        return growth(self, every)

    def cleaning(self) -> pd.DataFrame:
        """Return what the score would be after cleaning, step by step.

        Returns
        -------
        pandas.DataFrame
            `step, left_out, remaining` (rows), `score, expected_bounces, lower, upper`: the list as it is, then
            without duplicate rows, undeliverable addresses, those who left, doubtful addresses (probably misspelt or
            disposable), people without consent on record, and people long silent (as `sunset` finds them).
        """
        return cleaned_table(self)

    def cleaned(self, *steps: str) -> Health:
        """Return the health of the list after all steps of `cleaning`, or after those named.

        Raises
        ------
        InputError
            There is no such step, or nobody would remain.
        """
        *_, (_, _, remains) = cleaning(self, steps or None)
        if remains is None:
            raise InputError("Nobody would remain after this cleaning: there is nothing to score.")
        return remains

    def sunset(self, messages: int = MESSAGES, days: int = DAYS) -> Sunset:
        """Propose whom to stop mailing, and say what that would lose and avoid.

        Parameters
        ----------
        messages, days
            So many messages in a row without an open or click by a person, and none for so many days. People who are
            not tracked, or whose opens and clicks nobody judged, are not silent but unknown.
        """
        return sunset(self, Rule(messages, days))

    def __repr__(self) -> str:
        """Say the score, the expected bounces and the costliest component."""
        worst = self.components.sort_values("points_lost", ascending=False, na_position="last").iloc[0]
        costly = f"; {worst['component']} costs {worst['points_lost']:.1f}" if worst["points_lost"] > 0 else ""
        return f"Health {self.score:.0f} of 100{costly}; {self.expected_bounces!r}"

    def _repr_html_(self) -> str:
        table = self.components[["component", "value", "benchmark", "weight", "points_lost", "advice"]]
        styled = table.to_html(index=False, na_rep="unknown", float_format="{:.4g}".format, border=0)
        return f"<p><b>Health {self.score:.0f} of 100</b>, {self.expected_bounces!r}</p>{styled}"


def health(checked: pd.DataFrame, events: IntoFrame | None = None, as_of: date | str | None = None) -> Health:
    """Score the health of a verified list.

    Parameters
    ----------
    checked
        What `bulkkit.verify` returned: columns `email, status, reason`; flags, consent and provider where it has them.
    events
        The history, any frame that Narwhals knows; without it engagement, complaints and the like are unknown.
    as_of
        The moment for which it holds; now if left out.

    Returns
    -------
    Health
        Shares are of distinct mailboxes. Making a list worse never raises its score: an address that turns risky or
        undeliverable, that loses its consent, or that is added as undeliverable or as a repeat.

    Raises
    ------
    InputError
        The list is empty, or was not verified.
    """
    listed, before = Listed.of(checked), moment(as_of)
    return Health.on(Basis.of(listed, before, events))
