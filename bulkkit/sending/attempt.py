"""One attempt at one message: what is handed over, and what an answer, or none, makes of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from bulkkit.errors import InputError, RelayError
from bulkkit.message.headers import envelope_address
from bulkkit.sending.envelope import Envelope
from bulkkit.sending.job import Job
from bulkkit.sending.reply import Reply
from bulkkit.sending.retry import RELAY_BUSY, Decision
from bulkkit.sending.turnstile import Turn
from bulkkit.transitions import Outcome, Recipient
from bulkkit.vocabulary import BounceClass, SendState

BROKEN_DELAY: Final = 60.0
"""Seconds before a message is tried again whose connection broke before the dot; doubled each time."""


class Parcel(NamedTuple):
    """A message written out, with its envelope; `is_due` where it must be signed yet."""

    envelope: Envelope
    message: bytes
    is_due: bool = False

    def signed(self, message: bytes) -> Parcel:
        """Return it with its message signed."""
        return Parcel(self.envelope, message)


class Attempt(NamedTuple):
    """A turn's message on its way; each method returns what became of it, for the ledger."""

    job: Job
    turn: Turn
    recipient: Recipient

    def parcel(self, date: datetime, *, utf8: bool, largest: int | None = None, growth: int = 0) -> Parcel:
        """Write the message out.

        `date` is what it bears. `utf8` says whether the relay takes addresses beyond ASCII, `largest` how many
        bytes of a message it takes. With a `growth`, the most bytes that a signature has, the message is left
        to be signed by somebody else, unless that could make it too large.

        Raises
        ------
        InputError, TemplateError
            Where it cannot be written for this recipient.
        RelayError
            Where the relay takes no message as large; another one may.
        """
        message = self.job.message
        envelope = Envelope(message.sender.address, envelope_address(self.recipient.email))
        if envelope.needs_utf8 and not utf8:
            raise InputError("This address needs SMTPUTF8 (RFC 6531), which the relay does not offer.")
        written = message.write(self.recipient, date)
        is_due = growth > 0 and (largest is None or len(written) + growth <= largest)
        if self.job.signer is not None and not is_due:
            written = self.job.signer.signed(written)
        if largest is not None and len(written) > largest:
            raise RelayError(
                f"The message has {len(written):,} bytes and this relay takes {largest:,} (SIZE, RFC 1870), so "
                "nothing was asked of it. Shorten the message, or resume over a relay that takes it."
            )
        return Parcel(envelope, written, is_due)

    def unwritten(self, why: str) -> Outcome:
        """Return that it could not be written out."""
        return self._outcome(Decision(SendState.REFUSED, "not_written"), text=why)

    def refused(self, step: str, reply: Reply) -> Outcome:
        """Return what a refusal before the data means; `queued` where it is our sender that the relay refuses."""
        if step == "MAIL" and reply.code >= 500:
            return self._outcome(Decision(SendState.QUEUED, "sender_refused"), reply)
        if step == "MAIL":
            return self._outcome(self.job.retry.later(RELAY_BUSY, self.job.retry.wait(self._number), self._age), reply)
        return self.answered(reply)

    def answered(self, reply: Reply, at: datetime | None = None) -> Outcome:
        """Return what the answer to the message means; `at` is now where nobody has looked at the clock yet."""
        decision = self.job.retry.decide(reply.code, reply.enhanced_code, reply.text, self._number, self._age)
        return self._outcome(decision, reply, at=at)

    def broken(self, why: str) -> Outcome:
        """Return that the connection broke before the dot was written: the message is tried again."""
        delay = min(BROKEN_DELAY * 2.0**self.recipient.attempts, self.job.retry.longest)
        return self._outcome(self.job.retry.later(BounceClass.NO_ANSWER_FROM_HOST, delay, self._age), text=why)

    def in_doubt(self, why: str) -> Outcome:
        """Return that no answer came after the dot: the server may have the message (RFC 1047)."""
        return self._outcome(Decision(SendState.IN_DOUBT, "no_reply_after_dot"), text=why)

    def _outcome(
        self, decision: Decision, reply: Reply | None = None, text: str | None = None, at: datetime | None = None
    ) -> Outcome:
        now = at or self.job.clock.now()
        return Outcome(
            send_id=self.turn.send_id,
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
    def _number(self) -> int:
        return self.recipient.attempts + 1

    @property
    def _age(self) -> float:
        # From the first attempt, not from queueing: a long send keeps its last messages waiting for days.
        first = self.recipient.first_claimed_at
        return 0.0 if first is None else (self.job.clock.now() - first).total_seconds()
