"""Differences around zero: of two rates in percentage points, of anything else in its own units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from bulkkit.charts import numerals, style


@dataclass(frozen=True, slots=True)
class Unit:
    """How a value and a difference of two values are written."""

    unit: str
    value: Callable[[Any], str]
    difference: Callable[[Any], str]
    interval: Callable[[Any, Any], str]
    tick: Callable[[float], str]


def _plain(number: Any) -> str:
    return f"{number:,.3g}" if numerals.is_known(number) else numerals.UNKNOWN


def _signed(number: Any) -> str:
    return f"{number:+,.3g}".replace("-", "−") if numerals.is_known(number) else numerals.UNKNOWN


POINTS: Final = Unit(
    "in percentage points", numerals.percent, numerals.points, numerals.points_range,
    lambda tick: numerals.signed(tick).replace(".0", ""),
)  # fmt: skip
OWN: Final = Unit(
    "in its own units", _plain, _signed, lambda lower, upper: f"{_signed(lower)} to {_signed(upper)}", _signed
)


def around_zero(reach: float, unit: Unit = POINTS) -> dict[str, Any]:
    """Return a horizontal axis from -reach to reach with round numbers and a line at zero."""
    step = _step(reach)
    ticks = [step * place for place in range(-3, 4) if abs(step * place) <= reach]
    return {
        "range": [-reach, reach],
        "tickvals": ticks,
        "ticktext": [unit.tick(tick) if tick else "0" for tick in ticks],
        "showgrid": True,
        "zeroline": True,
        "zerolinecolor": style.INK,
        "zerolinewidth": 1,
    }


def _step(reach: float) -> float:
    size = float(f"1e{f'{reach / 2:e}'.partition('e')[2]}")
    return max(factor * size for factor in (1, 2, 5) if factor * size <= reach / 2 * 1.0001)
