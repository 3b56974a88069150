"""The fourteen campaigns of the sample's year: seven to the whole list, seven to chosen people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bulkkit.vocabulary import CampaignKind, Purpose

SENDER: Final = "Example News <news@example.org>"
LINKS: Final = ("read", "programme", "shop")
SEGMENTED_CLICK_ODDS: Final = 1.25
SEGMENTED_OPEN_ODDS: Final = 1.08
"""What choosing the content for the people really does, as odds beside a blast's."""


@dataclass(frozen=True, slots=True)
class Mailing:
    """One campaign as it was sent."""

    name: str
    kind: CampaignKind
    start: datetime
    subject: str

    @property
    def purpose(self) -> Purpose:
        """Blasts announce, segmented campaigns advertise."""
        return Purpose.ANNOUNCEMENT if self.kind is CampaignKind.BLAST else Purpose.MARKETING

    @property
    def open_odds(self) -> float:
        """Odds of an open beside a blast's."""
        return SEGMENTED_OPEN_ODDS if self.kind is CampaignKind.SEGMENTED else 1.0

    @property
    def click_odds(self) -> float:
        """Odds of a click beside a blast's."""
        return SEGMENTED_CLICK_ODDS if self.kind is CampaignKind.SEGMENTED else 1.0


def _blast(name: str, year: int, month: int, day: int, subject: str) -> Mailing:
    return Mailing(name, CampaignKind.BLAST, datetime(year, month, day, 9, tzinfo=UTC), subject)


def _segmented(name: str, year: int, month: int, day: int, subject: str) -> Mailing:
    return Mailing(name, CampaignKind.SEGMENTED, datetime(year, month, day, 9, tzinfo=UTC), subject)


# No two starts are 90 to 92 days apart: the first days of reactions never straddle the edge of the "active" band.
MAILINGS: Final = (
    _blast("autumn-update", 2025, 10, 14, "What is new this autumn"),
    _segmented("gift-guide", 2025, 11, 18, "Gifts that fit you"),
    _blast("winter-programme", 2025, 12, 9, "Our winter programme"),
    _segmented("workshops", 2026, 1, 27, "Workshops near you"),
    _blast("annual-report", 2026, 2, 10, "Our year in eight pages"),
    _segmented("members-evening", 2026, 3, 3, "An evening among friends"),
    _blast("new-website", 2026, 3, 24, "We have a new website"),
    _segmented("spring", 2026, 4, 21, "Spring, chosen for you"),
    _blast("summer-programme", 2026, 6, 9, "Our summer programme"),
    _segmented("summer-picks", 2026, 6, 30, "Picked for you: summer"),
    _blast("opening-hours", 2026, 7, 14, "We open earlier"),
    _segmented("holiday-reading", 2026, 8, 4, "Reading for your holiday"),
    _blast("summer-update", 2026, 8, 25, "What happened this summer"),
    _segmented("back-to-school", 2026, 9, 15, "Back to school, your way"),
)
