"""The sandbox: a mail server, a tracker and an audience on this machine, and a clock that runs faster."""

from __future__ import annotations

import contextlib
import weakref
from datetime import UTC, date, datetime
from functools import cached_property
from os import PathLike
from pathlib import Path

import pandas as pd

from bulkkit.errors import InputError, RelayError
from bulkkit.events import read_events
from bulkkit.sandbox.audience import performed, planned
from bulkkit.sandbox.premises import opened
from bulkkit.sandbox.truths import Truths


class Sandbox:
    """A place to send to that reaches nobody: real SMTP and HTTP on loopback, simulated people, scaled time.

    It starts at once and runs until `close`, the end of its `with` block, or of
    the process. Mailboxes, link key and clock lie beside the ledger and are
    there again the next time. Opened again in the same process, it takes the
    place of the earlier one, which is closed; a send on its way goes on.

    Parameters
    ----------
    time_scale
        How many times as fast as the machine's its clock runs; at 600 an hour
        takes six seconds. Throttle, retry and greylisting keep their own numbers.
    ledger
        The ledger beside which its folder lies. The tracker records there, or in
        the ledger of the latest send with its links.
    as_of
        The date on which the clock starts (default now), or where it stood last
        if that is later.
    seed
        What the audience's choices are drawn with.
    truths
        What each mailbox does; by default the sample's, and drawn for others.

    Attributes
    ----------
    relay : Relay
        Its mail server.
    links : Links
        Its tracker's address, with the key of its links.
    clock : ScaledClock
        Its clock.
    returns : Path
        The Maildir to which bounces, complaints and answers come; `read_events` reads it.

    Raises
    ------
    LeaseError
        Where another process has a sandbox open beside the same ledger.
    InputError
        Where `time_scale` or `as_of` make no sense.
    """

    def __init__(
        self,
        time_scale: float = 600,
        *,
        ledger: str | PathLike[str] = "bulkkit.db",
        as_of: date | datetime | str | None = None,
        seed: int = 2026,
        truths: Truths | None = None,
    ) -> None:
        if not 0 < time_scale < 1e9:
            raise InputError(f"time_scale is {time_scale}; it says how many times as fast time runs, such as 600.")
        self.ledger = Path(ledger)
        self._seed, self._given_truths = seed, truths
        self._me = weakref.ref(self)
        self._premises = opened(self.ledger, time_scale, _moment(as_of), self._me)
        self.clock, self.relay, self.links = self._premises.clock, self._premises.relay, self._premises.links
        self.returns = self._premises.folder.returns
        self._closing = weakref.finalize(self, self._premises.close, self._me)

    @property
    def inbox(self) -> pd.DataFrame:
        """What has arrived: one row a mail (columns of `mailboxes.INBOX_DTYPES`; `size` in bytes)."""
        return self._premises.mailboxes.inbox()

    def react(self, campaign: str | None = None) -> pd.DataFrame:
        """Let the audience react to what it has not reacted to yet.

        Opens, clicks and one-click unsubscribes go to the tracker over HTTP;
        bounces, complaints and unsubscribes by mail come back over SMTP, and are
        then imported into the ledger. The clock moves on to the last act, which
        may be days away.

        Parameters
        ----------
        campaign
            React to this campaign's messages only.

        Returns
        -------
        DataFrame
            What was truly done, in the order of time: `at, campaign, email,
            message_id, act` (an event kind)`, machine, url`.
        """
        if not self._is_open:
            raise RelayError(
                "This sandbox is closed, by its close() or because another took its place beside the same ledger, so "
                "nobody can react. Use that one, or open it again: Sandbox(...)."
            )
        here = self._premises
        ahead = planned(here.mailboxes, self._truths, self._seed, campaign)
        if ahead:
            # Kept beforehand: after a kill in the middle the clock never runs through these moments again.
            here.folder.keep_moment(ahead[-1].at)
        done = performed(ahead, here.mailboxes, here.stage, self.relay.port, here.http_port)
        self._import_returns()
        return done

    def close(self) -> None:
        """Stop the servers and let go of the folder; what arrived stays. A second call changes nothing."""
        self._closing()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = f"{self.clock.now():%Y-%m-%d %H:%M} at {self.clock.scale:g} times the pace"
        return (
            f"<Sandbox {self.relay.url}, {self.links.base_url}, {len(self._premises.mailboxes):,} messages, "
            f"{state if self._is_open else 'closed'}>"
        )

    @property
    def _is_open(self) -> bool:
        return self._premises.belongs_to(self._me)

    @cached_property
    def _truths(self) -> Truths:
        if self._given_truths is not None:
            return self._given_truths
        from bulkkit.sample import Truths as SampleTruths

        return SampleTruths.sample()

    def _import_returns(self) -> None:
        ledger = self._premises.late_ledger.now()
        # Reports that nobody can use stay in the Maildir for whoever wants to look.
        with contextlib.suppress(InputError):
            events = read_events(self.returns, source="mail")
            if ledger is not None and len(events):
                ledger.add_events(events)


def _moment(as_of: date | datetime | str | None) -> datetime:
    if as_of is None:
        return datetime.now(UTC)
    try:
        moment = pd.Timestamp(as_of)
        return (moment.tz_localize(UTC) if moment.tzinfo is None else moment.tz_convert(UTC)).to_pydatetime()
    except (ValueError, TypeError, AttributeError):
        raise InputError(f"as_of is {as_of!r}, which is no date such as 2026-10-01.") from None
