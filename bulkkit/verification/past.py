"""What events and a ledger tell of each mailbox before a moment: who left, who bounced, where mail arrived last."""

from __future__ import annotations

from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Final, Protocol

import narwhals as nw
import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from bulkkit.addresses import mailbox_keys
from bulkkit.errors import LedgerError
from bulkkit.outcomes import KEY, gathered, keyed
from bulkkit.segmentation import OCCASIONAL_DAYS, History, moments
from bulkkit.verification.bounces import are_dead
from bulkkit.vocabulary import EventKind, Reason, SuppressionReason

ARRIVED: Final = {
    EventKind.DELIVERED: "Delivered",
    EventKind.OPENED: "Opened",
    EventKind.CLICKED: "Clicked",
}
"""Events that only happen to a message which a mail server took, and the words for them."""

LEFT: Final = {
    SuppressionReason.COMPLAINED: "Complained",
    SuppressionReason.UNSUBSCRIBED: "Unsubscribed",
    SuppressionReason.MANUAL: "Suppressed by hand",
    SuppressionReason.BOUNCED: "Bounced for good",
}
"""Why somebody is not written to again, from the weightiest to the lightest, and the words for it."""

COLUMNS: Final = ("at", "machine", "campaign", "bounce_type", "bounce_class", "smtp_code", "enhanced_code")

WORDS: Final = ("campaign", "bounce_type", "bounce_class", "enhanced_code")
"""Those of the columns that hold text."""

_KINDS: Final = (
    *ARRIVED, EventKind.SENT, EventKind.BOUNCED, EventKind.REJECTED, EventKind.COMPLAINED, EventKind.UNSUBSCRIBED,
)  # fmt: skip
_REACTIONS: Final = (EventKind.OPENED, EventKind.CLICKED)


class Remembering(Protocol):
    """What verification reads of a ledger."""

    def sends(self, campaign: str | None = None) -> pd.DataFrame:
        """Return the sends frame."""

    def events(self, campaign: str | None = None) -> pd.DataFrame:
        """Return the events frame."""

    def suppressions(self) -> pd.DataFrame:
        """Return the suppressions frame."""


AnyLedger = Remembering | str | PathLike[str]


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What is known of mailboxes before a moment.

    Attributes
    ----------
    before
        The moment.
    settled
        By mailbox: `reason` (`suppressed` or `delivered_before`) and `words`, the event that says so.
    history
        Who got mail that could tell of a reaction, and who reacted; one row a mailbox.
    """

    before: pd.Timestamp
    settled: pd.DataFrame
    history: History

    @classmethod
    def of(cls, before: pd.Timestamp, events: IntoFrame | None = None, ledger: AnyLedger | None = None) -> Past:
        """Take from events of any frame library, and from a ledger, what verification needs."""
        told, kept, blind = [] if events is None else [rows_of(events)], _NOBODY, _NOTHING
        if ledger is not None:
            with opened(ledger) as book:
                told.append(rows_of(book.events()))
                kept, blind = _suppressed(book.suppressions()), _untracked(book.sends())
        rows = pd.concat(told or [_NOBODY.reindex(columns=[*KEY, "kind", *COLUMNS])], ignore_index=True)
        rows = rows[~(rows["at"] >= before)]
        arrived = arrivals(rows)
        left = _last(pd.concat([_left(rows, arrived), kept[~(kept["at"] >= before)]], ignore_index=True))
        settled = pd.concat([_settled(left, Reason.SUPPRESSED), _settled(arrived, Reason.DELIVERED_BEFORE)])
        return cls(before, settled[~settled.index.duplicated()], _telling(rows, blind).latest(before))

    def silence(self, mailboxes: pd.Series[Any], untracked: pd.Series[Any]) -> pd.Series[Any]:
        """Return in words that a mailbox got mail and nobody there reacted; missing where that is not known."""
        silent = self.history.engagement(mailboxes, self.before, untracked) == "inactive"
        last = (
            self.history.received.set_index("mailbox")["at"].reindex(mailboxes[silent]).set_axis(silent[silent].index)
        )
        said = "Got mail" + (", the last of it on " + days(last)).fillna("") + "; nobody there opened or clicked in "
        return (said + f"{OCCASIONAL_DAYS} days.").reindex(mailboxes.index).astype("str")


def opened(ledger: AnyLedger) -> AbstractContextManager[Remembering]:
    """Return a ledger as a context: as it is, or opened from its path and closed at the end."""
    from bulkkit.ledger import Ledger

    if not isinstance(ledger, str | PathLike):
        return nullcontext(ledger)
    if not Path(ledger).exists():
        raise LedgerError(f"There is no ledger at {Path(ledger)}. Pass the path of the file that the send wrote.")
    return closing(Ledger(ledger))


def rows_of(events: IntoFrame) -> pd.DataFrame:
    """Return the events that tell of a mailbox as a pandas frame: the columns of `KEY`, `kind` and `COLUMNS`."""
    rows = keyed(events, "events")
    has = rows.collect_schema().names()
    wanted = [nw.col(name) for name in ("kind", *COLUMNS) if name in has]
    chosen = rows.filter(nw.col("kind").is_in([str(kind) for kind in _KINDS])).select(*KEY, *wanted)
    frame = gathered(chosen)
    frame = frame.assign(**{name: None for name in COLUMNS if name not in has})
    words = {name: frame[name].astype("str") for name in WORDS}
    codes = pd.to_numeric(frame["smtp_code"], errors="coerce").astype("Int64")
    return frame.assign(at=moments(frame["at"]), smtp_code=codes, **words)


def arrivals(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the last sign of each mailbox that a message arrived: columns `mailbox, at, campaign, said`.

    A message that bounced did not arrive, in whatever order that was reported.
    """
    taken = rows[rows["kind"].isin(list(ARRIVED)) & rows["at"].notna()]
    failed = rows.loc[rows["kind"].isin([EventKind.BOUNCED, EventKind.REJECTED]), list(KEY)].drop_duplicates()
    if len(failed):
        touched = taken[KEY[1]].isin(failed[KEY[1]])
        doubtful = taken[touched].merge(failed, on=list(KEY), how="left", indicator=True)
        kept = doubtful.loc[doubtful["_merge"] == "left_only", taken.columns]
        taken = pd.concat([taken[~touched], kept])
    last = taken.sort_values("at", kind="stable").drop_duplicates(KEY[1], keep="last")
    return pd.DataFrame(
        {
            "mailbox": last[KEY[1]], "at": last["at"], "campaign": last["campaign"],
            "said": last["kind"].map({str(kind): word for kind, word in ARRIVED.items()}).astype("str"),
        }
    )  # fmt: skip


