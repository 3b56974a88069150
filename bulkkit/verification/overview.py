"""A verified list at a glance: how many addresses have which verdict, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import pandas as pd

from bulkkit.frames import require
from bulkkit.verification.advice import addresses, next_steps
from bulkkit.vocabulary import Action, Status

COLUMNS: Final = ("status", "reason", "action", "rows", "share")
_BY: Final = ["status", "reason", "action"]
_PROPOSED: Final = "proposed"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Summary:
    """What verification found.

    Attributes
    ----------
    counts
        A row for each status and reason that occurs, `deliverable` first and the most frequent first within each
        status: `status, reason, action, rows, share` (a fraction of all rows).
    next_steps
        What to do, a sentence each with its count, who must not be written to first.
    """

    counts: pd.DataFrame
    next_steps: tuple[str, ...]

    @property
    def rows(self) -> int:
        """How many rows were judged."""
        return int(self.counts["rows"].sum())

    def __repr__(self) -> str:
        """Say the finding, then what to do next."""
        return "\n".join([self.finding, *(f"- {step}" for step in self.next_steps)])

    @property
    def finding(self) -> str:
        """What matters most, in one sentence."""
        if not self.rows:
            return "There is no address on this list."
        by_action = self.counts.groupby("action")["rows"].sum()
        parts = [
            f"{int(by_action[action]):,} to {words}" for action, words in _TO_DO.items() if action in by_action.index
        ]
        return f"{addresses(self.rows)}: {', '.join(parts)}."

    def _repr_html_(self) -> str:
        return str(_template().render(summary=self, colours=COLOURS))


COLOURS: Final = {
    Status.DELIVERABLE: "#009E73",
    Status.UNKNOWN: "#56B4E9",
    Status.RISKY: "#E69F00",
    Status.UNDELIVERABLE: "#D55E00",
}
"""Of Okabe & Ito, Color Universal Design (2008): told apart with every common colour blindness."""

_TO_DO: Final = {
    Action.SEND: "send to",
    Action.REVIEW: "look at",
    Action.RETRY: "verify again",
    Action.SUPPRESS: "leave out",
}


def summary(checked: pd.DataFrame) -> Summary:
    """Say how many addresses have which verdict, and what to do next.

    Parameters
    ----------
    checked : pandas.DataFrame
        What `bulkkit.verify` returned: columns `status, reason, action`.

    Returns
    -------
    Summary
        A notebook shows it as a table; `print` as sentences. It holds counts and
        no address.

    Raises
    ------
    InputError
        The frame was not verified.
    """
    return summary_of([tally(checked)])


def tally(checked: pd.DataFrame) -> pd.DataFrame:
    """Return how many rows have each verdict, and how many of them a proposal: what a summary is made of."""
    require(checked, _BY, "the list (verify it first: bulkkit.verify(contacts)), which")
    meant = checked["did_you_mean"].notna() if "did_you_mean" in checked.columns else False
    verdicts = checked[_BY].astype("str").assign(rows=1, **{_PROPOSED: meant})
    return verdicts.groupby(_BY, as_index=False, dropna=False)[["rows", _PROPOSED]].sum()


def summary_of(tallies: Iterable[pd.DataFrame]) -> Summary:
    """Return the summary of a list from the tallies of its parts."""
    order = [str(status) for status in COLOURS]
    together = pd.concat(list(tallies)).groupby(_BY, as_index=False, dropna=False).sum()
    places = together["status"].map({status: place for place, status in enumerate(order)})
    ranked = together.assign(place=places).sort_values(["place", "rows", "reason"], ascending=[True, False, True])
    counts = ranked[[*_BY, "rows"]].reset_index(drop=True)
    counts = counts.assign(rows=counts["rows"].astype("int64"), share=counts["rows"] / max(counts["rows"].sum(), 1))
    proposed = together.groupby("reason")[_PROPOSED].sum()
    return Summary(counts, next_steps(counts, {str(reason): int(rows) for reason, rows in proposed.items()}))


@cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("bulkkit.verification", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("overview.html.j2")
