"""A send as its user holds it: started, watched, paused, stopped and resolved from any thread."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from math import inf

import pandas as pd

from bulkkit.errors import InputError
from bulkkit.sending.clock import Clock
from bulkkit.sending.job import Job, Progress, RunState
from bulkkit.sending.runner import Runner
from bulkkit.sending.trial import LOOK, check_relays
from bulkkit.transitions import SendLedger


class Send:
    """A campaign on its way, in an event loop of its own thread.

    It goes on while cells run and after a browser tab is closed; it ends with
    the process, and `bulkkit.resume` takes it up again.

    Raises
    ------
    LeaseError
        Where another process, or another send of this one, sends from this ledger.
    LedgerError
        Where the ledger is damaged.
    """

    def __init__(self, job: Job, ledger: SendLedger) -> None:
        self.campaign = job.campaign
        self._job = job
        self._ledger = ledger
        self._on_start: list[Callable[[], None]] = []
        self._start()

    def __repr__(self) -> str:
        return f"<Send {self.progress}>"

    @property
    def progress(self) -> Progress:
        """Where the send stands now."""
        return self._runner.progress()

    @property
    def networks(self) -> pd.DataFrame:
        """Where the messages to each network stand, the largest first (columns of `tally.NETWORK_DTYPES`)."""
        return self._runner.tally.networks()

    def largest_networks(self, most: int) -> tuple[pd.DataFrame, int]:
        """Return the first `most` rows of `networks`, and how many networks there are; cheap however many."""
        tally = self._runner.tally
        return tally.networks(most), tally.network_count

    @property
    def relays(self) -> pd.DataFrame:
        """How each relay is, and what it did in this run (columns of `fleet.RELAY_DTYPES`)."""
        return self._runner.relays()

    @property
    def clock(self) -> Clock:
        """The clock that the send goes by: the machine's, or the sandbox's."""
        return self._job.clock

    @property
    def is_running(self) -> bool:
        """Whether the send has not ended yet."""
        return not self._ended.is_set()

    @property
    def error(self) -> BaseException | None:
        """What ended the send before its time, or None."""
        return self._error

    @property
    def in_doubt(self) -> pd.DataFrame:
        """The messages that the relay may or may not have taken (columns of `vocabulary.SEND_DTYPES`).

        None of them is sent again unless `resolve` says so.
        """
        return self._ledger.in_doubt(self.campaign)

    def join(self, timeout: float | None = None) -> None:
        """Wait at most `timeout` seconds for the end, whatever it is; `wait` also says why."""
        # Not Thread.join: interrupted by Ctrl-C, Python 3.11 takes a running thread for ended.
        until = inf if timeout is None else time.monotonic() + timeout
        # In slices: a Ctrl-C that comes just before a wait without end would be heard only when that ends.
        while (left := until - time.monotonic()) > 0 and not self._ended.wait(min(left, LOOK)):
            pass

    def wait(self, timeout: float | None = None) -> Progress:
        """Wait until the send has ended, at most `timeout` seconds; return where it stands.

        Rows in doubt do not keep it from ending. Interrupted in a notebook (its stop button) this
        returns and the send goes on; `stop` ends it. Interrupted in a script (Ctrl-C), which ends
        with that, the send takes up nothing new and what is in flight is finished first; a second
        Ctrl-C waits for nothing. `bulkkit.resume` goes on after either.

        Raises
        ------
        RelayError, LedgerError
            Where that ended the send before its time; what was not sent is queued still.
        """
        try:
            self.join(timeout)
        except KeyboardInterrupt:
            if not hasattr(sys, "ps1"):  # Only an interactive Python, a notebook's kernel among them, has a prompt.
                self._call(self._runner.stop)
                self.join()
            raise
        if self._error is not None:
            raise self._error
        return self.progress

    def pause(self) -> None:
        """Take up no further message until `unpause`; what is in flight is finished."""
        self._call(self._runner.pause)

    def unpause(self) -> None:
        """Go on after `pause`."""
        self._call(self._runner.unpause)

    def stop(self, timeout: float | None = None) -> Progress:
        """End the send once what is in flight is finished, and wait for it at most `timeout` seconds.

        `bulkkit.resume` goes on with it.
        """
        self._call(self._runner.stop)
        return self.wait(timeout)

    def resume(self) -> None:
        """Go on after a stop or a failure, exactly where the ledger says; returns as soon as it runs.

        Raises
        ------
        InputError
            Where the send still runs, or is finished.
        RelayError
            Where a relay cannot be used; nothing is changed.
        LeaseError, LedgerError
            Where another send holds the ledger, or it is damaged.
        """
        if self.is_running:
            raise InputError(f"{self.campaign!r} is still being sent. Where it is paused, unpause() lets it go on.")
        if self.progress.run == RunState.FINISHED and not self._ledger.pending(self.campaign):
            raise InputError(f"{self.campaign!r} is finished: nothing waits. What is in doubt, resolve() decides.")
        check_relays(self._job)
        self._start()

    def on_start(self, callback: Callable[[], None]) -> None:
        """Call `callback` each time when the send starts again, by `resume` or `resolve`."""
        self._on_start.append(callback)

    def resolve(self, emails: Iterable[str] | str, choice: str) -> int:
        """Decide on messages in doubt; return how many were decided.

        Parameters
        ----------
        emails
            Addresses, one or several, such as `send.in_doubt["email"]`.
        choice
            `skip`: leave it at that. `resend`: send again with the same
            Message-ID; whoever has it already gets it a second time.

        Raises
        ------
        InputError
            Where the send still runs, or the choice is neither.
        RelayError, LeaseError, LedgerError
            Where it cannot be sent again now; then nothing is decided.
        """
        if self.is_running:
            raise InputError(f"{self.campaign!r} is still being sent. Wait for it or stop it, then decide.")
        whose = [emails] if isinstance(emails, str) else emails
        if choice != "resend":
            return self._ledger.resolve(self.campaign, whose, choice)
        check_relays(self._job)
        with self._ledger.lease(self.campaign):
            decided = self._ledger.resolve(self.campaign, whose, choice)
        if decided:
            self._start()
        return decided

    def _start(self) -> None:
        ended = threading.Event()
        with ExitStack() as stack:
            stack.callback(ended.set)
            stack.enter_context(self._ledger.lease(self.campaign))
            self._ledger.check()
            self._ledger.recover(self.campaign)
            self._runner = Runner(self._job, self._ledger)
            self._error: BaseException | None = None
            self._loop = new_event_loop()
            self._ended = ended
            work = stack.pop_all()
        threading.Thread(target=self._work, args=(work,), name=f"bulkkit-send-{self.campaign}", daemon=True).start()
        for callback in self._on_start:
            callback()

    def _work(self, until_the_end: ExitStack) -> None:
        # The thread keeps its own loop: a later start must not pull it away.
        loop, runner = self._loop, self._runner
        with until_the_end:
            try:
                loop.run_until_complete(runner.run())
            except BaseException as error:
                self._error = error
                runner.run_state = RunState.FAILED
            finally:
                loop.run_until_complete(loop.shutdown_asyncgens())
                loop.close()

    def _call(self, function: Callable[[], None]) -> None:
        # A send that has just ended has closed its loop.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return a uvloop where that is installed, else asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
