"""Rows of people below a chart: a page at a time, shown and kept nowhere, and saved as a file when asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from bulkkit.errors import explained
from bulkkit.exporting import save_csv
from bulkkit.widgets.markup import markup
from bulkkit.widgets.pages import last_page, page
from bulkkit.widgets.view import View


class Rows:
    """A table of rows in a view of its own (`view`), with buttons that turn its pages and save all of them.

    Parameters
    ----------
    invitation
        What stands there while no rows are shown, as plain text.
    """

    def __init__(self, invitation: str) -> None:
        self.view = View(invitation)
        self._invitation = invitation
        self._frame, self._title, self._stem, self._leading = pd.DataFrame(), "", "rows", tuple[str, ...]()
        self._page, self._note, self._is_error = 0, "", False
        self.view.on("page", self._turn)
        self.view.on("save", self._save)
        self.clear()

    @property
    def frame(self) -> pd.DataFrame:
        """All rows that are shown, on this page and on others."""
        return self._frame

    def show(self, frame: pd.DataFrame, title: str, *, stem: str, leading: Sequence[str] = ()) -> None:
        """Show rows under a title, the `leading` columns first; `stem` is the name for their file."""
        self._frame, self._title, self._stem, self._leading = frame, title, stem, tuple(leading)
        self._page, self._note = 0, ""
        self._draw()

    def say(self, sentence: str) -> None:
        """Show a sentence instead of rows."""
        self._frame = pd.DataFrame()
        self.view.show(markup("rows_none", sentence=sentence))

    def clear(self) -> None:
        """Show no rows, and how one gets at some."""
        self.say(self._invitation)

    def save(self) -> Path:
        """Write all rows as CSV into the folder where the notebook runs; return the file."""
        return save_csv(self._frame, self._stem)

    def _save(self, _what: str) -> None:
        try:
            path = self.save()
        except OSError as error:
            self._note, self._is_error = f"Nothing was saved: {explained(error)}", True
        else:
            self._note, self._is_error = f"Saved as {path.name} in {path.parent.resolve()}.", False
        self._draw()

    def _turn(self, step: str) -> None:
        self._page = min(max(self._page + int(step), 0), last_page(self._frame))
        self._draw()

    def _draw(self) -> None:
        shown = page(self._frame, self._page, self._leading)
        words = {"title": self._title, "note": self._note, "is_error": self._is_error}
        self.view.show(markup("rows", shown=shown, **words))
