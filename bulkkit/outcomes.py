"""What became of each message: one row a campaign and mailbox, counted wherever the events lie.

The columns are 0 or 1, so that "and" is a product and counting is a sum: what
every data frame library, database and cluster behind Narwhals does alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import mul
from typing import Any, Final, TypeAlias

import narwhals as nw
from narwhals.typing import IntoFrame

from bulkkit.addresses import mailbox_key
from bulkkit.errors import InputError
from bulkkit.vocabulary import BounceType, Counts, EventKind, Rate, SendState

KEY: Final = ("_campaign", "_mailbox")
"""What joins events, sends and contacts; the other columns in here bear an underscore to stay clear of the caller's."""

_JOINING: Final = ("campaign", "email")
NOT_TOLD: Final = "unknown"

SILENT: Final = {
    "opened": ("ledger", "dsn", "arf"),
    "clicked": ("ledger", "dsn", "arf"),
    "unsubscribed": ("ledger", "dsn", "arf", "listmonk"),
    "complained": ("ledger", "dsn", "tracker", "mailchimp"),
}
"""Sources that cannot tell of a reaction (listmonk's unsubscribes name no campaign; Mailchimp's activity knows opens,
clicks and bounces). A campaign of which only these report has an unknown rate and not one of 0. Nor is a nameless
source known to tell of a reaction while no event of any campaign is one."""

_FACTS: Final = (
    "sent", "rejected", "bounced", "hard", "soft", "untracked",
    "opened", "opened_human", "opened_judged", "clicked", "clicked_human", "clicked_judged",
    "unsubscribed", "complained", *(f"tells_{kind}" for kind in SILENT),
)  # fmt: skip
_OF_CAMPAIGN: Final = ("sent", "opened", "clicked", "opened_judged", "clicked_judged", *(f"tells_{k}" for k in SILENT))

_YES: Final = ("true", "1", "1.0")
NO: Final = ("false", "0", "0.0")
"""How libraries write a truth value as text."""

Frame: TypeAlias = nw.LazyFrame[Any]
AnyFrame: TypeAlias = IntoFrame | Frame


@dataclass(frozen=True, slots=True)
class Measure:
    """A rate in one way of counting: which 0/1 columns its numerator, its denominator and our knowledge of it are."""

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
    Measure(Rate.COMPLAINED, Counts.ALL, ("complained",), ("delivered",), ("knows_complained",)),
)  # fmt: skip


def outcomes(events: AnyFrame, sends: AnyFrame | None = None, campaigns: Collection[str] | None = None) -> Frame:
    """Return one row a message, with 0/1 columns for each measure.

    Parameters
    ----------
    events
        Columns `kind, campaign, email` at least; `bounce_type, machine, source` are used where they are.
    sends
        Columns `campaign, email` at least; `state, reason, smtp_code, enhanced_code, tracked` are used where they are.
    campaigns
        Those to answer for; by default all. What the events of others tell shows what their sources can tell.

    Returns
    -------
    narwhals.LazyFrame
        `_campaign, _mailbox, _known` (1 where it is known to whom the campaign was sent), and for each of
        `MEASURES` `<name>_n`, `<name>_d` and `<name>_k`: counted, could have been counted, is known.

    Notes
    -----
    A message was delivered when it was sent, and neither rejected nor bounced, in
    whatever order that was reported. A person who bounced and yet reacted counts
    as bounced, and the reaction counts nowhere, so that no numerator holds anybody
    whom its denominator does not. Who bounced both hard and soft bounced hard. A
    bounce of type "suppressed" was never handed over, and is a rejection. A click
    counts for click-to-open only with an open.
    """
    rows = keyed(events, "events")
    facts = [_event_facts(_of(rows, campaigns), _reactions(rows))]
    if sends is not None:
        facts.append(_send_facts(_of(alike(keyed(sends, "sends"), rows), campaigns)))
    people = nw.concat(facts).group_by(*KEY).agg(*(nw.col(name).max() for name in _columns(_FACTS)))
    wholes = people.group_by(KEY[0]).agg(*(nw.col(f"_{name}").max().alias(f"_any_{name}") for name in _OF_CAMPAIGN))
    known = _judgements(people.join(wholes, on=KEY[0], how="left"))
    return known.select(*KEY, nw.col("_any_sent").alias("_known"), *_measured())


