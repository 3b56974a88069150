"""What the sender writes: a subject and a body, with tokens for what differs from person to person."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from bulkkit.errors import InputError
from bulkkit.message.template import Template

PARTS: Final = {
    "subject": "the subject",
    "markdown": "the Markdown body",
    "html": "the HTML body",
    "text": "the text part",
}
"""The parts that hold tokens, as errors name them."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message before anybody's data are filled in.

    Tokens are Jinja's: `{{ first_name }}`, `{{ first_name | default("friend") }}`.
    Each names a column of the contacts; `email`, `campaign`, `sender_name`,
    `postal_address` and `unsubscribe_url` are always there.

    Parameters
    ----------
    subject
        The subject line.
    markdown
        The body in Markdown (CommonMark): it becomes both the HTML and the text part.
    html
        The body in HTML instead; nothing but its links is changed.
    text
        The text part, where the one made of the body does not serve; alone, a text-only message.
    footer
        Whether to end with the postal address and the way out. Without it the
        body must hold `{{ postal_address }}` and `{{ unsubscribe_url }}` itself.

    Raises
    ------
    InputError
        Where there is no body, or both Markdown and HTML, or a part is no text.
    TemplateError
        Where a tag cannot be read; the message says in which part and line.
    """

    subject: str
    markdown: str | None = None
    html: str | None = None
    text: str | None = None
    footer: bool = True

    def __post_init__(self) -> None:
        if self.markdown is not None and self.html is not None:
            raise InputError("The message has both markdown= and html=; the HTML part can be made from one only.")
        if self.markdown is None and self.html is None and self.text is None:
            raise InputError("The message has no body. Write one as markdown=, html= or text=.")
        for part, where in PARTS.items():
            if part == "subject" or getattr(self, part) is not None:
                _check(getattr(self, part), where)

    def spec(self) -> dict[str, Any]:
        """Return what is needed to write the same message again."""
        return asdict(self)


def _check(source: object, where: str) -> None:
    """Refuse a part that is no template, while its lines are still the writer's own and not those of a whole page."""
    if not isinstance(source, str):
        raise InputError(f"{where[0].upper()}{where[1:]} is of type {type(source).__name__}; it is text.")
    Template.compile(source, where)
