"""A connection in its stride: the server takes one message after the other, and the next one is always at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from bulkkit.sending.clock import Moment
from bulkkit.sending.line import Line
from bulkkit.sending.office import Delivery, Office
from bulkkit.sending.reply import Reply
from bulkkit.sending.smtp import WireError
from bulkkit.sending.turnstile import Turn
from bulkkit.transitions import Dotted, Outcome, Step

SMALL: Final = 32 * 1024
"""Bytes of a message that go out in one write with their dot. A larger one is written first, and its dot
once the kernel has all of it: until then a failure is safe to retry."""


class Ride:
    """A connection to which one message's dot and the next one's envelope are written, step by step with others.

    `last` is the message whose dot was written last, `is_ended` whether its outcome is known, and `following` the
    one whose envelope went along. `owed` is what is not written down yet, and `lost` why the
    last dot could not be written.
    """

    __slots__ = ("_line", "_office", "_pair", "_session", "_turns", "following", "is_ended", "last", "lost", "owed")

    def __init__(self, office: Office, line: Line, turns: dict[int, Turn], last: Delivery, following: Delivery) -> None:
        self._office = office
        self._line = line
        self._turns = turns
        self._session = last.session
        self._pair: tuple[Delivery, Delivery]
        self.last = last
        self.following: Delivery | None = following
        self.is_ended = False
        self.lost: str | None = None
        self.owed: list[Outcome] = []

    def when_ended(self, on_end: Callable[[], None]) -> None:
        """Call back once the server has answered the message, or is gone."""
        self._session.when_ended(on_end)

    def advance(self, at: Moment) -> Sequence[Step] | None:
        """Conclude the message that was taken, and look one ahead; None where something is not as usual."""
        session, following = self._session, self.following
        reply = session.accepted
        if reply is None or following is None:
            return None
        outcome = self._conclude(reply, at)
        if not session.agrees or len(following.parcel.message) > SMALL:
            return None
        upcoming = self._office.look_ahead(self._line, session, at)
        if upcoming is None:
            return None
        self._pair = following, upcoming
        turn = upcoming.attempt.turn
        self._turns[turn.send_id] = turn
        return outcome, Dotted(following.attempt.turn.send_id), self._office.claim(upcoming.attempt, at)

    @property
    def unsigned(self) -> bytes | None:
        """The message that `advance` has looked ahead to, where it must be signed yet."""
        parcel = self._pair[1].parcel
        return parcel.message if parcel.is_due else None

    def sign(self, signed: bytes) -> None:
        """Put the signed message in the place of the unsigned one."""
        following, upcoming = self._pair
        self._pair = following, upcoming._replace(parcel=upcoming.parcel.signed(signed))

    def write(self, withheld: frozenset[int]) -> bool:
        """Write a message with its dot, and the next one's envelope unless its claim was withheld."""
        self.owed.clear()
        last, upcoming = self._pair
        turn = upcoming.attempt.turn
        is_withheld = turn.send_id in withheld
        self._office.claimed(turn, is_withheld=is_withheld)
        if is_withheld:
            del self._turns[turn.send_id]
        self.last, self.following, self.is_ended = last, None if is_withheld else upcoming, False
        try:
            self._session.finish(last.parcel.message, None if is_withheld else upcoming.parcel.envelope)
        except WireError as error:
            self.lost = str(error)
        return not is_withheld and self.lost is None

    def _conclude(self, reply: Reply, at: Moment) -> Outcome:
        attempt = self.last.attempt
        outcome = attempt.answered(reply, at.stamp.at)
        self.is_ended = True
        self.owed.append(outcome)
        del self._turns[outcome.send_id]
        self._office.concluded(attempt, outcome, at)
        return outcome
