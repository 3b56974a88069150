"""The sentences of a report: small pure functions from figures to words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

import pandas as pd

from bulkkit.charts.numerals import (
    count,
    duration,
    is_known,
    percent,
    percent_range,
    plural,
    points,
    points_range,
    were,
)
from bulkkit.charts.passage import arrival
from bulkkit.charts.shares import Band
from bulkkit.comparison import Estimate
from bulkkit.vocabulary import CampaignKind

_TRAITS: Final = {
    "provider": "the same mail provider",
    "tenure": "about the same time on the list",
    "engagement": "about the same activity before the send",
}


def headline(sent: Any, delivered: Any, clicked: Band | None, beside: str) -> str:
    """Return the finding in one sentence: how many arrived, how many clicked, and how that stands beside others."""
    return f"{arrival(sent, delivered)}; {reaction(clicked)}" + (f", {beside}" if beside else "")


def reaction(clicked: Band | None) -> str:
    """Return how many clicked, as a share or a range."""
    if clicked is None or not clicked.known:
        return "how many people clicked is unknown"
    return f"{clicked.spoken()} clicked"


def standing(adjusted: Estimate, others: str, is_adjusted: bool) -> str:
    """Return how a campaign stands beside others, and whether like is compared with like."""
    if not is_known(adjusted.difference):
        return f"and no fair comparison with {others} is possible"
    how = " once like is compared with like" if is_adjusted else ", with nothing known to adjust by"
    if adjusted.lower > 0:
        return f"more than {others} got{how}"
    if adjusted.upper < 0:
        return f"fewer than {others} got{how}"
    return f"and no difference from {others} can be shown{how}"


def reach(kind: str, waterfall: pd.DataFrame, people: Any) -> str:
    """Return to whom a campaign went: a blast to the whole list only where it is known that nobody was kept out."""
    if kind != CampaignKind.BLAST:
        return " to people chosen for it" if kind == CampaignKind.SEGMENTED else ""
    if len(waterfall) and not waterfall.loc[waterfall["step"].isin(["over_limit", "holdout"]), "rows"].any():
        return " to the whole list"
    return f" to {plural(people, 'person', 'people')}" if is_known(people) else ""


def opening(campaign: str, subject: str, day: str, reached: str) -> str:
    """Return what was sent, when and to whom."""
    what = f"“{subject}”" if subject else f"The campaign {campaign}"
    named = f" (campaign {campaign})" if subject else ""
    when = f" on {day}" if day else ""
    return f"{what}{named} went out{when}{reached}."


def delivery(delivered: Any) -> str:
    """Return what delivered means, and what nobody can see."""
    if not is_known(delivered):
        return "No source says to whom it was sent, so nothing can be said about deliveries."
    return (
        "Delivered means that the recipient’s mail server accepted the message; "
        "whether it then lay in the inbox or in the spam folder nobody outside can see."
    )


def clicks(clicked: Band | None, delivered: Any) -> str:
    """Return how many clicked, out of how many it could be seen."""
    if clicked is None or not clicked.known:
        return "How many people clicked is unknown: nothing that was counted can tell."
    known = clicked.known
    base = seen_of(known[0].denominator, delivered)
    if len(known) == 2:
        return (
            f"Of {base}, {count(known[0].numerator)} to {count(known[1].numerator)} clicked a link "
            f"({clicked.spoken()}): the lower figure counts clicks known to be people’s, the higher one all clicks, "
            "link scanners’ included."
        )
    if clicked.is_ceiling(known[0]):
        return (
            f"Of {base}, at most {count(known[0].numerator)} clicked a link ({percent(known[0].value)}): "
            "no source told people from link scanners."
        )
    return f"Of {base}, {count(known[0].numerator)} clicked a link ({percent(known[0].value)})."


def seen_of(denominator: Any, delivered: Any) -> str:
    """Return whom a rate of opens or clicks stands on."""
    if is_known(delivered) and denominator < delivered:
        return f"the {plural(denominator, 'person', 'people')} who got it and agreed to be tracked"
    return f"{plural(denominator, 'person', 'people')} who got it"


def losses(bounced: Any, hard: Any) -> str:
    """Return how many bounced, and how many of them for good."""
    if not is_known(bounced):
        return "How many messages bounced is unknown."
    if bounced == 0:
        return "Nothing bounced."
    forever = (
        "" if not is_known(hard) else f", {count(hard) if hard else 'none'} of them hard, that is refused for good"
    )
    return f"{capital(plural(bounced, 'message'))} bounced{forever}."


def leavers(unsubscribed: Any, complained: Any) -> str:
    """Return how many unsubscribed and complained."""
    left = f"{_people(unsubscribed)} unsubscribed" if is_known(unsubscribed) else "how many unsubscribed is unknown"
    if not is_known(complained):
        return capital(
            f"{left}; how many complained is unknown, because no source that was counted reports complaints."
        )
    return capital(f"{left} and {_people(complained)} complained to their mail provider.")


def doubt(number: int) -> str:
    """Return what it means that messages are in doubt; empty where none is."""
    if not number:
        return ""
    return (
        f"{capital(plural(number, 'message'))} {is_are(number)} in doubt: the connection broke after the whole message "
        f"was handed over and before the answer came. {'It stands' if number == 1 else 'They stand'} in no rate here, "
        "and will not be sent again unless somebody decides so."
    )


def decision(number: int) -> str:
    """Return what can be done about messages in doubt."""
    whom = "this person" if number == 1 else "these people"
    return (
        f'Whether the message reached {whom} nobody knows. Somebody has to decide: send.resolve(emails, "skip") '
        'leaves it at that, "resend" sends the same message with the same Message-ID, at the risk of a second copy.'
    )


def span(first: Any, last: Any) -> str:
    """Return when the first and the last message left; empty where no source says so."""
    if not (is_known(first) and is_known(last)):
        return ""
    start = f"{first.day} {first:%B %Y} at {first:%H:%M} UTC"
    if last - first < timedelta(minutes=1):
        return f"All messages left on {start}."
    return f"The first message left on {start}, the last one {duration(last - first)} later."


def unfinished(number: int) -> str:
    """Return how many messages are still to be sent; empty where none is."""
    if not number:
        return ""
    return (
        f"The send is not finished: {plural(number, 'message')} {is_are(number)} still to go, "
        "and every rate here may move."
    )


def untracked(number: int | None, total: int) -> str:
    """Return how many people cannot be seen opening or clicking."""
    if number is None:
        return (
            "The ledger holds no row for each recipient of this campaign, so whose opens and clicks could be seen is "
            "unknown. Where some were not tracked, the open and click rates here are too low."
        )
    if number == 0:
        return "Everybody who was written to had agreed to be tracked."
    if number == total:
        return (
            "This message was sent without tracked links or without consent to them: "
            "there is no open and no click to count."
        )
    return (
        f"{count(number)} of {plural(total, 'recipient')} had not agreed to be tracked. Their messages carried no "
        "pixel and no tracked link; what they did is unknown, and they stand in no rate of opens or clicks."
    )


def raw_difference(raw: Estimate, others: str) -> str:
    """Return the difference as it is."""
    if not is_known(raw.difference):
        return f"The click rates of this campaign and of {others} cannot be set side by side."
    return (
        f"As they were sent, {percent(raw.treated_value)} of {plural(raw.treated_n, 'message')} of this campaign "
        f"brought a click, and {percent(raw.control_value)} of {plural(raw.control_n, 'message')} of {others}: "
        f"a difference of {points(raw.difference)} (95 % interval {points_range(raw.lower, raw.upper)})."
    )


def bounce_reasons(people: Any, reasons: int) -> str:
    """Return how many bounced for how many reasons."""
    why = "for one reason" if reasons == 1 else f"for {count(reasons)} different reasons"
    return (
        f"{capital(plural(people, 'person', 'people'))} {were(people)} not reached, {why}. "
        "Hard means refused for good; soft means that it may work another time."
    )


def audience(waterfall: pd.DataFrame) -> str:
    """Return how many rows of the list were written to, and that each other row has one reason."""
    read, written_to = waterfall["remaining"].iloc[0], waterfall["rows"].iloc[-1]
    if read == written_to:
        return f"All {plural(read, 'row')} of the list {were(read)} written to."
    return (
        f"Of {plural(read, 'row')} of the list, {count(written_to)} {were(written_to)} written to. "
        "Each of the others was left out for the first reason that applied to it."
    )


def earlier(shown: int, left_out: int) -> str:
    """Return what the chart of earlier campaigns shows, and what it does not."""
    rest = f" {capital(plural(left_out, 'other'))} {is_are(left_out)} not shown." if left_out else ""
    return (
        f"This campaign (blue) and {plural(shown, 'campaign')} before it, the oldest on top. They went to different "
        f"people at different times, so these rates stand beside each other as they are, and nothing is adjusted.{rest}"
    )


def likeness(adjust: Iterable[str], overlap: Any, has_contacts: bool) -> str:
    """Return what makes people alike here, and how many have a like on the other side."""
    traits = listing(_TRAITS.get(name, f"the same {name}") for name in adjust)
    alike = f"Alike are people with {traits}." if traits else "Nothing was adjusted for."
    shared = bool(traits) and is_known(overlap)
    met = f"{percent(overlap)} of both sides’ people have their like on the other side." if shared else ""
    missing = "" if has_contacts else "No contacts were handed in, so what they would tell of people is unknown here."
    return paragraph(alike, met, missing)


def paragraph(*sentences: str) -> str:
    """Return sentences as one paragraph, without the empty ones."""
    return " ".join(sentence for sentence in sentences if sentence)


def interval(lower: Any, upper: Any) -> str:
    """Return an interval for a table; a dash where there is none."""
    return percent_range(lower, upper) if is_known(lower) and is_known(upper) else "–"


def listing(names: Iterable[str], most: int = 4) -> str:
    """Return names as part of a sentence: `spring, autumn and 3 others`."""
    shown: Sequence[str] = list(names)
    if len(shown) > most:
        shown = [*shown[: most - 1], f"{len(shown) - most + 1} others"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def capital(sentence: str) -> str:
    """Return a sentence with a capital at its start."""
    return sentence[:1].upper() + sentence[1:]


def is_are(number: Any) -> str:
    """Return `is` for one, else `are`."""
    return "is" if number == 1 else "are"


def _people(number: Any) -> str:
    return "nobody" if number == 0 else plural(number, "person", "people")
