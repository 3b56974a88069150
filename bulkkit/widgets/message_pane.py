"""The message as a form: its name and purpose, who writes, subject, body, and what became of the tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ipywidgets import VBox

from bulkkit.composition.form import Writing
from bulkkit.composition.outcome import Outcome
from bulkkit.composition.people import TokenUse
from bulkkit.composition.reading import Place
from bulkkit.vocabulary import Purpose
from bulkkit.widgets.editor import Editor
from bulkkit.widgets.fields import choice, heading, text
from bulkkit.widgets.markup import markup
from bulkkit.widgets.notes import noted
from bulkkit.widgets.view import View


class MessagePane(VBox):  # type: ignore[misc]
    """What is written, and beside each field what keeps it from being used."""

    def __init__(self, writing: Writing, columns: Sequence[str], changed: Callable[[], None]) -> None:
        self.name = text("Campaign", writing.name, "office-move")
        self.purpose = choice("Purpose", [(str(word), str(word)) for word in Purpose], writing.purpose)
        self.sender = text("Sender", writing.sender, "Example News <news@example.org>")
        self.postal_address = text("Postal address", writing.postal_address, "1 High St, Springfield")
        self.editor = Editor(writing.subject, writing.body, columns)
        self.name_notes, self.sender_notes, self.tokens = View(), View(), View()
        fields = [self.name, self.purpose, self.name_notes, self.sender, self.postal_address, self.sender_notes]
        super().__init__([heading(1, "Message"), *fields, self.editor, self.tokens])
        for field in (self.name, self.purpose, self.sender, self.postal_address):
            field.observe(lambda _change: changed(), "value")
        self.editor.on_edit(changed)
        for view in (self.name_notes, self.sender_notes, self.tokens):
            view.add_class("compose-beside")

    def said(self) -> Writing:
        """Return what stands in the fields."""
        return Writing(
            name=self.name.value,
            purpose=self.purpose.value,
            sender=self.sender.value,
            postal_address=self.postal_address.value,
            subject=self.editor.subject,
            body=self.editor.body,
        )

    def show(self, outcome: Outcome) -> None:
        """Show what was found about the message."""
        self.name_notes.show(noted(outcome.notes(Place.NAME)))
        self.sender_notes.show(noted(outcome.notes(Place.SENDER)))
        self.editor.say(noted(outcome.notes(Place.SUBJECT)), noted(outcome.notes(Place.BODY)))

    def show_tokens(self, uses: Sequence[TokenUse], people: int) -> None:
        """Show how many recipients have nothing for which token."""
        self.tokens.show(markup("compose_tokens", uses=uses, people=people))
