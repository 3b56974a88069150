"""The score of a list's health, its parts, and the rows behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd
from narwhals.typing import IntoFrame

from bulkkit.benchmarks import scored
from bulkkit.errors import InputError
from bulkkit.expectations import ExpectedBounces
from bulkkit.scoring.basis import Basis
from bulkkit.scoring.listed import Listed
from bulkkit.scoring.past import Past
from bulkkit.segmentation import moment


@dataclass(frozen=True, slots=True, eq=False)
class Health:
    """How healthy a list is.

    Attributes
    ----------
    score
        0 to 100; the points that the known components did not lose.
    components
        A row each: `component, value, unit, benchmark, benchmark_source, benchmark_date, weight, points_lost, advice`;
        values and benchmarks are fractions, missing where unknown, and the points lost of known ones add up to
        100 - score.
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
            written to more than twice in 30 days; for `duplicates` the repeats; for `concentration` those at the
            largest provider.

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
        """Return the health of a part of the list, with the same history and for the same moment.

        Parameters
        ----------
        part
            A frame of its rows, or a mask with a truth value for each row of the list.

        Raises
        ------
        InputError
            The part is empty, or the mask does not fit the list.
        """
        return _score(Basis(self.basis.listed.part(part), self.basis.past))

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
    return _score(Basis(listed, None if events is None else Past.of(events, before)))


def _score(basis: Basis) -> Health:
    bounces = basis.bounces()
    components = scored({"expected_bounces": bounces.rate} | basis.values())
    counts = bounces.by_reason[["status", "reason", "contacts"]]
    return Health(100 - float(components["points_lost"].sum()), components, bounces, counts, basis)
