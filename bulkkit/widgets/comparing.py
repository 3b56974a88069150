"""One campaign against another in a report panel: which two at first, and what is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from bulkkit import charts
from bulkkit.comparison import Comparison, compare
from bulkkit.drilling import Messages
from bulkkit.vocabulary import CampaignKind, Counts
from bulkkit.widgets.markup import markup
from bulkkit.widgets.readings import Told

ALONE: Final = "There is only one campaign here, and nothing to set it beside."
SAME: Final = "Choose two different campaigns."


@dataclass(frozen=True, slots=True)
class Pair:
    """Which campaign is set beside which, and in what rate."""

    treated: str
    control: str
    rate: str
    counts: str

    def compared(self, messages: Messages) -> Comparison:
        """Return the comparison (`bulkkit.compare`)."""
        counts = self.counts if self.counts in list(Counts) else Counts.HUMAN
        frames = messages.events, messages.sends, messages.contacts
        return compare(*frames, treated=self.treated, control=self.control, rate=self.rate, counts=counts)


def first_pair(campaigns: Sequence[Told]) -> tuple[str, str]:
    """Return the latest blast and the latest segmented campaign; where there are none such, the latest two."""
    names = [told.name for told in campaigns]
    blasts = [told.name for told in campaigns if told.kind == CampaignKind.BLAST]
    segmented = [told.name for told in campaigns if told.kind == CampaignKind.SEGMENTED]
    if blasts and segmented:
        return blasts[0], segmented[0]
    return names[0], names[-1 if len(names) < 2 else 1]


def drawn(found: Comparison) -> tuple[Any, str]:
    """Return the chart of a comparison, and the words below it."""
    adjust = ", ".join(found.adjust) if found.is_adjusted else ""
    return charts.compare(found), markup(
        "report_comparison", verdict=found.verdict, strata=bool(adjust), adjust=adjust, overlap=found.overlap
    )
