"""The preview: the message as one recipient gets it, on a phone, on a desk, or as plain text."""

from __future__ import annotations

from collections.abc import Callable

from ipywidgets import BoundedIntText, Button, HBox, Layout, ToggleButtons, VBox

from bulkkit.charts.numerals import plural
from bulkkit.message.compiled import Preview
from bulkkit.widgets.markup import markup
from bulkkit.widgets.view import View

WIDTHS = {"Phone": 360, "Desktop": 640, "Plain text": None}
"""CSS pixels: a common phone's viewport, and the width to which mail programs on a desk lay messages out."""
HEIGHT = 560


class PreviewPane(VBox):  # type: ignore[misc]
    """Shows one recipient's message; which one and how wide is chosen here."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.row = BoundedIntText(1, min=1, max=1, layout=Layout(width="84px"), tooltip="Which recipient")
        self.back = Button(icon="chevron-left", tooltip="The recipient before", layout=Layout(width="36px"))
        self.on = Button(icon="chevron-right", tooltip="The next recipient", layout=Layout(width="36px"))
        self.width = ToggleButtons(options=list(WIDTHS), style={"button_width": "88px"})
        self.of, self.head, self.letter = View(), View(), View()
        bar = HBox([self.back, self.row, self.on, self.of, self.width])
        bar.add_class("compose-bar")
        super().__init__([bar, self.head, self.letter])
        self.letter.add_class("compose-letter")
        self.row.observe(lambda _change: changed(), "value")
        self.width.observe(lambda _change: changed(), "value")
        self.back.on_click(lambda _button: self._step(-1))
        self.on.on_click(lambda _button: self._step(1))

    @property
    def number(self) -> int:
        """Which recipient is shown, counted from 0."""
        return int(self.row.value) - 1

    def among(self, count: int) -> None:
        """Say how many recipients there are to choose from."""
        self.row.max = max(1, count)
        self.of.show(markup("compose_of", count=plural(count, "recipient")))

    def show(self, preview: Preview, sender: str) -> None:
        """Show a message."""
        self.head.show(markup("compose_head", preview=preview, sender=sender))
        width = WIDTHS[self.width.value]
        if width is None or preview.html is None:
            self.letter.show(markup("compose_text", text=preview.text))
        else:
            self.letter.show_document(preview.html, width, HEIGHT)

    def explain(self, said: str) -> None:
        """Show why there is no message to show."""
        self.head.show("")
        self.letter.show(markup("compose_sentence", said=said, kind="error"))

    def _step(self, by: int) -> None:
        self.row.value = min(max(self.row.value + by, self.row.min), self.row.max)
