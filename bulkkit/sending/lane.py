"""One connection at work: each message is claimed, dotted and concluded, every step written down before it is taken.

Where the server pipelines, the next message's envelope goes out with the dot of
the one before, in one write; and one commit before it holds the last result,
this dot and the next claim. Without a turn for it nothing is looked ahead.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple

from bulkkit.errors import InputError, LedgerError, RelayError, TemplateError
from bulkkit.sending.attempt import Attempt, Parcel
from bulkkit.sending.job import Job
from bulkkit.sending.journal import Journal
from bulkkit.sending.line import Line
from bulkkit.sending.people import People
from bulkkit.sending.smtp import Session, WireError
from bulkkit.sending.tally import Tally
from bulkkit.sending.turnstile import Turn, Turnstile
from bulkkit.transitions import Claim, Dotted, Outcome, Step
from bulkkit.vocabulary import SendState

SMALL: Final = 32 * 1024
"""Bytes of a message that go out in one write with their dot. A larger one is written first, and its dot
once the kernel has all of it: until then a failure is safe to retry."""

_ADDRESS: Final = re.compile(r"\S+@\S+")
GRACE: Final = 0.05
"""Seconds for which a result waits for the next dot, to be written down with it; a slow server's is written alone."""


@dataclass(frozen=True, slots=True)
class Office:
    """What all connections of a send share."""

    job: Job
    turnstile: Turnstile
    journal: Journal
    people: People
    tally: Tally


class Delivery(NamedTuple):
    """A message under way: claimed, and its envelope asked for."""

    attempt: Attempt
    parcel: Parcel
    session: Session


