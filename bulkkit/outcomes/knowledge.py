"""What is known of each campaign: to whom it was sent, and of which reactions its sources tell.

A source that cannot tell of complaints makes no complaint rate of 0. All of it
comes from a small table: which kinds, sources and judgements each campaign has.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw
import pandas as pd

from bulkkit.outcomes.facts import is_no, is_yes, said_by_sends
from bulkkit.outcomes.gathering import gathered
from bulkkit.outcomes.joining import KEY, Frame, as_text
from bulkkit.vocabulary import EventKind

SILENT: Final = {
    "opened": ("ledger", "dsn", "arf"),
    "clicked": ("ledger", "dsn", "arf"),
    "unsubscribed": ("ledger", "dsn", "arf", "listmonk"),
    "complained": ("ledger", "dsn", "tracker", "mailchimp"),
}
"""Sources that cannot tell of a reaction (listmonk's unsubscribes name no campaign; Mailchimp's activity knows opens,
clicks and bounces). A campaign of which only these report has an unknown rate and not one of 0. Nor is a nameless
source known to tell of a reaction while no event of any campaign is one."""

JUDGED: Final = {"opens_judged": "opened", "clicks_judged": "clicked"}
ASPECTS: Final = ("known", *(f"knows_{kind}" for kind in SILENT), *JUDGED)
"""What may be known of a campaign: its recipients, each reaction, and which opens and clicks were a person's."""

_FROM_LINKS: Final = ("opened", "clicked", "unsubscribed")
_WENT_OUT: Final = (EventKind.SENT, EventKind.DELIVERED)
_WORDS: Final = ("kind", "source", "bounce_type")


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """What the sources can tell.

    Attributes
    ----------
    campaigns
        A row a campaign (the index), a truth value for each of `ASPECTS`.
    spelt
        For "kind" and "bounce_type" the words that there are (in lower case), and how each is spelt here.
    firsts
        Where it is asked for and events have moments: when each kind of event first happened in each campaign, a
        person's apart from others (columns `_campaign, kind, human, at`).
    """

    campaigns: pd.DataFrame
    spelt: dict[str, dict[str, list[str]]]
    firsts: pd.DataFrame | None = None

    @classmethod
    def of(
        cls, events: Frame, sends: Frame | None, campaigns: Collection[str] | None = None, *, timed: bool = False
    ) -> Knowledge:
        """Look at all events, for what the events of others tell shows what their sources can tell."""
        timed = timed and "at" in events.collect_schema().names()
        seen = _seen(events, timed)
        told = [_from_events(seen), *([] if sends is None else [_from_sends(sends)])]
        table = pd.concat(told).fillna(False).astype(bool).groupby(level=0).any()
        judged = {
            aspect: table[f"knows_{kind}"] & (table[f"judged_{kind}"] | ~table[f"any_{kind}"])
            for aspect, kind in JUDGED.items()
        }
        aspects = table.assign(**judged)[list(ASPECTS)]
        chosen = aspects if campaigns is None else aspects[aspects.index.isin(list(campaigns))]
        firsts = seen[[KEY[0], "kind", "human", "at"]].assign(kind=seen["kind"].str.lower()) if timed else None
        return cls(chosen, {name: _spellings(seen[name]) for name in ("kind", "bounce_type")}, firsts)

    def alone(self, campaign: str) -> Knowledge:
        """Return what is known of one campaign."""
        return Knowledge(self.campaigns.loc[[campaign]], self.spelt)

    def spellings(self, *kinds: str) -> list[str]:
        """Return how these kinds of event are spelt here."""
        return [way for kind in kinds for way in self.spelt["kind"].get(kind, ())]

    def of_campaign(self, aspect: str) -> nw.Expr:
        """Return for each message whether something is known of its campaign."""
        column = self.campaigns[aspect]
        if column.nunique() < 2:
            return nw.lit(bool(column.any()))
        return nw.col(KEY[0]).is_in(list(column.index[column]))


def _seen(events: Frame, timed: bool) -> pd.DataFrame:
    """Return each combination of campaign, kind, source and bounce type that there is, and if any of it was judged.

    If timed also of who did it, and when it first happened.
    """
    has = events.collect_schema()
    absent = nw.lit(None, dtype=nw.String)
    words = {name: as_text(name, has[name]) if name in has.names() else absent for name in _WORDS}
    judged = ~nw.col("machine").is_null() if "machine" in has.names() else nw.lit(False)
    more = {"human": is_no(events, "machine"), "at": nw.col("at")} if timed else {}
    told = {**words, "judged": judged, **more}
    looked_at = events.select(KEY[0], **told).group_by(KEY[0], *_WORDS, *(["human"] if timed else []))
    seen = gathered(looked_at.agg(nw.col("judged").any(), *([nw.col("at").min()] if timed else [])))
    return seen.astype({KEY[0]: "str", **dict.fromkeys(_WORDS, "str"), "judged": bool})


def _spellings(words: pd.Series[Any]) -> dict[str, list[str]]:
    there = words.dropna().drop_duplicates()
    return {word: list(ways) for word, ways in there.groupby(there.str.lower())}


def _from_events(seen: pd.DataFrame) -> pd.DataFrame:
    kinds, sources = seen["kind"].str.lower(), seen["source"].str.lower()
    told: dict[str, pd.Series[Any]] = {"known": kinds.isin(list(map(str, _WENT_OUT)))}
    for kind, silent in SILENT.items():
        mute = sources.isin(silent) | (sources.isna() & (not (kinds == kind).any()))
        told[f"knows_{kind}"] = (kinds == kind) | ~mute
    for kind in JUDGED.values():
        told |= {f"any_{kind}": kinds == kind, f"judged_{kind}": (kinds == kind) & seen["judged"]}
    return pd.DataFrame(told).groupby(seen[KEY[0]].to_numpy()).any()


def _from_sends(sends: Frame) -> pd.DataFrame:
    """Return what the ledger adds: to whom a campaign went, and that tracked messages tell of reactions."""
    sent, tracked = said_by_sends(sends)["sent"], is_yes(sends, "tracked")
    looked_at = sends.select(KEY[0], sent.alias("sent"), tracked.alias("tracked"))
    table = looked_at.group_by(KEY[0]).agg(nw.col("sent").any(), nw.col("tracked").any())
    found = gathered(table).set_index(KEY[0]).astype(bool)
    return pd.DataFrame({"known": found["sent"], **{f"knows_{kind}": found["tracked"] for kind in _FROM_LINKS}})
