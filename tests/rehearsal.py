"""A campaign to people made up, on its way to a test server: what the tests of the send have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd
from servers import Answer

from bulkkit.campaign import Campaign, Sender
from bulkkit.dispatch import plan
from bulkkit.ledger import Ledger
from bulkkit.message.message import Message
from bulkkit.sending.clock import ScaledClock
from bulkkit.sending.relay import Relay
from bulkkit.sending.send import Send
from bulkkit.sending.smtp import Deadlines
from bulkkit.sending.throttle import Throttle

START: Final = datetime(2026, 10, 1, 9, tzinfo=UTC)
SENDER: Final = Sender("Example News <news@example.org>", postal_address="1 High St, Springfield")
MESSAGE: Final = Message(subject="{{ first_name }}, we move", markdown="Dear {{ first_name }}, we *move*.")
QUICK: Final = Deadlines(greeting=5, envelope=5, data=5, body=5, dot=5)
LIMITED: Final = {"MAIL": "envelope", "RCPT": "envelope", "DATA": "data", "dot": "dot"}
"""The deadline that each step's answer has."""
FAST: Final = 36_000.0
"""An hour of the send's clock in a tenth of a second."""

FAULTS: Final = {
    "close": Answer(then="close"),
    "reset": Answer(then="reset"),
    "silence": Answer(then="silence"),
    "drip": Answer(b"250 2.0.0 slowly", drip=0.05),
    "garbage": Answer(b"hello?\r\n"),
    "bytes": Answer(b"\xff\xfe\x00\r\n"),
    "two": Answer(b"250 one\r\n250 two\r\n"),
    "endless": Answer(b"250-endless\r\n", then="endless"),
}
"""What is no reply."""


def people(count: int, domain: str = "alpha.example", **columns: Any) -> pd.DataFrame:
    """Return so many people who agreed to mail."""
    frame = pd.DataFrame({"email": [f"p{number:04}@{domain}" for number in range(count)]})
    return frame.assign(**{"first_name": "Ana", "consent_basis": "opt_in", **columns})


def campaign(audience: pd.DataFrame, name: str = "office-move", **changes: Any) -> Campaign:
    """Return a campaign to an audience, complete but for what `changes` says."""
    return Campaign(**{"name": name, "sender": SENDER, "message": MESSAGE, "audience": audience, **changes})


def relay(port: int, scale: float = FAST, **options: Any) -> Relay:
    """Return a relay on this machine whose clock runs `scale` times as fast."""
    return Relay(f"smtp://127.0.0.1:{port}", clock=ScaledClock(scale, START), **options)


def start(
    relays: Sequence[Relay], audience: pd.DataFrame, ledger: Path, *, deadlines: Deadlines = QUICK, **options: Any
) -> Send:
    """Store a campaign to `audience` and start it, with deadlines that a test can wait for."""
    planned = plan(campaign(audience), relays, **{"throttle": Throttle.unlimited(), "ledger": ledger, **options})
    planned.queue(confirm=planned.recipients)
    job = replace(planned.route.job(planned.message), deadlines=deadlines)
    return Send(job, Ledger(ledger))


def states(ledger: Path) -> dict[str, str]:
    """Return what the ledger says of each recipient."""
    frame = Ledger(ledger).sends()
    return dict(zip(frame["email"], frame["state"], strict=True))


def hasty(step: str) -> Deadlines:
    """Return deadlines that a test can wait for at one step, and that no stall of the machine meets at another."""
    return replace(QUICK, **{LIMITED[step]: 0.4})


class LeapingClock(ScaledClock):
    """A clock that stands still but leaps over each wait, so that no stall of the machine is time by it.

    With one connection nothing is under way while it leaps, and all moments are exact.
    """

    def __init__(self) -> None:
        super().__init__(0.0, START)

    def machine_seconds(self, seconds: float) -> float:
        """Leap instead of waiting."""
        self.skip(seconds)
        return 0.0
