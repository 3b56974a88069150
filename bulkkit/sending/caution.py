"""What the networks' answers lead to: each held back for its own reasons, and set free again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from math import inf
from typing import Final

from bulkkit.refusals import DEAD, OURS
from bulkkit.sending.breaker import Breaker
from bulkkit.sending.restraint import Restraint
from bulkkit.sending.retry import GREYLISTED
from bulkkit.sending.slowdown import rule_for
from bulkkit.vocabulary import BounceClass, SendState

REFUSALS: Final = 5
"""Refusals of us in a row after which a network gets nothing more in this send: as many as open a breaker."""

ABOUT_ONE: Final = frozenset({GREYLISTED, BounceClass.QUOTA_ISSUES, *DEAD})
"""Reasons for a 4xx that lie with one person's mailbox, or in it being the first time: the network is well."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a network said of one message, code and all, and what that means."""

    network: str
    state: SendState
    reason: str | None
    code: int
    text: str

    @property
    def refuses_us(self) -> bool:
        """Whether the sender is refused for good, not the person."""
        return self.state == SendState.REFUSED and self.reason in OURS


class Caution:
    """Which networks are held back now; `heard` returns what is to be done about one, `accepted` whether it is free.

    Several reasons at once hold together: the strictest of each number, until the
    last one ends.
    """

    def __init__(self) -> None:
        self._breaker = Breaker()
        self._refusals: dict[str, int] = {}
        self._held: dict[str, dict[str, Restraint]] = {}

    def accepted(self, network: str) -> Restraint | None:
        """Count a message taken; return the restraint that is left where that changes it: an open one is none."""
        self._refusals.pop(network, None)
        if not self._breaker.succeeded(network):
            return None
        left = self._held.get(network, {})
        left.pop("breaker", None)
        if not left:
            self._held.pop(network, None)
        return _together(left) if left else FREE

    def heard(self, answer: Answer, now: float) -> Restraint | None:
        """Count an answer other than accepted; return the restraint that follows where there is a new one."""
        if answer.refuses_us:
            return self._refused(answer)
        self._refusals.pop(answer.network, None)
        if answer.state == SendState.REFUSED or answer.reason in ABOUT_ONE:
            return None
        slower = self.slowed(answer.network, answer.code, answer.text, now)
        opened = self._breaker.failed(answer.network, answer.text, now)
        return self._hold(answer.network, "breaker", opened, now) if opened else slower

    def slowed(self, network: str, code: int, text: str, now: float) -> Restraint | None:
        """Return what a network asks for by a 4xx that it gave at `now`, or None where it asks for nothing."""
        rule = rule_for(code, text)
        return self._hold(network, rule.name, rule.restraint(text, now), now) if rule else None

    def _refused(self, answer: Answer) -> Restraint | None:
        self._refusals[answer.network] = count = self._refusals.get(answer.network, 0) + 1
        if count != REFUSALS:
            return None
        why = f"nothing more in this send, it refused us {count} times in a row: {answer.text}"
        return self._hold(answer.network, "refusals", Restraint(why, rests_until=inf), -inf)

    def _hold(self, network: str, reason: str, restraint: Restraint, now: float) -> Restraint:
        reasons = self._held.setdefault(network, {})
        for ended in [name for name, other in reasons.items() if other.ends <= now]:
            del reasons[ended]
        reasons[reason] = restraint
        return _together(reasons)


FREE: Final = Restraint("", ends=-inf)
"""No restraint any more."""


def _together(reasons: Mapping[str, Restraint]) -> Restraint:
    return reduce(
        lambda one, other: Restraint(
            f"{one.why}; {other.why}",
            one.limit.within(other.limit),
            max(one.rests_until, other.rests_until),
            max(one.ends, other.ends),
        ),
        reasons.values(),
    )
