"""What the sender writes: a subject and a body, with tokens for what differs from person to person."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from bulkkit.errors import InputError


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
        Where there is no body, or both Markdown and HTML.
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

    def spec(self) -> dict[str, Any]:
        """Return what is needed to write the same message again."""
        return asdict(self)
