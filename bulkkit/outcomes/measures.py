"""Each rate in each way of counting: what its numerator, its denominator and our knowledge of it are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bulkkit.vocabulary import Counts, Rate


@dataclass(frozen=True, slots=True)
class Measure:
    """A rate in one way of counting.

    Attributes
    ----------
    event, base
        The truths about a message (`facts.FACTS` and `messages.Messages.truths`) that must all hold for it to be
        counted, and for it to be one that could have been.
    known
        What must be known of its campaign (`knowledge.ASPECTS`) for either.
    """

    rate: Rate
    counts: Counts
    event: tuple[str, ...]
    base: tuple[str, ...]
    known: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The stem of its columns: `opened_human`."""
        return f"{self.rate}_{self.counts}"


_BOTH_JUDGED: Final = ("opens_judged", "clicks_judged")

MEASURES: Final = (
    Measure(Rate.OPENED, Counts.HUMAN, ("opened_human",), ("seen",), ("opens_judged",)),
    Measure(Rate.OPENED, Counts.ALL, ("opened",), ("seen",), ("knows_opened",)),
    Measure(Rate.CLICKED, Counts.HUMAN, ("clicked_human",), ("seen",), ("clicks_judged",)),
    Measure(Rate.CLICKED, Counts.ALL, ("clicked",), ("seen",), ("knows_clicked",)),
    Measure(Rate.CLICK_TO_OPEN, Counts.HUMAN, ("clicked_human",), ("seen", "opened_human"), _BOTH_JUDGED),
    Measure(Rate.CLICK_TO_OPEN, Counts.ALL, ("clicked",), ("seen", "opened"), ("knows_opened", "knows_clicked")),
    Measure(Rate.BOUNCED, Counts.ALL, ("bounced",), ("handed",)),
    Measure(Rate.HARD_BOUNCED, Counts.ALL, ("hard",), ("handed",)),
    Measure(Rate.SOFT_BOUNCED, Counts.ALL, ("only_soft",), ("handed",)),
    Measure(Rate.UNSUBSCRIBED, Counts.ALL, ("unsubscribed",), ("delivered",), ("knows_unsubscribed",)),
    Measure(Rate.COMPLAINED, Counts.ALL, ("complained",), ("reporting",), ("knows_complained",)),
)  # fmt: skip
