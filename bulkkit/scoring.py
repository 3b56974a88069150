"""The health of a list: one score, what it is made of, and what to do about each part."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import narwhals as nw
import pandas as pd
from narwhals.typing import IntoFrame

from bulkkit.addresses import mailbox_keys
from bulkkit.benchmarks import NaN, scored
from bulkkit.errors import InputError
from bulkkit.expectations import BASELINE, ExpectedBounces, Prior, expected_bounces
from bulkkit.frames import require
from bulkkit.metrics import rates
from bulkkit.outcomes import KEY, Frame, keyed
from bulkkit.segmentation import UNKNOWN, History, moment, untracked
from bulkkit.vocabulary import CONSENT_COLUMNS, ConsentBasis, EventKind, Rate, Reason, Status

PRESSURE_DAYS: Final = 365
CAP_DAYS: Final = 30
CAP: Final = 2
"""bulkkit's own frequency cap: two campaigns in 30 days."""

QUESTIONABLE: Final = (
    Reason.DISPOSABLE, Reason.ROLE_BASED, Reason.POSSIBLE_TYPO,
    Reason.SUPPRESSED, Reason.INACTIVE, Reason.MAILBOX_QUOTA_EXCEEDED,
)  # fmt: skip
"""Reasons that are held against an address; a privacy relay's subscriber is as real as any."""


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
    """

    score: float
    components: pd.DataFrame
    expected_bounces: ExpectedBounces
    counts: pd.DataFrame

    def figure(self) -> Any:
        """Return the chart of the components (`plotly.graph_objects.Figure`)."""
        from bulkkit.charts import health as draw

        return draw(self)

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
    require(checked, ["email", "status", "reason"], "the list (verify it first: bulkkit.verify(contacts)), which")
    if checked.empty:
        raise InputError("The list is empty: there is nothing to score.")
    keys = mailbox_keys(checked["email"].astype("str"))
    first = ~keys.duplicated()
    listed, before = checked[first], moment(as_of)
    past = None if events is None else _Past.of(events, before)
    bounces = expected_bounces(listed["status"], listed["reason"], BASELINE if past is None else past.baseline())
    usable = listed["status"] != Status.UNDELIVERABLE
    values = {
        "expected_bounces": bounces.rate,
        "questionable": float(_questionable(listed).mean()),
        "consent": _consent(listed, usable),
        "duplicates": (len(checked) - len(listed)) / max(int(usable.sum()), 1),
        "concentration": _concentration(listed),
    }
    if past is not None:
        values |= past.pressure() | {"engagement": past.engagement(listed, keys[first], usable, before)}
    components = scored(values)
    counts = bounces.by_reason[["status", "reason", "contacts"]]
    return Health(100 - float(components["points_lost"].sum()), components, bounces, counts)


@dataclass(frozen=True, slots=True, eq=False)
class _Past:
    """What the events tell: the whole history, and the last year's rates and last month's mail in sums."""

    history: History
    rates: pd.DataFrame
    mailed: pd.Series[Any]

    @classmethod
    def of(cls, events: IntoFrame, before: pd.Timestamp) -> _Past:
        rows = keyed(events, "events")
        year, month = (_between(rows, before - pd.Timedelta(days=days), before) for days in (PRESSURE_DAYS, CAP_DAYS))
        received = month.filter(nw.col("kind").is_in([str(EventKind.SENT), str(EventKind.DELIVERED)]))
        messages: pd.DataFrame = received.select(*KEY).unique().collect("pandas").to_native()
        return cls(History.of(rows), rates(year), messages[KEY[1]].value_counts())

    def baseline(self) -> Prior:
        """Return the bounce rate that these campaigns teach to expect."""
        table = self._known(Rate.BOUNCED)
        return BASELINE.updated(table["numerator"], table["denominator"]) if len(table) else BASELINE

    def pressure(self) -> dict[str, float]:
        """Return complaints, unsubscribes and frequency; missing where no source tells."""
        return {
            "complaints": self._overall(Rate.COMPLAINED),
            "unsubscribes": self._overall(Rate.UNSUBSCRIBED),
            "frequency": self._too_often(),
        }

    def _too_often(self) -> float:
        if not self.history.received["at"].notna().any():
            return NaN
        return float((self.mailed > CAP).sum() / max(len(self.mailed), 1))

    def engagement(
        self, listed: pd.DataFrame, keys: pd.Series[Any], usable: pd.Series[bool], before: pd.Timestamp
    ) -> float:
        """Return which part of the people with a history reacted in a year and can still be reached."""
        bands = self.history.engagement(keys, before, untracked(listed))
        known = bands.isin(["active", "occasional", "inactive"])
        return float(((bands != "inactive") & usable)[known].mean())

    def _overall(self, rate: Rate) -> float:
        table = self._known(rate)
        return float(table["numerator"].sum() / table["denominator"].sum()) if len(table) else NaN

    def _known(self, rate: Rate) -> pd.DataFrame:
        chosen = (self.rates["rate"] == rate) & self.rates["value"].notna()
        return self.rates.loc[chosen, ["numerator", "denominator"]].astype(float)


def _between(rows: Frame, since: pd.Timestamp, before: pd.Timestamp) -> Frame:
    """Return the events of a span of time; all of them where they have no times."""
    kind = rows.collect_schema().get("at")
    if kind is None:
        return rows
    if not isinstance(kind, nw.Datetime):
        raise InputError("The events' column at holds no moments; make them with pd.to_datetime(…, utc=True).")
    if kind.time_zone is None:
        since, before = since.tz_localize(None), before.tz_localize(None)
    at = nw.col("at")
    return rows.filter((at >= since.to_pydatetime(warn=False)) & (at < before.to_pydatetime(warn=False)))


def _questionable(listed: pd.DataFrame) -> pd.Series[bool]:
    """Return which addresses verification has something against."""
    found = (listed["status"] == Status.UNDELIVERABLE) | listed["reason"].isin(QUESTIONABLE)
    for flag in ("disposable", "role"):
        if flag in listed.columns:
            found |= listed[flag].isin([True])
    return found | listed["did_you_mean"].notna() if "did_you_mean" in listed.columns else found


def _consent(listed: pd.DataFrame, usable: pd.Series[bool]) -> float:
    columns = [name for name in CONSENT_COLUMNS if name in listed.columns]
    if not columns:
        return NaN
    written = listed[columns].astype("str").apply(lambda column: column.str.strip().fillna("") != "")
    recorded = written.drop(columns="consent_basis", errors="ignore").any(axis=1)
    if "consent_basis" in columns:
        recorded |= listed["consent_basis"].isin([ConsentBasis.OPT_IN, ConsentBasis.CUSTOMER])
        recorded &= listed["consent_basis"] != ConsentBasis.BOUGHT
    return float((recorded & usable).mean())


def _concentration(listed: pd.DataFrame) -> float:
    if "provider" not in listed.columns:
        return NaN
    known = listed["provider"][listed["provider"].notna() & (listed["provider"] != UNKNOWN)]
    return float(known.value_counts(normalize=True).max()) if len(known) else NaN
