"""What the campaigns would show without chance: exact rates from the chances that produced the history."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from bulkkit.sample.campaigns import MAILINGS, SEGMENTED_CLICK_ODDS, SEGMENTED_OPEN_ODDS, Mailing
from bulkkit.sample.mailboxes import raise_odds
from bulkkit.sample.place import AS_OF
from bulkkit.vocabulary import CampaignKind, Rate

BLAST: Final = [mailing.name for mailing in MAILINGS if mailing.kind is CampaignKind.BLAST][-1]
SEGMENTED: Final = "spring"


def expectation(sends: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Return what truth.json holds: human rates by campaign, and the true difference between two of them.

    Rates are fractions. `delivered`: of everyone the message reached, where
    people without tracking consent count as not having reacted, as in the events;
    `tracked`: of those of them who let themselves be tracked. `own` is over the
    campaign's own people; `pooled` is what it would have had from the people of
    the comparison's two campaigns together, each person once: as they were at
    the one they got, or halfway between the two.
    """
    reached = sends[sends["bounced"].isna()].assign(weight=1.0)
    pooled = reached[reached["campaign"].isin([BLAST, SEGMENTED])]
    pooled = pooled.assign(weight=1 / pooled.groupby("person")["campaign"].transform("size"))
    campaigns = {mailing.name: _campaign(mailing, sends, reached, pooled) for mailing in MAILINGS}
    return {
        "seed": seed,
        "as_of": AS_OF.isoformat(),
        "segmented_odds": {Rate.OPENED.value: SEGMENTED_OPEN_ODDS, Rate.CLICKED.value: SEGMENTED_CLICK_ODDS},
        "comparison": {
            "blast": BLAST,
            "segmented": SEGMENTED,
            "people": int(pooled["person"].nunique()),
            "difference": _difference(campaigns, "pooled"),
            "raw_difference": _difference(campaigns, "own"),
        },
        "campaigns": campaigns,
    }


def _campaign(mailing: Mailing, sends: pd.DataFrame, reached: pd.DataFrame, pooled: pd.DataFrame) -> dict[str, Any]:
    own = reached[reached["campaign"] == mailing.name]
    return {
        "kind": mailing.kind.value,
        "recipients": int((sends["campaign"] == mailing.name).sum()),
        "delivered": len(own),
        "own": _rates(mailing, own),
        "pooled": _rates(mailing, pooled),
    }


def _rates(mailing: Mailing, rows: pd.DataFrame) -> dict[str, Any]:
    chances = {
        Rate.OPENED.value: raise_odds(rows["p_open"], mailing.open_odds),
        Rate.CLICKED.value: raise_odds(rows["p_click"], mailing.click_odds),
    }
    return {
        rate: {
            "delivered": round(_mean(chance, rows["tracked"] * rows["weight"], rows["weight"]), 6),
            "tracked": round(_mean(chance, rows["tracked"] * rows["weight"], rows["tracked"] * rows["weight"]), 6),
        }
        for rate, chance in chances.items()
    }


def _mean(chance: pd.Series[Any], counted: pd.Series[Any], base: pd.Series[Any]) -> float:
    return float((chance * counted).sum() / base.sum())


def _difference(campaigns: dict[str, Any], over: str) -> dict[str, dict[str, float]]:
    """Blast less segmented, for each rate and denominator."""
    blast, segmented = campaigns[BLAST][over], campaigns[SEGMENTED][over]
    return {rate: {base: round(blast[rate][base] - segmented[rate][base], 6) for base in blast[rate]} for rate in blast}
