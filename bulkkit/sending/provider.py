"""How a network behaves in a forecast: well, or as badly as some do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from bulkkit.errors import InputError
from bulkkit.sending.pace import Pace
from bulkkit.sending.throttle import HOUR, Limit


class Said(NamedTuple):
    """An answer's code, enhanced code and words."""

    code: int
    enhanced: str | None
    text: str


OK: Final = Said(250, "2.0.0", "OK")
GREYLISTED: Final = Said(451, "4.7.1", "Greylisted, please try again later")
"""Postgrey's words (postgrey.schweikert.ch, 2026-11)."""
TOO_MANY: Final = Said(421, "4.7.28", "Our system has detected an unusual rate of mail from your address")
"""Gmail's code and its words in short (support.google.com/a/answer/3726730, 2026-11)."""
UNAVAILABLE: Final = Said(421, "4.3.2", "Service not available, closing transmission channel")
"""RFC 5321 §3.8 and §4.2.3."""
BLOCKED: Final = Said(554, "5.7.1", "Blocked by policy")
"""RFC 3463 §3.8."""
UNKNOWN_USER: Final = Said(550, "5.1.1", "User unknown")

GOLDEN: Final = 0.6180339887498949
"""Its multiples are spread evenly over [0, 1): where each network's shares begin to be counted."""


PUT_OFF: Final[Mapping[int, str]] = MappingProxyType({1: "greylists", 2: "again"})
"""By number of the attempt the share that is put off."""


@dataclass(frozen=True, slots=True)
class Provider:
    """What a network answers.

    Parameters
    ----------
    greylists
        The share of messages that it puts off at the first attempt.
    again
        The share of those which it puts off a second time, and then no more.
    per_hour
        Messages that it takes in any hour; the others get 421.
    storm
        From and until when it answers everything with 421, in hours from the start.
    blocks_after
        After so many messages it refuses the sender (554 5.7.1).
    dead
        The share of mailboxes that do not exist (550 5.1.1).

    Raises
    ------
    InputError
        Where a share is none, or a number makes no sense.
    """

    greylists: float = 0.0
    again: float = 0.0
    per_hour: int | None = None
    storm: tuple[float, float] | None = None
    blocks_after: int | None = None
    dead: float = 0.0

    def __post_init__(self) -> None:
        for name in ("greylists", "again", "dead"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name}={getattr(self, name)} is no share; it is from 0 to 1.")
        if self.per_hour is not None and self.per_hour < 1:
            raise InputError(f"per_hour={self.per_hour} takes no mail at all; it is 1 or more, or None.")
        if self.blocks_after is not None and self.blocks_after < 0:
            raise InputError(f"blocks_after={self.blocks_after} is no number of messages; it is 0 or more, or None.")
        if self.storm is not None and not 0 <= self.storm[0] <= self.storm[1]:
            raise InputError(f"storm={self.storm} is no span of hours: (from, until), counted from the start.")


BEHAVIOURS: Final[Mapping[str, Provider]] = MappingProxyType(
    {
        "well": Provider(),
        "greylisting": Provider(greylists=1.0),
        "hourly_cap": Provider(per_hour=50),
        "storm": Provider(storm=(0.0, 2.0)),
        "block": Provider(blocks_after=200),
    }
)
"""Behaviours by name: half of the cautious pace, 421 to everything for the first two hours, and so on."""


def provider_of(behaviour: str | Provider) -> Provider:
    """Return the behaviour of that name; `InputError` names those there are."""
    if isinstance(behaviour, Provider):
        return behaviour
    if behaviour not in BEHAVIOURS:
        raise InputError(f"{behaviour!r} is no behaviour of a network; it is a Provider(…) or {', '.join(BEHAVIOURS)}.")
    return BEHAVIOURS[behaviour]


class ProviderAtWork:
    """A network that answers; its shares are counted out evenly, so that nothing is left to chance."""

    __slots__ = ("_counted", "_provider", "_taken", "_window")

    def __init__(self, provider: Provider, number: int) -> None:
        self._provider = provider
        self._counted = dict.fromkeys((*PUT_OFF.values(), "dead"), number * GOLDEN % 1)
        self._window = None if provider.per_hour is None else Pace(Limit(provider.per_hour, HOUR))
        self._taken = 0

    def answers(self, now: float, messages: int, attempt: int) -> list[tuple[Said, int]]:
        """Return what is said to some messages of the same attempt, with how many get it."""
        provider = self._provider
        if provider.storm is not None and provider.storm[0] * HOUR <= now < provider.storm[1] * HOUR:
            return [(UNAVAILABLE, messages)]
        put_off = self._share(PUT_OFF[attempt], messages) if attempt in PUT_OFF else 0
        dead = self._share("dead", messages - put_off) if attempt == 1 else 0
        left = messages - put_off - dead
        blocked = max(0, self._taken + left - provider.blocks_after) if provider.blocks_after is not None else 0
        blocked = min(left, blocked)
        taken = self._within_the_hour(now, left - blocked)
        self._taken += taken
        said = [(OK, taken), (GREYLISTED, put_off), (UNKNOWN_USER, dead), (BLOCKED, blocked),
                (TOO_MANY, left - blocked - taken)]  # fmt: skip
        return [part for part in said if part[1]]

    def _share(self, name: str, messages: int) -> int:
        share = getattr(self._provider, name)
        if not share:
            return 0
        counted = self._counted[name] + share * messages
        # A share of one is all of them, whatever was counted before.
        whole = messages if share == 1 else int(counted)
        self._counted[name] = counted - int(counted)
        return min(messages, whole)

    def _within_the_hour(self, now: float, messages: int) -> int:
        if self._window is None:
            return messages
        taken = 0
        while taken < messages and self._window.is_ready(now):
            self._window.remember(now)
            taken += 1
        return taken
