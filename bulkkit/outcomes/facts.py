"""What single events and sends say of a message, as truth values that are taken together by "any"."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import reduce
from operator import or_
from typing import Any, Final

import narwhals as nw

from bulkkit.outcomes.joining import KEY, Frame
from bulkkit.vocabulary import BounceType, EventKind, SendState

FACTS: Final = (
    "sent", "rejected", "bounced", "hard", "soft", "untracked", "at_google",
    "opened", "opened_human", "clicked", "clicked_human", "unsubscribed", "complained",
)  # fmt: skip

KINDS: Final = {
    EventKind.SENT: ("sent",),
    EventKind.DELIVERED: ("sent",),
    EventKind.REJECTED: ("rejected",),
    EventKind.BOUNCED: ("rejected", "bounced", "hard", "soft"),
    EventKind.OPENED: ("opened", "opened_human"),
    EventKind.CLICKED: ("clicked", "clicked_human"),
    EventKind.UNSUBSCRIBED: ("unsubscribed",),
    EventKind.COMPLAINED: ("complained",),
}
"""What an event of each kind may say."""

_YES: Final = ("true", "1", "1.0")
_NO: Final = ("false", "0", "0.0")
"""How libraries write a truth value as text."""


def said_by_events(events: Frame, spelt: Mapping[str, Mapping[str, Collection[str]]]) -> dict[str, nw.Expr]:
    """Return the facts that these events can say, each as a truth value of one event.

    Parameters
    ----------
    events
        With the column `kind`, and perhaps `bounce_type, machine`.
    spelt
        For "kind" and "bounce_type" the words that there are, and how each is spelt here: "opened" may be "Opened".
    """
    said: dict[str, list[nw.Expr]] = {}
    for kind, facts in KINDS.items():
        happened = _spelt("kind", spelt["kind"].get(kind, ()))
        if happened is None:
            continue
        for fact in facts:
            said.setdefault(fact, []).extend(_narrowed(happened, events, fact, kind, spelt["bounce_type"]))
    return {fact: reduce(or_, ways) for fact, ways in said.items() if ways}


def _narrowed(
    happened: nw.Expr, events: Frame, fact: str, kind: EventKind, bounces: Mapping[str, Collection[str]]
) -> list[nw.Expr]:
    """Return when an event of a kind says a fact; nothing where it never does."""
    if fact.endswith("_human"):
        return [happened & is_no(events, "machine")]
    if kind is not EventKind.BOUNCED:
        return [happened]
    suppressed = _spelt("bounce_type", bounces.get(BounceType.SUPPRESSED, ()))
    if fact == "bounced":
        return [happened if suppressed is None else happened & ~suppressed]
    meant = suppressed if fact == "rejected" else _spelt("bounce_type", bounces.get(fact, ()))
    return [] if meant is None else [happened & meant]


def _spelt(name: str, spellings: Collection[str]) -> nw.Expr | None:
    if not spellings:
        return None
    first, *others = sorted(spellings)
    found = nw.col(name).is_in([first, *others]) if others else nw.col(name) == first  # which pandas is quicker at
    return found.fill_null(False)


def said_by_sends(sends: Frame) -> dict[str, nw.Expr]:
    """Turn the ledger's states into the same facts; the kind of a refusal is told by its enhanced code (RFC 3463)."""
    has = sends.collect_schema().names()
    said = {"untracked": is_no(sends, "tracked")} if "tracked" in has else {}
    if "network" in has:
        said["at_google"] = has_word(sends, "network", "google")
    if "state" not in has:
        return said | {"sent": nw.lit(True)}
    refused = has_word(sends, "state", SendState.REFUSED)
    never = refused & has_word(sends, "reason", "suppressed")
    if "smtp_code" in has:
        never = never & nw.col("smtp_code").is_null()
    refused = refused & ~never
    expired = has_word(sends, "state", SendState.EXPIRED)
    if "enhanced_code" in has:
        said["hard"] = refused & nw.col("enhanced_code").cast(nw.String).str.starts_with("5.1.").fill_null(False)
    told = {"sent": has_word(sends, "state", SendState.ACCEPTED) | refused | expired, "rejected": never}
    return said | told | {"bounced": refused | expired, "soft": expired}


def has_word(frame: Frame, name: str, *words: str) -> nw.Expr:
    """Return whether a column holds one of these words, in whatever case; false where it is missing."""
    dtype = frame.collect_schema().get(name)
    if dtype is None:
        return nw.lit(False)
    # Even where it is said to be text: of a column of objects only the first values were looked at.
    lowered = nw.col(name).cast(nw.String).str.to_lowercase()
    return lowered.is_in([str(word) for word in words]).fill_null(False)


def is_no(frame: Frame, name: str) -> nw.Expr:
    """Return whether a truth value is known to be false."""
    if frame.collect_schema().get(name) == nw.Boolean:
        return (~nw.col(name)).fill_null(False)
    return has_word(frame, name, *_NO)


def is_yes(frame: Frame, name: str) -> nw.Expr:
    """Return whether a truth value is known to be true."""
    if frame.collect_schema().get(name) == nw.Boolean:
        return nw.col(name).fill_null(False)
    return has_word(frame, name, *_YES)


def with_facts(frame: Frame, said: Mapping[str, nw.Expr], names: Collection[str], *more: Any) -> Frame:
    """Return `KEY` and the named facts, each with an underscore before it; false where nothing says it."""
    return frame.select(*KEY, *(said.get(name, nw.lit(False)).alias(f"_{name}") for name in names), *more)
