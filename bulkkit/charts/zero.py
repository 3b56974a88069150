"""A scale around zero, for differences of two fractions."""

from __future__ import annotations

from typing import Any

from bulkkit.charts import numerals, style


def around_zero(reach: float) -> dict[str, Any]:
    """Return a horizontal axis from -reach to reach in percentage points, with round numbers and a line at zero."""
    step = _step(reach)
    ticks = [step * place for place in range(-3, 4) if abs(step * place) <= reach]
    return {
        "range": [-reach, reach],
        "tickvals": ticks,
        "ticktext": [numerals.signed(tick).replace(".0", "") if tick else "0" for tick in ticks],
        "showgrid": True,
        "zeroline": True,
        "zerolinecolor": style.INK,
        "zerolinewidth": 1,
    }


def _step(reach: float) -> float:
    size = float(f"1e{f'{reach / 2:e}'.partition('e')[2]}")
    return max(factor * size for factor in (1, 2, 5) if factor * size <= reach / 2 * 1.0001)
