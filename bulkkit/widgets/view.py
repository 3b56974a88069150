"""A view: what the kernel tells the browser to show, and the browser keeps nowhere."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from anywidget import AnyWidget

HERE: Final = Path(__file__).parent

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; frame-src 'none'"
"""Content Security Policy, level 3: nothing is loaded, run or submitted, and no frame inside goes anywhere."""


class View(AnyWidget):
    """Shows HTML that travels as a message, never as a trait: no saved notebook holds it.

    A page that is opened again asks for the latest state. Elements with
    `data-do="name"` and perhaps `data-what="value"` are buttons: a click calls what
    `on` was given for that name.

    Parameters
    ----------
    empty
        What stands there while no kernel tells anything, as plain text.
    """

    _esm = HERE / "view.js"
    _css = HERE / "view.css"

    def __init__(self, empty: str = "") -> None:
        self._told: dict[str, Any] = {"html": html.escape(empty)}
        self._actions: dict[str, Callable[[str], None]] = {}
        super().__init__()
        self.on_msg(self._heard)

    @property
    def told(self) -> str:
        """The HTML that is shown now."""
        return str(self._told.get("html") or self._told.get("document") or "")

    def show(self, markup: str, *, silent_after: float | None = None, silence: str = "") -> None:
        """Show HTML of our own making, in which other people's words are escaped.

        After `silent_after` seconds without a word from the kernel the browser shows `silence` (HTML) above it.
        """
        self._tell({"html": markup, "silentAfter": silent_after, "silence": silence})

    def show_document(self, document: str, width: int, height: int) -> None:
        """Show a whole document that nobody trusts, in a frame of so many pixels where nothing runs or loads."""
        self._tell({"document": framed(document), "width": width, "height": height})

    def on(self, action: str, callback: Callable[[str], None]) -> None:
        """Call `callback` with the value of an element's `data-what` when an element of that `data-do` is clicked."""
        self._actions[action] = callback

    def _tell(self, message: dict[str, Any]) -> None:
        self._told = message
        self.send(message)

    def _heard(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
        if content.get("do") == "ready":
            self.send(self._told)
        elif (callback := self._actions.get(str(content.get("do")))) is not None:
            callback(str(content.get("what") or ""))


def framed(document: str) -> str:
    """Return a page that holds `document` in a frame within: what it may do is decided by the page around it.

    The inner frame inherits the policy, and the outer one keeps it from being
    led elsewhere by a link or a refresh.
    """
    inner = f'<!doctype html><base target="_blank">{document}'
    return (
        f'<!doctype html><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        "<style>html,body,iframe{margin:0;border:0;padding:0;width:100%;height:100%;display:block;overflow:hidden}</style>"
        f'<iframe sandbox="" srcdoc="{html.escape(inner)}"></iframe>'
    )
