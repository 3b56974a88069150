"""What runs of a sandbox: its folder, its servers and its clock, once for each folder and process.

A notebook's cells are run twice. A sandbox that is opened again takes over what
runs already, so a send on its way through the earlier one goes on undisturbed:
the same port, the same clock, no connection broken.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bulkkit.message.links import Links
from bulkkit.sandbox.folder import Folder
from bulkkit.sandbox.late_ledger import LateLedger
from bulkkit.sandbox.mailboxes import Mailboxes
from bulkkit.sandbox.reception import Reception
from bulkkit.sandbox.servers import LOOPBACK, TICK, Servers, listen
from bulkkit.sandbox.stage import Stage
from bulkkit.sandbox.truths import Truths
from bulkkit.sending.clock import ScaledClock
from bulkkit.sending.relay import Relay
from bulkkit.tracker import tracker

CONNECTIONS: Final = 20

Owner = Callable[[], Any]
"""A weak reference to the sandbox: what runs does not keep it alive, so one that nobody has any more is closed."""

_OPEN: Final[dict[Path, Premises]] = {}
"""What this process has open, by folder. An operating system's lock keeps other processes out."""
_OPENING: Final = threading.RLock()


class Premises:
    """The running part of a sandbox; it belongs to the one that was opened last, and only that one closes it.

    Raises
    ------
    LeaseError
        Where another process has a sandbox open beside this ledger.
    """

    def __init__(self, ledger: Path, time_scale: float, start: datetime, owner: Owner) -> None:
        self.folder = Folder(ledger)
        self._owner: Owner | None = owner
        try:
            self.clock = ScaledClock(time_scale, max(start, self.folder.moment() or start))
            self.mailboxes = Mailboxes(self.folder.mailboxes)
            self.stage = Stage(self.clock)
            self.late_ledger = LateLedger(ledger)
            self._listen()
        except BaseException:
            self.folder.release()
            raise

    def belongs_to(self, owner: Owner) -> bool:
        """Return whether this runs, and for `owner`."""
        return self._owner is owner

    def take_over(self, owner: Owner) -> bool:
        """Let this belong to `owner` from now on; return whether it still runs in the folder that lies there."""
        with _OPENING:
            still_runs = self._owner is not None and self.folder.is_there
            self._owner = owner
            return still_runs

    def close(self, owner: Owner) -> None:
        """Stop the servers and let go of the folder, unless this belongs to somebody else by now."""
        with _OPENING:
            if self._owner is not owner:
                return
            self._servers.stop()
            self.folder.release()
            self._owner = None
            del _OPEN[self.folder.path]

    def set_clock(self, time_scale: float, start: datetime) -> None:
        """Let the clock run `time_scale` times as fast, from `start` on where that is still to come."""
        if self.clock.scale != time_scale:
            self.clock.rescale(time_scale)
        self.clock.advance_to(start)

    def _truths(self) -> Truths:
        owner: Any = self._owner and self._owner()
        found: Truths = owner._truths
        return found

    def _listen(self) -> None:
        mail, http = map(listen, self.folder.ports())
        mail_port, self.http_port = (socket.getsockname()[1] for socket in (mail, http))
        self.relay = Relay(f"smtp://{LOOPBACK}:{mail_port}", max_connections=CONNECTIONS, clock=self.clock)
        address = f"http://{LOOPBACK}:{self.http_port}"
        self.links = Links(address, self.folder.key(), self.late_ledger.follow)
        reception = Reception(self.folder, self.mailboxes, self._truths, self.clock)
        app = tracker(self.late_ledger, self.links, self.stage)
        self._servers = Servers(mail, http, reception.session, app, _keeper(self.folder, self.clock))
        self.folder.keep_ports(mail_port, self.http_port)


def opened(ledger: Path, time_scale: float, start: datetime, owner: Owner) -> Premises:
    """Return what this process has open beside `ledger`, taken over for `owner`, or open it."""
    with _OPENING:
        path = Folder.beside(ledger)
        earlier = _OPEN.get(path)
        if earlier is not None and earlier.take_over(owner):
            earlier.set_clock(time_scale, start)
            return earlier
        if earlier is not None:
            # Its folder was removed: it must not write into the new one.
            earlier.close(owner)
        _OPEN[path] = Premises(ledger, time_scale, start, owner)
        return _OPEN[path]


def _keeper(folder: Folder, clock: ScaledClock) -> Callable[[], None]:
    """Return what keeps the clock's moment, one tick ahead: after a kill no stamp lies before it."""
    return lambda: folder.keep_moment(clock.now() + timedelta(seconds=TICK * clock.scale))
