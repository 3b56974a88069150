"""A send to watch and to steer: progress, networks, replies, pause, stop, resume, and what is in doubt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from os import PathLike
from time import monotonic, sleep
from typing import Any, Final

import pandas as pd
from ipywidgets import Button, HBox, Layout, VBox

from bulkkit.errors import explained
from bulkkit.ledger import Ledger
from bulkkit.message.links import Links
from bulkkit.sending.relay import Relay
from bulkkit.sending.send import Send
from bulkkit.widgets.doubt import DoubtView
from bulkkit.widgets.markup import markup
from bulkkit.widgets.send_views import Drawing, of_nothing, of_send, of_stored
from bulkkit.widgets.stored_campaign import StoredCampaign
from bulkkit.widgets.view import View
from bulkkit.widgets.worker import Worker

BETWEEN_DRAWINGS: Final = 0.2
"""Seconds: five times a second is as often as eyes can use, and far below the kernel's limit of messages."""
AT_LEAST_EVERY: Final = 1.0
"""Seconds after which a running send is drawn although nothing moved, so that silence means a dead kernel."""
TRIES_AT_THE_END: Final = 10
"""Drawings of a send that has ended, until its ledger can be read; the next click tries again."""
SILENT_AFTER: Final = 5
"""Seconds without a word after which the page says that the kernel may be gone."""

BUTTONS: Final = {
    "pause": ("Pause", "pause", "Take up nothing new; what is on its way is finished"),
    "go_on": ("Go on", "play", "Go on after a pause"),
    "stop": ("Stop", "stop", "End it once what is on its way is finished; it can be resumed"),
    "resume": ("Resume", "repeat", "Go on exactly where the ledger says"),
}


class SendPanel(VBox):  # type: ignore[misc]
    """Watches a send and steers it; the kernel stays free meanwhile.

    Parameters
    ----------
    send
        A send of this process. Without one, the panel shows what the ledger
        says of the campaign, and its Resume goes on with it.
    campaign
        Its name in the ledger; by default the latest one that is unfinished.
    ledger
        The file, or the open `Ledger`.
    relays, links
        What `bulkkit.resume` takes.

    Attributes
    ----------
    send : Send or None
        What is watched.
    """

    def __init__(
        self,
        send: Send | None = None,
        *,
        campaign: str | None = None,
        ledger: str | PathLike[str] | Ledger = "bulkkit.db",
        relays: Sequence[Relay] = (),
        links: Links | None = None,
    ) -> None:
        self._stored = StoredCampaign(campaign, ledger, relays, links)
        self._problem, self._under_way = "", ""
        self._send: Send | None = None
        self._drawn_at = 0.0
        self._drawn = Drawing("")
        self._drawing, self._acting = Worker(self._cannot_draw), Worker(self._failed, keep_all=True)
        self._head, self._detail, self._doubt = View(), View(), DoubtView(self._decide)
        self._buttons = {name: self._button(name) for name in BUTTONS}
        self._row = HBox(list(self._buttons.values()), layout=Layout(flex_flow="row wrap", margin="4px 0 8px 0"))
        super().__init__([self._head, self._row, self._detail, self._doubt])
        self._watch(send) if send is not None else self._drawing.request(self._draw)

    @property
    def send(self) -> Send | None:
        """The send that is watched, or None."""
        return self._send

    def settle(self, timeout: float | None = None) -> bool:
        """Wait until what was asked for is done and drawn, so for the end of a send; return whether it came in time."""
        return self._acting.settle(timeout) and self._drawing.settle(timeout)

    def _button(self, name: str) -> Button:
        label, icon, tooltip = BUTTONS[name]
        button = Button(
            description=label,
            icon=icon,
            tooltip=tooltip,
            disabled=True,
            layout=Layout(width="120px", margin="0 4px 4px 0"),
        )
        button.on_click(lambda _: getattr(self, f"_{name}")())
        return button

    def _pause(self) -> None:
        if self._send is not None:
            self._send.pause()

    def _go_on(self) -> None:
        if self._send is not None:
            self._send.unpause()

    def _stop(self) -> None:
        if self._send is not None:
            self._act(self._send.stop, "Stopping: what is on its way is finished first.")

    def _resume(self) -> None:
        self._act(self._resume_send, "Taking it up again.")

    def _resume_send(self) -> None:
        if self._send is not None:
            self._send.resume()
        elif (found := self._stored.found()) is not None:
            self._watch(self._stored.resume(found[0]))

    def _decide(self, emails: list[str], choice: str) -> None:
        send = self._send
        if send is not None:
            self._act(lambda: send.resolve(emails, choice), "")

    def _act(self, action: Callable[[], Any], said: str) -> None:
        self._problem = ""

        def act() -> None:
            self._under_way = said
            self._drawing.request(self._draw)
            try:
                action()
            finally:
                self._under_way = ""
                self._drawing.request(self._draw)

        self._acting.request(act)

    def _failed(self, error: BaseException) -> None:
        # What ended the send itself is shown as long as it has ended; this is what was asked for meanwhile.
        self._problem = "" if self._send is not None and error is self._send.error else explained(error)
        self._drawing.request(self._draw)

    def _watch(self, send: Send) -> None:
        self._send = send
        send.on_start(lambda: self._drawing.request(self._draw))
        self._drawing.request(self._draw)

    def _draw(self) -> None:
        """Draw what there is, and a send until it has ended: all drawing is done here, in one thread."""
        send = self._send
        if send is None:
            self._show(self._drawn_from_ledger())
            return
        while send.is_running:
            self._draw_send(send)
            send.join(BETWEEN_DRAWINGS)
        for _ in range(TRIES_AT_THE_END):
            if self._draw_send(send):
                return
            sleep(BETWEEN_DRAWINGS)

    def _draw_send(self, send: Send) -> bool:
        """Draw a send as it stands; where that cannot be read now, say why beside what was read last."""
        try:
            self._drawn = of_send(send, self._problem, self._under_way)
            doubts = _doubts(send)
        except Exception as error:
            failure = markup("failure", sentence=explained(error))
            self._show(replace(self._drawn, head=self._drawn.head + failure))
            return False
        self._show(self._drawn)
        self._show_doubts(*doubts)
        return True

    def _drawn_from_ledger(self) -> Drawing:
        found = self._stored.found()
        if found is None:
            return of_nothing(self._stored.place, self._problem)
        return of_stored(*found, self._problem, self._under_way)

    def _show(self, drawing: Drawing) -> None:
        now = monotonic()
        if drawing.head != self._head.told or now - self._drawn_at >= AT_LEAST_EVERY:
            self._drawn_at = now
            silence = markup("send_silence", seconds=SILENT_AFTER)
            self._head.show(drawing.head, silent_after=SILENT_AFTER if drawing.is_live else None, silence=silence)
        if drawing.detail != self._detail.told:
            self._detail.show(drawing.detail)
        self._row.layout.display = None if drawing.has_buttons else "none"
        for name, button in self._buttons.items():
            button.disabled = name not in drawing.allowed

    def _show_doubts(self, number: int, rows: pd.DataFrame | None) -> None:
        if rows is None:
            self._doubt.show_count(number)
        else:
            self._doubt.show_rows(rows, left=max(0, number - len(rows)))

    def _cannot_draw(self, error: BaseException) -> None:
        if self._send is None:
            self._show(of_nothing(self._stored.place, explained(error)))


def _doubts(send: Send) -> tuple[int, pd.DataFrame | None]:
    """Return how many messages are in doubt, and their rows where one may decide on them."""
    number = send.progress.in_doubt
    return number, None if send.is_running or not number else send.in_doubt
