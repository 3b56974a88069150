"""One campaign beside others: the difference as it is, and once like is compared with like."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import plotly.graph_objects as go

from bulkkit.charts import numerals, style
from bulkkit.charts.shares import wording
from bulkkit.charts.zero import OWN, POINTS, Unit, around_zero
from bulkkit.vocabulary import Rate

_ROW: Final = 64


class _Compared(Protocol):
    """What `bulkkit.compare` returns, as far as it is drawn."""

    @property
    def treated(self) -> Any: ...

    @property
    def control(self) -> Any: ...

    @property
    def rate(self) -> Any: ...

    @property
    def raw(self) -> Any: ...

    @property
    def adjusted(self) -> Any: ...

    @property
    def weighted(self) -> Any: ...

    @property
    def is_adjusted(self) -> bool: ...

    @property
    def randomised(self) -> bool: ...


def compare(result: _Compared) -> go.Figure:
    """Draw the raw and the adjusted difference of a comparison, each with its interval, around zero.

    Parameters
    ----------
    result
        What `bulkkit.compare` returned: `.treated, .control, .rate, .is_adjusted, .randomised`, and `.raw`,
        `.adjusted` and `.weighted` with `.difference, .lower, .upper` (fractions, or the outcome's own units),
        `.treated_value, .control_value, .treated_n, .control_n`.

    Returns
    -------
    plotly.graph_objects.Figure
        In percentage points, or in the outcome's own units; a difference that was refused is written as such and not
        drawn. Where nothing is known to adjust by, the title and the lower row say so; where chance decided who got
        what, they say that. The second opinion by weights stands below, where there is one.
    """
    unit, rows = _unit(result), _rows(result)
    treated, control = campaigns(result.treated), campaigns(result.control)
    chart = style.figure([_dot(row, place, treated, control, unit) for place, row in enumerate(rows) if row.known])
    chart.update_layout(
        yaxis=style.rows_axis([row.name for row in rows])
        | {"tickfont": {"size": 13, "color": style.INK}, "range": [len(rows) - 0.5, -0.95]},
        xaxis=_scale(rows, unit),
    )
    for place, row in enumerate(rows):
        chart.add_annotation(row.written(place, unit))
    _sides(chart, treated, control)
    noun = _noun(result)
    counted = f"Difference in {noun}, {treated} minus {control}, {unit.unit}. Whiskers: 95 % interval."
    return style.titled(chart, _finding(result, treated, control), counted, _ROW * (len(rows) + 0.45), foot=32)


def _unit(result: _Compared) -> Unit:
    return POINTS if str(result.rate) in set(Rate) else OWN


def _rows(result: _Compared) -> list[_Row]:
    """Return the difference as it is, once it is adjusted, and the second opinion where there is one."""
    alike = "like with like" if result.is_adjusted else "nothing to adjust by"
    raw, adjusted = ("as they were sent", alike)
    if result.randomised:
        raw, adjusted = ("as chance assigned them", "sharpened by what was before")
    rows = [
        _Row("Raw", raw, result.raw, style.MUTED, hollow=True),
        _Row("Adjusted", adjusted, result.adjusted, style.BLUE, hollow=False, missing=_refusal(result)),
    ]
    second = _Row("Weighted", "a second opinion", result.weighted, style.MUTED, hollow=False)
    return [*rows, second] if second.known and result.is_adjusted else rows


def campaigns(names: Any) -> str:
    """Return one or several campaigns' names as part of a sentence: `spring, autumn and 3 others`."""
    listed = [names] if isinstance(names, str) or not isinstance(names, Iterable) else list(names)
    shown = [style.label(name) for name in listed]
    if len(shown) > 3:
        return f"{shown[0]}, {shown[1]} and {len(shown) - 2} others"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


@dataclass(frozen=True, slots=True)
class _Row:
    """One of the two differences, and how it is drawn."""

    title: str
    meaning: str
    difference: Any
    colour: str
    hollow: bool
    missing: str = numerals.UNKNOWN

    @property
    def known(self) -> bool:
        return numerals.is_known(self.difference.difference)

    @property
    def name(self) -> str:
        return f"<b>{self.title}</b><br><span style='color:{style.MUTED}'>{self.meaning}</span>"

    def written(self, place: int, unit: Unit) -> dict[str, Any]:
        """Return the note above the dot; where there is no dot, why."""
        note = unit.difference(self.difference.difference) if self.known else self.missing
        return {
            "text": f"<b>{note}</b>" if self.known else note,
            "x": self.difference.difference if self.known else 0,
            "y": place, "yshift": 18 if self.known else 0, "bgcolor": style.PAPER,
            "font": {"color": self.colour if self.known else style.MUTED},
        }  # fmt: skip


def _refusal(result: _Compared) -> str:
    known = numerals.is_known(result.raw.difference)
    return "refused: too few people have a like on the other side" if known else numerals.UNKNOWN


def _dot(row: _Row, place: int, treated: str, control: str, unit: Unit) -> go.Scatter:
    found = row.difference
    marker = {"size": 11, "color": style.PAPER if row.hollow else row.colour, "line": {"color": row.colour, "width": 2}}
    whisker = {
        "type": "data", "symmetric": False, "array": [found.upper - found.difference],
        "arrayminus": [found.difference - found.lower], "color": row.colour, "thickness": 2, "width": 0,
    }  # fmt: skip
    said = [
        f"<b>{row.title}: {unit.difference(found.difference)}</b>",
        f"95 % interval {unit.interval(found.lower, found.upper)}",
        f"{treated}: {unit.value(found.treated_value)} of n = {numerals.count(found.treated_n)}",
        f"{control}: {unit.value(found.control_value)} of n = {numerals.count(found.control_n)}",
    ]
    return go.Scatter(
        x=[found.difference], y=[place], mode="markers", marker=marker, error_x=whisker,
        hovertext="<br>".join(said), hoverinfo="text", name=row.title,
    )  # fmt: skip


def _scale(rows: Iterable[_Row], unit: Unit) -> dict[str, Any]:
    ends = [abs(end) for row in rows if row.known for end in (row.difference.lower, row.difference.upper)]
    reach = max((end for end in ends if numerals.is_known(end)), default=0.01) * 1.15
    return around_zero(reach, unit)


def _sides(chart: go.Figure, treated: str, control: str) -> None:
    for text, anchor, shift in ((f"{control} higher", "right", -8), (f"{treated} higher", "left", 8)):
        arrowed = f"← {text}" if anchor == "right" else f"{text} →"
        chart.add_annotation(
            text=arrowed, x=0, xshift=shift, xanchor=anchor, y=1, yref="paper", yanchor="top",
            font={"size": 12, "color": style.MUTED},
        )  # fmt: skip


def _finding(result: _Compared, treated: str, control: str) -> str:
    found, noun = result.adjusted, _noun(result)
    if not numerals.is_known(result.raw.difference):
        return f"{treated} and {control} cannot be compared: a {noun} is unknown"
    if not numerals.is_known(found.difference):
        return f"{treated} and {control} cannot be compared fairly: they reached different people"
    how = "Like with like" if result.is_adjusted else "With nothing known to adjust by"
    if result.randomised:
        how = "Where chance decided"
    if found.lower > 0 or found.upper < 0:
        direction = "higher" if found.lower > 0 else "lower"
        size = _unit(result).difference(abs(found.difference)).removeprefix("+")
        if _unit(result) is OWN:
            return f"{how}, {noun} is {size} {direction} for {treated} than for {control}"
        return f"{how}, {treated} has a {noun} {size} {direction} than {control}"
    return f"{how}, the {noun} of {treated} shows no difference from {control}"


def _noun(result: _Compared) -> str:
    """Return what is compared: a rate's noun, or the name of the outcome's column."""
    name = str(result.rate)
    return wording(name).noun if name in set(Rate) else style.label(name.replace("_", " "))
