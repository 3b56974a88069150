"""One attempt to hand one message over: asked, written down and concluded, in this order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bulkkit.errors import InputError, TemplateError
from bulkkit.message.headers import envelope_address
from bulkkit.sending.job import Job
from bulkkit.sending.journal import Journal
from bulkkit.sending.reply import Reply
from bulkkit.sending.retry import Decision
from bulkkit.sending.smtp import Session, WireError
from bulkkit.transitions import Dotted, Outcome, Recipient
from bulkkit.vocabulary import BounceClass, SendState

BROKEN_DELAY: Final = 60.0
"""Seconds before a message is tried again whose connection broke before the dot; doubled each time."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A claimed message on an open connection."""

    job: Job
    recipient: Recipient
    session: Session
    journal: Journal

    async def run(self) -> Outcome:
        """Return what became of it; whoever calls writes that down.

        A failure before the dot is safe to retry. After it, without a reply, the
        message is in doubt. `queued` means that the relay refused our sender,
        which says nothing of the recipient.
        """
        try:
            message = self._written()
            refusal = await self._refusal()
            if refusal is not None:
                return refusal
            await self.session.send_body(message)
        except (InputError, TemplateError) as error:
            return self._outcome(Decision(SendState.REFUSED, "not_written"), text=str(error))
        except WireError as error:
            return self._broken(str(error))
        return await self._end()

    def _written(self) -> bytes:
        if not self._address.isascii() and not self.session.smtputf8:
            raise InputError("This address needs SMTPUTF8 (RFC 6531), which the relay does not offer.")
        return self.job.message.write(self.recipient, self.job.clock.now())

    async def _refusal(self) -> Outcome | None:
        sender = self.job.message.sender.address
        asked, reply = await self.session.begin(sender, self._address, utf8=not self._address.isascii())
        if reply.is_positive:
            return None
        if asked == "MAIL" and reply.code >= 500:
            return self._outcome(Decision(SendState.QUEUED, "sender_refused"), reply)
        return self._answered(reply)

    async def _end(self) -> Outcome:
        await self.journal.commit(Dotted(self.recipient.send_id))
        try:
            return self._answered(await self.session.end())
        except WireError as error:
            # RFC 1047: the server may have taken the message. Only a person may decide.
            return self._outcome(Decision(SendState.IN_DOUBT, "no_reply_after_dot"), text=str(error))

    def _answered(self, reply: Reply) -> Outcome:
        attempts, age = self.recipient.attempts, self._age
        return self._outcome(self.job.retry.decide(reply.code, reply.enhanced_code, reply.text, attempts, age), reply)

    def _broken(self, why: str) -> Outcome:
        delay = min(BROKEN_DELAY * 2.0 ** (self.recipient.attempts - 1), self.job.retry.longest)
        return self._outcome(self.job.retry.later(BounceClass.NO_ANSWER_FROM_HOST, delay, self._age), text=why)

    def _outcome(self, decision: Decision, reply: Reply | None = None, text: str | None = None) -> Outcome:
        now = self.job.clock.now()
        return Outcome(
            send_id=self.recipient.send_id,
            state=decision.state,
            at=now,
            reason=decision.reason,
            due_at=None if decision.delay is None else now + timedelta(seconds=decision.delay),
            smtp_code=reply.code if reply else None,
            enhanced_code=reply.enhanced_code if reply else None,
            reply=str(reply) if reply else text,
            suppress=decision.suppress,
        )

    @property
    def _address(self) -> str:
        return envelope_address(self.recipient.email)

    @property
    def _age(self) -> float:
        # From the first attempt, not from queueing: a long send keeps its last messages waiting for days.
        now = self.job.clock.now()
        return (now - (self.recipient.first_claimed_at or now)).total_seconds()
