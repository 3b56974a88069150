"""What becomes of each person's mailbox: how it answers, when it died, who had left before the year began."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from bulkkit.sample.mailboxes import BEHAVIOURS, MACHINE_OPENS, Behaviour
from bulkkit.sample.moments import DAY, moment, seconds
from bulkkit.vocabulary import ConsentBasis, SuppressionReason

YEAR_BEGINS: Final = -365 * DAY
LAST_SEND: Final = -17 * DAY
DIED_IN_THE_YEAR: Final = 0.03
DEAD_DISPOSABLE: Final = 0.3
LEFT_BEFORE: Final = 0.02
LEFT_BECAUSE: Final = {
    SuppressionReason.UNSUBSCRIBED: 0.70,
    SuppressionReason.BOUNCED: 0.25,
    SuppressionReason.COMPLAINED: 0.05,
}


def draw_fates(people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return `people` with what the simulation needs to know of each.

    Adds `opted_out_at`, `opted_out_reason` (before the year began), `dead_from`
    (seconds relative to NOW, inf where the mailbox lived through the year's last
    send), `mailbox` (a `Behaviour`), `machine_opens`, `tracked`, `may_mail`.
    """
    people = people.assign(**_left_before(people, rng))
    dead_from = _dead_from(people, rng)
    mailbox = rng.choice(
        [*BEHAVIOURS, Behaviour.ACCEPT], len(people), p=[*BEHAVIOURS.values(), 1 - sum(BEHAVIOURS.values())]
    )
    return people.assign(
        dead_from=dead_from,
        mailbox=np.where(np.isfinite(dead_from) | (dead_from < 0), Behaviour.UNKNOWN_USER, mailbox),
        machine_opens=rng.random(len(people)) < MACHINE_OPENS,
        tracked=people["tracking_consent"] == "yes",
        may_mail=people["consent_basis"].isin([ConsentBasis.OPT_IN, ConsentBasis.CUSTOMER]) & ~people["broken"],
    )


def _left_before(people: pd.DataFrame, rng: np.random.Generator) -> dict[str, Any]:
    joined = seconds(people["created_at"])
    left = np.floor(joined + (YEAR_BEGINS - joined) * rng.random(len(people)))
    reason = pd.Series(rng.choice(list(LEFT_BECAUSE), len(people), p=list(LEFT_BECAUSE.values())), index=people.index)
    gone = (joined < YEAR_BEGINS - 30 * DAY) & (rng.random(len(people)) < LEFT_BEFORE) & ~people["broken"]
    return {"opted_out_at": moment(left).where(gone), "opted_out_reason": reason.where(gone)}


def _dead_from(people: pd.DataFrame, rng: np.random.Generator) -> Any:
    """A misspelt domain never had the mailbox; a temporary one may be gone; others died some day of the year."""
    draw = rng.random((2, len(people)))
    died = YEAR_BEGINS + (LAST_SEND - YEAR_BEGINS) * draw[0] / DIED_IN_THE_YEAR
    never = (people["sort"] == "misspelt") | (people["opted_out_reason"] == SuppressionReason.BOUNCED)
    never |= (people["sort"] == "disposable") & (draw[1] < DEAD_DISPOSABLE)
    return np.select([never, draw[0] < DIED_IN_THE_YEAR], [-np.inf, died], np.inf)
