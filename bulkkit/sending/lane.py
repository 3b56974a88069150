"""One connection at work: each message is claimed, dotted and concluded, every step written down before it is taken.

Where the server pipelines, the next message's envelope goes out with the dot of
the one before, in one write; and one commit before it holds the last result,
this dot and the next claim. Without a turn for it nothing is looked ahead.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from bulkkit.errors import InputError, LedgerError, RelayError, TemplateError
from bulkkit.sending.attempt import Attempt
from bulkkit.sending.line import Line
from bulkkit.sending.office import Delivery, Office
from bulkkit.sending.ride import SMALL, Ride
from bulkkit.sending.smtp import Session, WireError
from bulkkit.sending.turnstile import Turn
from bulkkit.transitions import Claim, Dotted, Outcome, Step
from bulkkit.vocabulary import SendState

GRACE: Final = 0.05
"""Seconds for which a result waits for the next dot, to be written down with it; a slow server's is written alone."""


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
        attempt = self._office.attempt(turn)
        try:
            parcel = self._office.parcel(attempt, session, self._office.job.clock.now())
        except (InputError, TemplateError) as error:
            if not await self._commit(self._office.claim(attempt, self._office.moment())):
                await self._conclude(attempt, attempt.unwritten(str(error)))
            return None
        except RelayError:
            self._give_back(turn)
            raise
        parcel = await self._office.signed(parcel)
        if await self._commit(self._office.claim(attempt, self._office.moment())):
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
        following = self._office.look_ahead(self._line, session, self._office.moment())
        if following:
            self._turns[following.attempt.turn.send_id] = following.attempt.turn
            following = following._replace(parcel=await self._office.signed(following.parcel))
        claims = [self._office.claim(following.attempt, self._office.moment())] if following else []
        if await self._commit(Dotted(attempt.turn.send_id), *claims):
            following = None
        return await self._finished(delivery, following, b"" if is_written else delivery.parcel.message)

    async def _finished(self, delivery: Delivery, following: Delivery | None, rest: bytes) -> Delivery | None:
        session = delivery.session
        # Until the dot is written a failure is safe to retry; afterwards, without an answer, nobody knows.
        try:
            session.finish(rest, following.parcel.envelope if following else None)
        except WireError as error:
            await self._broken(delivery, following, str(error))
            return None
        if following is None:
            return await self._ended(delivery, None)
        ride = Ride(self._office, self._line, self._turns, delivery, following)
        try:
            await self._office.wave.ride(ride)
        finally:
            self._owed += ride.owed
        if ride.lost is not None:
            await self._broken(ride.last, ride.following, ride.lost)
            return None
        return ride.following if ride.is_ended else await self._ended(ride.last, ride.following)

    async def _broken(self, delivery: Delivery, following: Delivery | None, why: str) -> None:
        """Conclude messages whose dots were not written."""
        for one in (delivery, following):
            if one is not None:
                await self._conclude(one.attempt, one.attempt.broken(why))

    async def _ended(self, delivery: Delivery, following: Delivery | None) -> Delivery | None:
        """Conclude a message whose dot is written; return the next one where its envelope went along."""
        attempt = delivery.attempt
        try:
            outcome = attempt.answered(await delivery.session.ended())
        except WireError as error:
            await self._conclude(attempt, attempt.in_doubt(str(error)))
            if following is not None:
                await self._conclude(following.attempt, following.attempt.broken(str(error)))
            return None
        if following and outcome.due_at is None:
            self._owe(attempt, outcome)
        else:
            # What comes again must not be claimed before its outcome is written down.
            await self._conclude(attempt, outcome)
        return following

    def _give_back(self, turn: Turn) -> None:
        self._office.turnstile.give_back(turn)
        del self._turns[turn.send_id]

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
        self._office.claimed(self._turns[send_id], is_withheld=is_withheld)
        if is_withheld:
            del self._turns[send_id]

    async def _conclude(self, attempt: Attempt, outcome: Outcome) -> None:
        """Write an outcome down now."""
        self._owe(attempt, outcome)
        await self._commit()
        if outcome.state == SendState.QUEUED:
            raise self._office.refused_sender(outcome)

    def _owe(self, attempt: Attempt, outcome: Outcome) -> None:
        """Count an outcome; it is written down with what comes next."""
        self._owed.append(outcome)
        del self._turns[attempt.turn.send_id]
        self._office.concluded(attempt, outcome, self._office.moment())
