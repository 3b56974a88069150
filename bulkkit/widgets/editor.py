"""The editor: subject and body, and the columns to click in where the cursor stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import traitlets

from bulkkit.widgets.view import HERE, View


class Editor(View):
    """Two fields and a row of tokens; what is said beside the fields is kept nowhere.

    Parameters
    ----------
    subject, body
        What stands in the fields at first.
    tokens
        The names of the contacts' columns. Those that cannot be tokens, being
        several words, are shown and cannot be clicked.
    """

    _esm = HERE / "editor.js"

    subject = traitlets.Unicode().tag(sync=True)
    body = traitlets.Unicode().tag(sync=True)
    tokens = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, subject: str = "", body: str = "", tokens: Sequence[str] = ()) -> None:
        super().__init__()
        self.subject, self.body, self.tokens = subject, body, list(tokens)

    @property
    def told(self) -> str:
        """The HTML that is said beside subject and body."""
        return "".join(str(self._told.get(part) or "") for part in ("subject", "body"))

    def say(self, subject: str, body: str) -> None:
        """Show HTML below the subject and below the body."""
        self._tell({"subject": subject, "body": body})

    def on_edit(self, changed: Any) -> None:
        """Call `changed()` when subject or body are others."""
        self.observe(lambda _change: changed(), names=["subject", "body"])
