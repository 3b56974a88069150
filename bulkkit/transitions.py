"""What a sender and a ledger tell each other: one recipient's message, step by step.

| from             | step      | to                                                  | written before          |
|------------------|-----------|-----------------------------------------------------|-------------------------|
| queued, deferred | `Claim`   | claimed; refused where the person is suppressed now | MAIL                    |
| claimed          | `Dotted`  | dotted                                              | the dot after the data  |
| claimed, dotted  | `Outcome` | accepted, refused, deferred, expired or in_doubt    | the next claim          |
| claimed          | a restart | queued: the server never had the dot                | the send goes on        |
| dotted           | a restart | in_doubt: the server may have it (RFC 1047)         | the send goes on        |
| in_doubt         | a person  | queued (resend), or in_doubt with reason `skipped`  |                         |

Before the dot was handed to the kernel a failure is safe to retry. After it,
without a reply, only a person may decide.

What is made for each message is a named tuple: a frozen dataclass takes several times as long to make.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import pandas as pd

from bulkkit.vocabulary import SendState


class Stamp(NamedTuple):
    """A moment: UTC, and beside it the boot clock, which no change of the wall clock moves."""

    at: datetime
    boot_id: str
    boot_seconds: float


class Claim(NamedTuple):
    """A connection to `relay` takes this message up; `again` where it may have been taken up before."""

    send_id: int
    relay: str
    stamp: Stamp
    again: bool = True


class Dotted(NamedTuple):
    """All of the message but its final dot is written; the dot is next."""

    send_id: int


class Outcome(NamedTuple):
    """What became of one attempt."""

    send_id: int
    state: SendState
    at: datetime
    reason: str | None = None
    due_at: datetime | None = None
    smtp_code: int | None = None
    enhanced_code: str | None = None
    reply: str | None = None
    suppress: bool = False


Step = Claim | Dotted | Outcome


class Recipient(NamedTuple):
    """One recipient of a campaign, with what the message needs to know of them."""

    send_id: int
    campaign: str
    email: str
    message_id: str
    tracked: bool
    queued_at: datetime
    attempts: int
    fields: Mapping[str, str]
    first_claimed_at: datetime | None = None

    def __repr__(self) -> str:
        return f"<Recipient {self.send_id} of {self.campaign!r}>"


@dataclass(frozen=True, slots=True)
class CampaignRecord:
    """A campaign as the ledger keeps it; `spec` is all that is needed to go on with it after a restart."""

    campaign: str
    kind: str
    purpose: str
    created_at: datetime
    sender: str
    sender_domain: str
    subject: str
    clock: str
    spec: Mapping[str, Any] = field(repr=False)
    link_urls: tuple[str, ...] = ()
    start_at: datetime | None = None


class Pending(NamedTuple):
    """Messages to one network that still have to go out, and not before `due_at`."""

    network: str
    state: SendState
    due_at: datetime | None
    send_ids: list[int]


@dataclass(frozen=True, slots=True)
class PastClaim:
    """A message handed over earlier, which counts against the limits of its network and relay.

    `stamp` is when its transaction began, `seconds` how long that was open; infinite where nobody saw its end.
    """

    network: str
    relay: str
    stamp: Stamp
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class PastDeferral:
    """A network's answer of 4xx, given earlier."""

    network: str
    at: datetime
    reason: str | None
    smtp_code: int
    enhanced_code: str | None
    reply: str | None


class SendLedger(Protocol):
    """The part of a ledger that a running send needs."""

    def write(self, steps: Sequence[Step]) -> frozenset[int]:
        """Store steps in one transaction; return the sends whose claim was withheld: suppressed by now."""

    def stage(self, steps: Sequence[Step]) -> frozenset[int] | None:
        """Write steps as `write` does, and leave them for `commit`; None where somebody else writes just now."""

    def commit(self) -> None:
        """Keep on the disk what was staged; nothing of it is kept where that fails."""

    def pending(self, campaign: str) -> list[Pending]:
        """Return what still has to go out, oldest first; messages that differ in nothing else stand together."""

    def recipients(self, send_ids: Iterable[int]) -> list[Recipient]:
        """Return these recipients, in this order."""

    def recover(self, campaign: str) -> int:
        """Bring rows that a dead process left to a safe state; return how many are in doubt since."""

    def claims_since(self, now: Stamp, seconds: float, clock: str) -> list[PastClaim]:
        """Return what campaigns of that clock handed over in the last seconds, by either of the stamp's clocks."""

    def first_claims(self, clock: str, pause: float) -> dict[str, Stamp]:
        """Return when each relay was first used, counted anew after `pause` seconds without use."""

    def began(self, campaign: str) -> Stamp | None:
        """Return when the first message of a campaign was taken up, or None where none was."""

    def deferrals_since(self, now: Stamp, seconds: float, clock: str) -> list[PastDeferral]:
        """Return who answered 4xx in the last seconds, in campaigns of that clock, the oldest first."""

    def network_counts(self, campaign: str) -> dict[str, dict[SendState, int]]:
        """Return how many of a campaign's messages to each network stand in each state."""

    def in_doubt(self, campaign: str) -> pd.DataFrame:
        """Return the rows in doubt on which nobody has decided yet."""

    def resolve(self, campaign: str, emails: Iterable[str], choice: str) -> int:
        """Decide on rows in doubt: `skip` or `resend`; return how many were decided."""

    def lease(self, campaign: str) -> AbstractContextManager[None]:
        """Return the lease as a context; entering raises where somebody else sends."""

    def check(self) -> None:
        """Raise where the ledger is damaged."""