class Lane:
    """The work of one connection until no turn is left for it."""

    def __init__(self, line: Line, office: Office) -> None:
        self._line = line
        self._office = office
        self._turns: dict[int, Turn] = {}
        self._owed: list[Outcome] = []

    async def run(self) -> None:
        """Hand over one message after the other.

        Raises
        ------
        RelayError
            Where the relay is out of reach for too long, refuses the sender, or takes no message as large.
        LedgerError
            Where the ledger cannot be written.
        """
        office, relay = self._office, self._line.relay
        try:
            while turn := await office.turnstile.next(relay):
                self._turns[turn.send_id] = turn
                delivery = await self._begun(turn)
                while delivery is not None:
                    delivery = await self._handed_over(delivery)
        finally:
            for turn in self._turns.values():
                office.turnstile.done(turn)
            await self._settle()
            await self._line.close()

    async def _begun(self, turn: Turn) -> Delivery | None:
        """Claim a turn's message and ask for its envelope; None where that cannot be."""
        session = await self._session(turn)
        if session is None:
            return None
        attempt = self._attempt(turn)
        try:
            parcel = attempt.parcel(utf8=session.smtputf8, largest=session.largest)
        except (InputError, TemplateError) as error:
            if not await self._commit(self._claim(attempt)):
                await self._conclude(attempt, attempt.unwritten(str(error)))
            return None
        except RelayError:
            self._give_back(turn)
            raise
        if await self._commit(self._claim(attempt)):
            return None
        try:
            session.ask(parcel.envelope)
        except WireError as error:
            await self._conclude(attempt, attempt.broken(str(error)))
            return None
        return Delivery(attempt, parcel, session)

    async def _session(self, turn: Turn) -> Session | None:
        """Return a connection for a turn; None, and the turn is given back, where there is none now."""
        turnstile = self._office.turnstile
        try:
            session = await self._line.session(turnstile.ending)
        except RelayError as error:
            # Nobody waits for a relay with a turn in hand: another connection may be able to take it.
            self._give_back(turn)
            turnstile.failed(self._line.relay, str(error))
            await turnstile.rest(self._line.backoff(error))
            return None
        if session is None:
            self._give_back(turn)
        return session

    async def _handed_over(self, delivery: Delivery) -> Delivery | None:
        """Hand a message over; return the next one where its envelope went along."""
        attempt, session = delivery.attempt, delivery.session
        if self._owed and not session.is_answered and not await session.is_answered_within(GRACE):
            await self._commit()
        try:
            step, reply = await session.agreed()
            if not reply.is_positive:
                await self._conclude(attempt, attempt.refused(step, reply))
                return None
            is_written = len(delivery.parcel.message) > SMALL
            if is_written:
                await session.body(delivery.parcel.message)
        except WireError as error:
            await self._conclude(attempt, attempt.broken(str(error)))
            return None
        following = self._following(session)
        claims = [self._claim(following.attempt)] if following else []
        if await self._commit(Dotted(attempt.turn.send_id), *claims):
            following = None
        return await self._finished(delivery, following, b"" if is_written else delivery.parcel.message)

    async def _finished(self, delivery: Delivery, following: Delivery | None, rest: bytes) -> Delivery | None:
        attempt, session = delivery.attempt, delivery.session
        # Until the dot is written a failure is safe to retry; afterwards, without an answer, nobody knows.
        lost = attempt.broken
        try:
            session.finish(rest, following.parcel.envelope if following else None)
            lost = attempt.in_doubt
            outcome = attempt.answered(await session.ended())
        except WireError as error:
            await self._conclude(attempt, lost(str(error)))
            if following:
                await self._conclude(following.attempt, following.attempt.broken(str(error)))
            return None
        if following and outcome.due_at is None:
            self._owe(attempt, outcome)
        else:
            # What comes again must not be claimed before its outcome is written down.
            await self._conclude(attempt, outcome)
        return following

    def _following(self, session: Session) -> Delivery | None:
        """Return the next message where it may go now over the same connection, not yet claimed."""
        if not self._line.can_look_ahead(session):
            return None
        turn = self._office.turnstile.next_now(self._line.relay)
        if turn is None:
            return None
        attempt = self._attempt(turn)
        try:
            parcel = attempt.parcel(utf8=session.smtputf8, largest=session.largest)
        except (InputError, TemplateError, RelayError):
            self._office.turnstile.give_back(turn)  # Its own turn will say why it cannot be written.
            return None
        self._turns[turn.send_id] = turn
        return Delivery(attempt, parcel, session)

    def _give_back(self, turn: Turn) -> None:
        self._office.turnstile.give_back(turn)
        del self._turns[turn.send_id]

    def _attempt(self, turn: Turn) -> Attempt:
        return Attempt(self._office.job, turn, self._office.people.of(turn.send_id))

    def _claim(self, attempt: Attempt) -> Claim:
        stamp = self._office.job.clock.stamp()
        return Claim(attempt.turn.send_id, self._line.relay.name, stamp, attempt.recipient.attempts > 0)

    async def _commit(self, *steps: Step) -> bool:
        """Write down what is owed and these steps; tell whether a claim among them was withheld."""
        owed, self._owed = self._owed, []
        try:
            withheld = await self._office.journal.commit(*owed, *steps)
        except LedgerError:
            self._owed = owed
            raise
        for step in steps:
            if isinstance(step, Claim):
                self._claimed(step.send_id, is_withheld=step.send_id in withheld)
        return bool(withheld)

    async def _settle(self) -> None:
        """Write down what is owed still where something failed: what a server has answered is not in doubt."""
        if self._owed:
            with suppress(LedgerError):  # What the send ends with is the first failure.
                await self._commit()

    def _claimed(self, send_id: int, *, is_withheld: bool) -> None:
        turn = self._turns[send_id]
        after = SendState.REFUSED if is_withheld else SendState.CLAIMED
        self._office.tally.moved(turn.network, turn.state, after)
        if is_withheld:
            self._office.turnstile.drop(turn)
            del self._turns[send_id]

    async def _conclude(self, attempt: Attempt, outcome: Outcome) -> None:
        """Write an outcome down now."""
        self._owe(attempt, outcome)
        await self._commit()
        if outcome.state == SendState.QUEUED:
            said = _ADDRESS.sub("…", outcome.reply or "")  # A notebook keeps what it shows of an error.
            raise RelayError(
                f"The relay refuses the sender {self._office.job.message.sender.address}: {said}. "
                "Use an address that it knows, or another relay, and resume."
            )

    def _owe(self, attempt: Attempt, outcome: Outcome) -> None:
        """Count an outcome; it is written down with what comes next."""
        self._owed.append(outcome)
        turn, turnstile = attempt.turn, self._office.turnstile
        del self._turns[turn.send_id]
        said = outcome.reply and f"{attempt.recipient.email}: {outcome.reply}"
        self._office.tally.moved(turn.network, SendState.CLAIMED, outcome.state, said)
        turnstile.heard(turn, outcome)
        if outcome.due_at is not None:
            turnstile.again(turn, (outcome.due_at - self._office.job.clock.now()).total_seconds())
        if outcome.state == SendState.QUEUED:
            turn.state = SendState.QUEUED
            turnstile.give_back(turn)
        turnstile.done(turn)
