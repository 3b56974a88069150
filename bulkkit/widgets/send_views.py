"""What a send's panel shows, as HTML: of a running or ended send, of a stored campaign, of nothing."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

from bulkkit.charts.numerals import plural
from bulkkit.errors import explained
from bulkkit.sending.job import RunState
from bulkkit.sending.send import Send
from bulkkit.sending.tally import counted, networks_frame
from bulkkit.widgets.markup import markup
from bulkkit.widgets.standing import LARGEST, figures, network_rows, parts, state_words
from bulkkit.widgets.stored_campaign import NetworkCounts, together

ALLOWED: Final = {
    RunState.RUNNING: frozenset({"pause", "stop"}),
    RunState.PAUSED: frozenset({"go_on", "stop"}),
    RunState.STOPPED: frozenset({"resume"}),
    RunState.FAILED: frozenset({"resume"}),
    RunState.FINISHED: frozenset[str](),
}
"""What may be done with a send that is doing this."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A panel at one moment: `allowed` buttons may be clicked; where it `is_live` another drawing follows soon."""

    head: str
    detail: str = ""
    has_buttons: bool = True
    allowed: frozenset[str] = frozenset()
    is_live: bool = False


def of_send(send: Send, problem: str = "", under_way: str = "") -> Drawing:
    """Return how a send is shown; `problem` is what went wrong with what was asked for, `under_way` what is done."""
    is_live, progress = send.is_running, send.progress
    state, sentence = state_words(progress)
    failure = "" if is_live or send.error is None else explained(send.error)
    head = _head(
        progress,
        run=progress.run,
        state=state,
        sentence=under_way or sentence,
        rehearsal=send.clock.name != "utc",
        figures=figures(progress, send.clock) if is_live else (),
        problems=[said for said in (failure, problem, *(progress.notes if is_live else ())) if said],
    )
    largest, network_count = send.largest_networks(LARGEST)
    rows = network_rows(largest, network_count, progress)
    detail = markup("send_detail", rows=rows, replies=progress.last_replies[::-1])
    allowed = frozenset[str]() if under_way else ALLOWED[progress.run]
    return Drawing(head, detail, allowed=allowed, is_live=is_live)


def of_stored(campaign: str, networks: NetworkCounts, problem: str = "", under_way: str = "") -> Drawing:
    """Return how a campaign is shown that is in the ledger and not sent from here."""
    counts = SimpleNamespace(campaign=campaign, **counted(together(networks)))
    unfinished = counts.waiting + counts.in_flight
    head = _head(
        counts,
        run=RunState.STOPPED if unfinished else RunState.FINISHED,
        state="Not being sent here" if unfinished else "Finished",
        sentence=under_way or _stored_sentence(counts, unfinished),
        rehearsal=False,
        figures=(),
        problems=[problem] if problem else [],
    )
    rows = networks_frame({"network": name, **counted(states)} for name, states in networks.items())
    largest = rows.nlargest(LARGEST, "recipients")
    detail = markup("send_detail", rows=network_rows(largest, len(rows), counts), replies=None)
    may_resume = bool(unfinished or counts.in_doubt) and not under_way
    return Drawing(head, detail, allowed=frozenset({"resume"}) if may_resume else frozenset())


def of_nothing(place: str, problem: str = "") -> Drawing:
    """Return what is shown where the ledger has nothing that waits."""
    sentence = f"No campaign in {place} is unfinished. A plan's send() starts one; SendPanel(send) shows it."
    return Drawing(markup("send_nothing", sentence=sentence, problems=[problem] if problem else []), has_buttons=False)


def _stored_sentence(counts: Any, unfinished: int) -> str:
    said = []
    if unfinished:
        said.append(f"{plural(unfinished, 'message')} still to go out. Resume goes on exactly where the ledger says.")
    else:
        said.append("Each message has come to an end; nothing waits.")
    if counts.in_flight:
        said.append("What was on its way is looked at first: where the server may have it, it is in doubt.")
    if counts.in_doubt:
        said.append("After Resume you can decide on what is in doubt.")
    return " ".join(said)


def _head(counts: Any, **said: Any) -> str:
    done = counts.accepted + counts.refused + counts.expired + counts.in_doubt
    return markup(
        "send_head", campaign=counts.campaign, done=done, recipients=counts.recipients, parts=parts(counts), **said
    )
