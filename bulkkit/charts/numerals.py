"""Numbers as people read them: 1,184; 2.9 %; 0.05 %; −1.2 points; 3 h 20 min; unknown."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

UNKNOWN: Final = "unknown"
"""What is written where a number is missing: a blank is not a zero."""

_SPACE: Final = "\u00a0"
_MINUS: Final = "\u2212"


def is_known(value: Any) -> bool:
    """Return whether there is a number at all."""
    return value is not None and not bool(pd.isna(value))


def count(number: Any) -> str:
    """Return a whole number with thousands apart: `1,184`."""
    return f"{round(number):,}" if is_known(number) else UNKNOWN


def plural(number: Any, singular: str, several: str | None = None) -> str:
    """Return a count and its noun: `1 person`, `1,184 people`, `an unknown number of people`."""
    several = several or f"{singular}s"
    if not is_known(number):
        return f"an unknown number of {several}"
    return f"{count(number)}{_SPACE}{singular if round(number) == 1 else several}"


def were(number: Any) -> str:
    """Return `was` for one, else `were`."""
    return "was" if number == 1 else "were"


def percent(share: Any) -> str:
    """Return a fraction in per cent: two decimals below one per cent, else one, none for 0 and 100."""
    if not is_known(share):
        return UNKNOWN
    if share in (0, 1):
        return f"{share * 100:.0f}{_SPACE}%"
    if 0 < share < 0.00005:
        return f"<0.01{_SPACE}%"
    if 0.9995 <= share < 1:
        return f">99.9{_SPACE}%"
    return f"{share * 100:.{_decimals(share)}f}{_SPACE}%"


def percent_range(lower: Any, upper: Any) -> str:
    """Return two fractions as one range in per cent: `8.2 to 11.7 %`."""
    if not (is_known(lower) and is_known(upper)):
        return UNKNOWN
    decimals = 2 if lower < 0.01 and upper < 0.02 else 1
    return f"{lower * 100:.{decimals}f} to {upper * 100:.{decimals}f}{_SPACE}%"


def points(difference: Any) -> str:
    """Return a difference of two fractions in percentage points, with its sign: `−1.2 points`."""
    if not is_known(difference):
        return UNKNOWN
    return f"{signed(difference)}{_SPACE}points"


def points_range(lower: Any, upper: Any) -> str:
    """Return two differences as one range in percentage points: `−2.9 to +0.6 points`."""
    if not (is_known(lower) and is_known(upper)):
        return UNKNOWN
    decimals = _decimals(max(abs(lower), abs(upper)))
    return f"{signed(lower, decimals)} to {signed(upper, decimals)}{_SPACE}points"


def signed(difference: float, decimals: int | None = None) -> str:
    """Return a difference of two fractions times 100, with a sign unless it rounds to nothing."""
    places = _decimals(abs(difference)) if decimals is None else decimals
    figure = f"{abs(difference) * 100:.{places}f}"
    if not figure.strip("0."):
        return figure
    return f"{'+' if difference > 0 else _MINUS}{figure}"


def duration(span: Any) -> str:
    """Return a span of time in its two largest units: `2 days 4 h`, `3 h 20 min`, `45 s`."""
    if not is_known(span):
        return UNKNOWN
    seconds = round(pd.Timedelta(span).total_seconds())
    for size, unit, smaller, name in _UNITS:
        if seconds >= size:
            whole, rest = divmod(seconds, size)
            return _two_units(_quantity(whole, unit), rest // smaller, name)
    return f"{seconds}{_SPACE}s"


def _two_units(first: str, rest: int, unit: str) -> str:
    return f"{first} {_quantity(rest, unit)}" if rest else first


def _quantity(number: int, unit: str) -> str:
    plural_mark = "s" if unit == "day" and number != 1 else ""
    return f"{number:,}{_SPACE}{unit}{plural_mark}"


_UNITS: Final = ((86_400, "day", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s"))


def _decimals(share: float) -> int:
    return 2 if abs(share) < 0.01 else 1
