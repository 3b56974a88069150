"""One campaign beside others: the difference as it is, and once like is compared with like."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import plotly.graph_objects as go

from bulkkit.charts import numerals, style
from bulkkit.charts.shares import wording
from bulkkit.charts.zero import around_zero

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
    def is_adjusted(self) -> bool: ...


def compare(result: _Compared) -> go.Figure:
    """Draw the raw and the adjusted difference of a comparison, each with its interval, around zero.

    Parameters
    ----------
    result
        What `bulkkit.compare` returned: `.treated, .control, .rate, .is_adjusted`, and `.raw` and `.adjusted` with
        `.difference, .lower, .upper` (fractions), `.treated_value, .control_value, .treated_n, .control_n`.

    Returns
    -------
    plotly.graph_objects.Figure
        In percentage points; a difference that was refused is written as such and not drawn. Where nothing is known
        to adjust by, the title and the lower row say so.
    """
    alike = "like with like" if result.is_adjusted else "nothing to adjust by"
    rows = [
        _Row("Raw", "as they were sent", result.raw, style.MUTED, hollow=True),
        _Row("Adjusted", alike, result.adjusted, style.BLUE, hollow=False, missing=_refusal(result)),
    ]
    treated, control = campaigns(result.treated), campaigns(result.control)
    chart = style.figure([_dot(row, place, treated, control) for place, row in enumerate(rows) if row.known])
    chart.update_layout(
        yaxis=style.rows_axis([row.name for row in rows])
        | {"tickfont": {"size": 13, "color": style.INK}, "range": [len(rows) - 0.5, -0.95]},
        xaxis=_scale(rows),
    )
    for place, row in enumerate(rows):
        chart.add_annotation(row.written(place))
    _sides(chart, treated, control)
    noun = wording(str(result.rate)).noun
    counted = f"Difference in {noun}, {treated} minus {control}, in percentage points. Whiskers: 95 % interval."
    return style.titled(chart, _finding(result, treated, control), counted, _ROW * (len(rows) + 0.45), foot=32)


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

    def written(self, place: int) -> dict[str, Any]:
        """Return the note above the dot; where there is no dot, why."""
        note = numerals.points(self.difference.difference) if self.known else self.missing
        return {
            "text": f"<b>{note}</b>" if self.known else note,
            "x": self.difference.difference if self.known else 0,
            "y": place, "yshift": 18 if self.known else 0, "bgcolor": style.PAPER,
            "font": {"color": self.colour if self.known else style.MUTED},
        }  # fmt: skip


def _refusal(result: _Compared) -> str:
    known = numerals.is_known(result.raw.difference)
    return "refused: too few people have a like on the other side" if known else numerals.UNKNOWN


def _dot(row: _Row, place: int, treated: str, control: str) -> go.Scatter:
    found = row.difference
    marker = {"size": 11, "color": style.PAPER if row.hollow else row.colour, "line": {"color": row.colour, "width": 2}}
    whisker = {
        "type": "data", "symmetric": False, "array": [found.upper - found.difference],
        "arrayminus": [found.difference - found.lower], "color": row.colour, "thickness": 2, "width": 0,
    }  # fmt: skip
    said = [
        f"<b>{row.title}: {numerals.points(found.difference)}</b>",
        f"95 % interval {numerals.points_range(found.lower, found.upper)}",
        f"{treated}: {numerals.percent(found.treated_value)} of n = {numerals.count(found.treated_n)}",
        f"{control}: {numerals.percent(found.control_value)} of n = {numerals.count(found.control_n)}",
    ]
    return go.Scatter(
        x=[found.difference], y=[place], mode="markers", marker=marker, error_x=whisker,
        hovertext="<br>".join(said), hoverinfo="text", name=row.title,
    )  # fmt: skip


def _scale(rows: Iterable[_Row]) -> dict[str, Any]:
    ends = [abs(end) for row in rows if row.known for end in (row.difference.lower, row.difference.upper)]
    reach = max((end for end in ends if numerals.is_known(end)), default=0.01) * 1.15
    return around_zero(reach)


def _sides(chart: go.Figure, treated: str, control: str) -> None:
    for text, anchor, shift in ((f"{control} higher", "right", -8), (f"{treated} higher", "left", 8)):
        arrowed = f"← {text}" if anchor == "right" else f"{text} →"
        chart.add_annotation(
            text=arrowed, x=0, xshift=shift, xanchor=anchor, y=1, yref="paper", yanchor="top",
            font={"size": 12, "color": style.MUTED},
        )  # fmt: skip


def _finding(result: _Compared, treated: str, control: str) -> str:
    found, noun = result.adjusted, wording(str(result.rate)).noun
    if not numerals.is_known(result.raw.difference):
        return f"{treated} and {control} cannot be compared: a {noun} is unknown"
    if not numerals.is_known(found.difference):
        return f"{treated} and {control} cannot be compared fairly: they reached different people"
    how = "Like with like" if result.is_adjusted else "With nothing known to adjust by"
    if found.lower > 0 or found.upper < 0:
        direction = "higher" if found.lower > 0 else "lower"
        size = numerals.points(abs(found.difference)).removeprefix("+")
        return f"{how}, {treated} has a {noun} {size} {direction} than {control}"
    return f"{how}, the {noun} of {treated} shows no difference from {control}"
