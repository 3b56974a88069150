"""What all connections of a send share, and how each message's way through it is counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from bulkkit.errors import InputError, RelayError, TemplateError
from bulkkit.sending.attempt import Attempt, Parcel
from bulkkit.sending.clock import Moment
from bulkkit.sending.job import Job
from bulkkit.sending.journal import Journal
from bulkkit.sending.line import Line
from bulkkit.sending.people import People
from bulkkit.sending.reply import without_addresses
from bulkkit.sending.signing import Signing
from bulkkit.sending.smtp import Session
from bulkkit.sending.tally import Tally
from bulkkit.sending.turnstile import Turn, Turnstile
from bulkkit.sending.wave import Wave
from bulkkit.transitions import Claim, Outcome
from bulkkit.vocabulary import SendState


class Delivery(NamedTuple):
    """A message under way: claimed, and its envelope asked for."""

    attempt: Attempt
    parcel: Parcel
    session: Session


@dataclass(frozen=True, slots=True)
class Office:
    """The work, the order of turns, the ledger and the counts of one send."""

    job: Job
    turnstile: Turnstile
    journal: Journal
    wave: Wave
    people: People
    tally: Tally
    signing: Signing | None

    def moment(self) -> Moment:
        """Look at the send's clock."""
        return Moment.of(self.job.clock)

    def attempt(self, turn: Turn) -> Attempt:
        """Return the attempt at a turn's message."""
        return Attempt(self.job, turn, self.people.of(turn.send_id))

    def parcel(self, attempt: Attempt, session: Session, date: datetime) -> Parcel:
        """Write a message out for a connection, as `Attempt.parcel` does; where others sign, it `is_due` for that."""
        growth = 0 if self.signing is None else self.signing.growth
        return attempt.parcel(date, utf8=session.smtputf8, largest=session.largest, growth=growth)

    async def signed(self, parcel: Parcel) -> Parcel:
        """Return a parcel whose message is signed where it has to be."""
        if self.signing is None or not parcel.is_due:
            return parcel
        (message,) = await self.signing.signed([parcel.message])
        return parcel.signed(message)

    def look_ahead(self, line: Line, session: Session, at: Moment) -> Delivery | None:
        """Return the next message where it may go now over the same connection, not yet claimed, nor always signed."""
        if not line.can_look_ahead(session):
            return None
        turn = self.turnstile.next_now(line.relay, at.seconds)
        if turn is None:
            return None
        attempt = self.attempt(turn)
        try:
            parcel = self.parcel(attempt, session, at.stamp.at)
        except (InputError, TemplateError, RelayError):
            self.turnstile.give_back(turn)  # Its own turn will say why it cannot be written.
            return None
        return Delivery(attempt, parcel, session)

    def claim(self, attempt: Attempt, at: Moment) -> Claim:
        """Return the step by which a message is taken up."""
        return Claim(attempt.turn.send_id, attempt.turn.relay, at.stamp, attempt.recipient.attempts > 0)

    def claimed(self, turn: Turn, *, is_withheld: bool) -> None:
        """Count a claim that is written down, or one that was withheld as its person is suppressed by now."""
        after = SendState.REFUSED if is_withheld else SendState.CLAIMED
        self.tally.moved(turn.network, turn.state, after)
        if is_withheld:
            self.turnstile.drop(turn)

    def concluded(self, attempt: Attempt, outcome: Outcome, at: Moment) -> None:
        """Count what became of a message, and draw the consequences."""
        turn, turnstile = attempt.turn, self.turnstile
        self.tally.moved(turn.network, SendState.CLAIMED, outcome.state, (attempt.recipient.email, outcome.reply))
        turnstile.heard(turn, outcome, at.seconds)
        if outcome.due_at is not None:
            turnstile.again(turn, (outcome.due_at - at.stamp.at).total_seconds())
        if outcome.state == SendState.QUEUED:
            turn.state = SendState.QUEUED
            turnstile.give_back(turn)
        turnstile.done(turn, at.seconds)

    def refused_sender(self, outcome: Outcome) -> RelayError:
        """Return the error by which a relay that refuses our sender is given up."""
        said = without_addresses(outcome.reply or "")  # A notebook keeps what it shows of an error.
        return RelayError(
            f"The relay refuses the sender {self.job.message.sender.address}: {said}. "
            "Use an address that it knows, or another relay, and resume."
        )
