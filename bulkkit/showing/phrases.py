"""Spans, paces, moments and states as a terminal shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from bulkkit.message.mime import CONTROL
from bulkkit.vocabulary import SendState

STATE_NAMES: Final = {
    SendState.ACCEPTED: "accepted",
    SendState.REFUSED: "refused",
    SendState.EXPIRED: "given up",
    SendState.IN_DOUBT: "in doubt",
}
"""The states in which a message ends, in the order in which they are shown."""


def span(duration: timedelta) -> str:
    """Return a duration in the unit that fits it."""
    seconds = duration.total_seconds()
    if seconds >= 2 * 86400:
        return f"{seconds / 86400:,.1f} days"
    if seconds >= 3600:
        return f"{seconds / 3600:,.1f} hours"
    return f"{seconds / 60:,.0f} minutes" if seconds >= 90 else f"{seconds:,.0f} seconds"


def pace(hourly: float | None) -> str:
    """Return messages an hour, or a second where there are many."""
    if hourly is None:
        return "no pace yet"
    return f"{hourly / 3600:,.0f}/s" if hourly >= 36_000 else f"{hourly:,.0f}/h"


def age(moment: datetime | None) -> str:
    """Return how long ago a moment was, or that there was none."""
    return "never" if moment is None else f"{span(datetime.now(UTC) - moment)} ago"


def said(text: str, most: int = 300) -> str:
    """Return what a server said, without what would steer a terminal."""
    return CONTROL.sub("�", text[:most])