def keyed(frame: AnyFrame, what: str) -> Frame:
    """Return a frame with the columns of `KEY` added, unless it has them; rows without an address are left out."""
    lazy: Frame = nw.from_native(frame).lazy()
    has = lazy.collect_schema().names()
    if set(KEY) <= set(has):
        return lazy
    needed = ("kind", *_JOINING) if what == "events" else _JOINING
    if missing := [name for name in needed if name not in has]:
        raise InputError(
            f"{what} has no column {' and no '.join(missing)}; rename the right one, or pass another frame."
        )
    return mailboxes(lazy).with_columns(nw.col("campaign").cast(nw.String).fill_null(NOT_TOLD).alias(KEY[0]))


def mailboxes(frame: Frame) -> Frame:
    """Return the rows that have an address, with the mailbox it means in `_mailbox` (as `addresses.mailbox_key`)."""
    addressed = frame.filter(~nw.col("email").is_null()).with_columns(nw.col("email").cast(nw.String).alias("_raw"))
    stripped = nw.col("_raw").str.strip_chars()
    # Looked at before it is lowered: some libraries make a plain "i" of a dotted capital one, which is somebody else.
    is_plain = stripped.str.contains(r"^[!-?A-~]+@[A-Za-z0-9.-]*[A-Za-z0-9-]$")
    trimmed = stripped.str.to_lowercase()
    local = trimmed.str.replace_all(r"[+@].*$", "").str.replace_all(".", "", literal=True)
    google = nw.when(trimmed.str.contains(r"@(?:gmail|googlemail)\.com$"))
    plain = google.then(nw.concat_str(local, nw.lit("@gmail.com"))).otherwise(trimmed)
    odd = addressed.filter(~is_plain).select("_raw").unique().collect("pandas").to_native()["_raw"]
    if not len(odd):
        return addressed.with_columns(plain.alias(KEY[1]))
    spelt = nw.col("_raw").replace_strict(list(odd), [mailbox_key(address) for address in odd], default=plain)
    return addressed.with_columns(spelt.alias(KEY[1]))


def alike(frame: Frame, other: Frame) -> Frame:
    """Return `frame`, which must come from the same library as `other`: they are going to be joined."""
    if frame.implementation is not other.implementation:
        raise InputError(
            f"events, sends and contacts must come from one library: one is a {other.implementation.value} frame, "
            f"another a {frame.implementation.value} frame. Convert the smaller one."
        )
    return frame


def _words(frame: Frame, *names: str) -> Frame:
    """Return the columns of `KEY` and the named ones as lower-case text, missing throughout where there is none."""
    has = frame.collect_schema().names()
    absent = nw.lit(None, dtype=nw.String)
    columns = {name: nw.col(name).cast(nw.String).str.to_lowercase() if name in has else absent for name in names}
    return frame.select(*KEY, *(column.alias(name) for name, column in columns.items()))


def _is(name: str, *words: str) -> nw.Expr:
    """Return 1 where a text column holds one of the words, else 0."""
    return _flag(nw.col(name).is_in([str(word) for word in words]))


def _of(frame: Frame, campaigns: Collection[str] | None) -> Frame:
    return frame if campaigns is None else frame.filter(nw.col(KEY[0]).is_in(list(campaigns)))


def _reactions(events: Frame) -> frozenset[str]:
    """Return the kinds of event that there are at all."""
    kinds = _words(events, "kind").select("kind").unique().collect("pandas").to_native()["kind"]
    return frozenset(kinds.dropna())


def _event_facts(events: Frame, reactions: Collection[str]) -> Frame:
    told = _words(events, "kind", "bounce_type", "machine", "source")
    human, judged = _is("machine", *NO), _flag(~nw.col("machine").is_null())
    suppressed = _is("bounce_type", BounceType.SUPPRESSED)
    bounced = _is("kind", EventKind.BOUNCED) * (1 - suppressed)
    opened, clicked = _is("kind", EventKind.OPENED), _is("kind", EventKind.CLICKED)
    facts = {
        "sent": _is("kind", EventKind.SENT, EventKind.DELIVERED),
        "rejected": _is("kind", EventKind.REJECTED) + _is("kind", EventKind.BOUNCED) * suppressed,
        "bounced": bounced,
        "hard": bounced * _is("bounce_type", BounceType.HARD),
        "soft": bounced * _is("bounce_type", BounceType.SOFT),
        "opened": opened, "opened_human": opened * human, "opened_judged": opened * judged,
        "clicked": clicked, "clicked_human": clicked * human, "clicked_judged": clicked * judged,
        "unsubscribed": _is("kind", EventKind.UNSUBSCRIBED),
        "complained": _is("kind", EventKind.COMPLAINED),
    }  # fmt: skip
    nameless = _flag(nw.col("source").is_null())
    silent = {kind: _is("source", *who) + nameless * int(kind not in reactions) for kind, who in SILENT.items()}
    tells = {f"tells_{kind}": _tells(_is("kind", kind), unable) for kind, unable in silent.items()}
    return _with(told, facts | tells)