def days(moments: pd.Series[Any]) -> pd.Series[Any]:
    """Return the days of moments as text (UTC), missing where they are."""
    naive = moments.dt.tz_localize(None).to_numpy("datetime64[s]")
    told = pd.Series(np.datetime_as_string(naive, unit="D"), index=moments.index, dtype="str")
    return told.where(moments.notna())


_NOBODY: Final = pd.DataFrame(
    {
        "mailbox": pd.Series(dtype="str"), "kind": pd.Series(dtype="str"),
        "at": pd.Series(dtype="datetime64[us, UTC]"), "campaign": pd.Series(dtype="str"),
        "said": pd.Series(dtype="str"),
    }
)  # fmt: skip
_NOTHING: Final = pd.DataFrame({"mailbox": pd.Series(dtype="str"), "campaign": pd.Series(dtype="str")})


def _left(rows: pd.DataFrame, arrived: pd.DataFrame) -> pd.DataFrame:
    """Return who complained or unsubscribed, and whose mailbox was dead since mail last arrived there."""
    gone = rows[rows["kind"].isin([EventKind.COMPLAINED, EventKind.UNSUBSCRIBED])]
    dead = rows[are_dead(rows)]
    later = arrived.set_index("mailbox")["at"].reindex(dead[KEY[1]]).set_axis(dead.index)
    dead = dead[~(dead["at"] < later)]
    found = pd.concat([gone, dead])
    return pd.DataFrame(
        {
            "mailbox": found[KEY[1]], "kind": found["kind"], "at": found["at"], "campaign": found["campaign"],
            "said": _spoken(found["kind"]) + _codes(found),
        }
    )  # fmt: skip


def _suppressed(suppressions: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "mailbox": mailbox_keys(suppressions["email"]), "kind": suppressions["reason"], "at": suppressions["at"],
            "campaign": suppressions["campaign"], "said": _spoken(suppressions["reason"]),
        }
    )  # fmt: skip


def _spoken(kinds: pd.Series[Any]) -> pd.Series[Any]:
    words = {str(kind): word for kind, word in LEFT.items()}
    return kinds.map(words).fillna(words[SuppressionReason.MANUAL]).astype("str")


def _codes(rows: pd.DataFrame) -> pd.Series[Any]:
    """Return the codes of a bounce in brackets: ` (550 5.1.1)`; nothing where there are none."""
    told = [rows[name].astype("str").fillna("") for name in ("smtp_code", "enhanced_code")]
    both = (told[0] + " " + told[1]).str.strip()
    return (" (" + both + ")").where((both != "") & rows["kind"].eq(EventKind.BOUNCED), "")


def _last(left: pd.DataFrame) -> pd.DataFrame:
    """Return the weightiest fact of each mailbox, and of several such the last."""
    order = [str(kind) for kind in LEFT]
    weight = left["kind"].map({kind: place for place, kind in enumerate(order)}).fillna(len(order))
    ordered = left.assign(weight=weight).sort_values(["weight", "at"], ascending=[True, False], kind="stable")
    return ordered.drop_duplicates("mailbox")


def _settled(facts: pd.DataFrame, reason: Reason) -> pd.DataFrame:
    where = (" (campaign " + facts["campaign"].astype("str") + ")").fillna("")
    words = facts["said"].astype("str") + (" on " + days(facts["at"])).fillna(", nobody knows when") + where + "."
    index = pd.Index(facts["mailbox"], name="mailbox")
    return pd.DataFrame({"reason": str(reason), "words": words.to_numpy()}, index=index, dtype="str")


def _telling(rows: pd.DataFrame, blind: pd.DataFrame) -> History:
    """Return the history of what could tell of a reaction: of a campaign that nobody opened nobody's silence tells."""
    heard = rows[KEY[0]].isin(set(rows.loc[rows["kind"].isin(_REACTIONS), KEY[0]]))
    silent = pd.MultiIndex.from_frame(blind) if len(blind) else None
    seen = heard if silent is None else heard & ~pd.MultiIndex.from_frame(rows[[KEY[1], KEY[0]]]).isin(silent)
    return History.of(rows[seen | rows["kind"].isin(_REACTIONS)])


def _untracked(sends: pd.DataFrame) -> pd.DataFrame:
    """Return the messages without pixel and tracked links: columns `mailbox, campaign`."""
    rows = sends[sends["tracked"].eq(False).fillna(False)]
    return pd.DataFrame({"mailbox": mailbox_keys(rows["email"]), "campaign": rows["campaign"]})
