"""What a running send hears, and what follows: for a network, for a relay, for the whole send."""

from __future__ import annotations

from datetime import timedelta
from math import inf
from typing import Final

from bulkkit.sending.caution import Answer, Caution
from bulkkit.sending.clock import Clock
from bulkkit.sending.fleet import Fleet
from bulkkit.sending.harm import Harm
from bulkkit.sending.reply import without_addresses
from bulkkit.sending.restraint import Restraint
from bulkkit.sending.retry import RELAY_BUSY
from bulkkit.sending.schedule import Schedule
from bulkkit.transitions import Outcome, PastDeferral
from bulkkit.vocabulary import SendState

READ: Final = 500
"""Characters of a server's words in which a rule is looked for."""
NOTED: Final = 240
"""Characters of a note: the reason, and the beginning of the server's words."""


class Listening:
    """Hears each outcome, and holds networks back in the schedule; `stop_reason` says why the send must end.

    Parameters
    ----------
    schedule, fleet
        The networks' turns and the relays, which are told.
    answers
        How many answers the campaign had before.
    """

    def __init__(self, schedule: Schedule, fleet: Fleet, answers: int) -> None:
        self._schedule = schedule
        self._fleet = fleet
        self._caution = Caution()
        self._harm = Harm(answers)
        self._held: dict[str, Restraint] = {}
        self.stop_reason: str | None = None

    def heard(self, network: str, relay: str, outcome: Outcome, now: float) -> None:
        """Take in what became of a message."""
        if outcome.state == SendState.ACCEPTED:
            self._fleet.accepted(relay)
            self._harm.accepted()
            self._follow(network, self._caution.accepted(network))
        elif outcome.smtp_code is not None and outcome.state != SendState.QUEUED:
            self._fleet.answered(relay, is_final=outcome.state == SendState.REFUSED)
            self._refused(network, outcome, now)

    def remember(self, said: PastDeferral, then: float, now: float) -> None:
        """Take in what a network said before this run; a rest or a pace that it asked for holds on."""
        if said.reason == RELAY_BUSY:
            return
        restraint = self._caution.slowed(said.network, said.smtp_code, _masked(said.reply), then)
        if restraint is not None and restraint.ends > now:
            self._follow(said.network, restraint)

    def notes(self, clock: Clock) -> tuple[str, ...]:
        """Return what is held back now and why, a sentence for each network."""
        now = clock.seconds()
        return tuple(
            f"{network}{_until(restraint, clock)}: {restraint.why[:NOTED]}"
            for network, restraint in list(self._held.items())
            if restraint.ends > now
        )

    def _refused(self, network: str, outcome: Outcome, now: float) -> None:
        answer = Answer(network, outcome.state, outcome.reason, outcome.smtp_code or 0, _masked(outcome.reply))
        if outcome.reason != RELAY_BUSY:
            self._follow(network, self._caution.heard(answer, now))
        if outcome.suppress:
            self._stop(self._harm.dead())
        elif outcome.state == SendState.REFUSED:
            self._stop(self._harm.refused(network, answer.text, us=answer.refuses_us))

    def _follow(self, network: str, restraint: Restraint | None) -> None:
        if restraint is None:
            return
        self._schedule.restrain(network, restraint)
        if restraint.bars:
            self._harm.leave_out(network)
        if restraint.ends == -inf:
            self._held.pop(network, None)
        else:
            self._held[network] = restraint

    def _stop(self, reason: str | None) -> None:
        self.stop_reason = self.stop_reason or reason


def _masked(reply: str | None) -> str:
    return without_addresses(reply or "")[:READ]


def _until(restraint: Restraint, clock: Clock) -> str:
    if restraint.ends == inf:
        return ""
    return f" until {clock.now() + timedelta(seconds=restraint.ends - clock.seconds()):%H:%M} UTC"
