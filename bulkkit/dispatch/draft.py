"""A campaign with everybody's fate decided: what there is to find about it before it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bulkkit.campaign import Campaign
from bulkkit.dispatch.merge import trial_recipients
from bulkkit.dispatch.route import Route
from bulkkit.message.compiled import CompiledMessage
from bulkkit.preflight import preflight
from bulkkit.preflight.findings import Reach, Situation, as_frame
from bulkkit.sending.planning import CHOSEN, RECIPIENT, bought, had_a_blast

TRIAL_RECIPIENTS: Final = 50
"""For so many recipients, the list's first ones, preflight writes the message out."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A campaign with each row's fate decided, and nothing worked out from it yet."""

    campaign: Campaign
    route: Route
    message: CompiledMessage
    checked: pd.DataFrame
    fate: pd.Series[Any]
    reach: Reach
    consent: str | None

    def findings(self) -> pd.DataFrame:
        """Return what preflight finds (columns of `findings.Finding`)."""
        return as_frame(preflight(self._situation()))

    def _situation(self) -> Situation:
        now, rows = self.route.clock.now(), self.checked[self.fate == RECIPIENT]
        return Situation(
            campaign=self.campaign,
            message=self.message,
            recipients=rows,
            columns=tuple(map(str, self.campaign.audience.columns)),
            bought=int(bought(self.checked).sum()),
            consent=self.consent,
            only_loopback=self.route.only_loopback,
            trial=tuple(trial_recipients(self.campaign.name, rows.iloc[:TRIAL_RECIPIENTS], self.message, now)),
            reach=self.reach,
            dkim=self.route.dkim,
        )


def reach_of(checked: pd.DataFrame, fate: pd.Series[Any], blasts: pd.DataFrame, past: pd.DataFrame) -> Reach:
    """Return how far a send goes, by everybody's fate, the blasts of late, and how people reacted before."""
    counts = fate.value_counts()
    return Reach(
        mailable=int(counts.reindex([RECIPIENT, *CHOSEN]).sum()),
        capped=int(counts.get("capped", 0)),
        again=had_a_blast(checked["email"][fate == RECIPIENT], blasts),
        held_out=int(counts.get("holdout", 0)),
        past=past,
    )