def _tells(happened: nw.Expr, silent: nw.Expr) -> nw.Expr:
    return happened + (1 - happened) * (1 - silent)


def _send_facts(sends: Frame) -> Frame:
    """Turn the ledger's states into the same facts; the kind of a refusal is told by its enhanced code (RFC 3463)."""
    told = _words(sends, "state", "reason", "smtp_code", "enhanced_code", "tracked")
    never = _is("state", SendState.REFUSED) * _is("reason", "suppressed") * _flag(nw.col("smtp_code").is_null())
    refused, expired = _is("state", SendState.REFUSED) * (1 - never), _is("state", SendState.EXPIRED)
    told_apart = "state" in sends.collect_schema().names()
    facts = {
        "sent": _is("state", SendState.ACCEPTED) + refused + expired if told_apart else nw.lit(1),
        "rejected": never,
        "bounced": refused + expired,
        "hard": refused * _flag(nw.col("enhanced_code").str.starts_with("5.1.")),
        "soft": expired,
        "untracked": _is("tracked", *NO),
    }
    tells = {f"tells_{kind}": _is("tracked", *_YES) for kind in SILENT if kind != EventKind.COMPLAINED}
    return _with(told, facts | tells)


def _judgements(people: Frame) -> Frame:
    """Add what follows for each message: whom the denominators hold, and what the campaign's sources could know."""
    one = {name: nw.col(f"_{name}") for name in _FACTS}
    any_ = {name: nw.col(f"_any_{name}") for name in _OF_CAMPAIGN}
    handed = _flag(one["sent"] + one["bounced"] > 0)
    delivered = handed * (1 - one["rejected"]) * (1 - one["bounced"])
    # Where nobody knows to whom a campaign went, all who appear are counted and the denominator is left open.
    open_ended = 1 - any_["sent"]
    added = {
        "handed": _flag(handed + open_ended > 0),
        "delivered": _flag(delivered + open_ended > 0),
        "seen": _flag(delivered + open_ended > 0) * (1 - one["untracked"]),
        "always": any_["sent"] * 0 + 1,
        "only_soft": one["soft"] * (1 - one["hard"]),
        "opens_judged": any_["tells_opened"] * _flag(any_["opened_judged"] + 1 - any_["opened"] > 0),
        "clicks_judged": any_["tells_clicked"] * _flag(any_["clicked_judged"] + 1 - any_["clicked"] > 0),
    } | {f"knows_{name}": any_[f"tells_{name}"] for name in SILENT}
    return people.with_columns(*(flag.alias(f"_{name}") for name, flag in added.items()))


def _measured() -> Iterable[nw.Expr]:
    for measure in MEASURES:
        known = _all(*measure.known)
        base = _all(*measure.base, *measure.known)
        yield _all(*measure.event, *measure.base, *measure.known).alias(f"{measure.name}_n")
        yield base.alias(f"{measure.name}_d")
        yield known.alias(f"{measure.name}_k")


def _all(*names: str) -> nw.Expr:
    return reduce(mul, (nw.col(f"_{name}") for name in names or ("always",)))


def _with(frame: Frame, facts: dict[str, nw.Expr]) -> Frame:
    zero = nw.lit(0).cast(nw.Int64)
    return frame.select(*KEY, *(facts.get(name, zero).cast(nw.Int64).alias(f"_{name}") for name in _FACTS))


def _columns(names: Iterable[str]) -> list[str]:
    return [f"_{name}" for name in names]


def _flag(condition: nw.Expr) -> nw.Expr:
    return condition.fill_null(False).cast(nw.Int64)
