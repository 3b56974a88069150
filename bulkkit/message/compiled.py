"""A campaign's message, compiled once and written out for each recipient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bulkkit.message import footer
from bulkkit.message.headers import in_address, mail_to, own_headers, shared_headers
from bulkkit.message.link_table import number_links, token_of
from bulkkit.message.links import Links
from bulkkit.message.markdown import markdown_to_html
from bulkkit.message.message import Message
from bulkkit.message.plain_text import html_to_text
from bulkkit.message.sender import Sender
from bulkkit.message.skeleton import Part, Skeleton
from bulkkit.message.template import ALWAYS_THERE, Template
from bulkkit.message.tracking import PIXEL, TOKEN, WAY_OUT, Known, known_links, with_token
from bulkkit.transitions import Recipient


@dataclass(frozen=True, slots=True)
class Preview:
    """A message as one recipient would get it; what is shown of it by itself holds no link, so no token either."""

    email: str
    subject: str
    html: str | None = field(repr=False)
    text: str = field(repr=False)
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """How a campaign's messages are written where opens and clicks are measured, or where they are not."""

    known: Known
    skeleton: Skeleton


@dataclass(frozen=True, slots=True)
class CompiledMessage:
    """Templates and constant headers of one campaign; `write` fills them in.

    `tokens` are the contacts' columns that the message needs, `bare` those of
    them that it uses without a `default(…)`, `always_there` the
    tokens it uses that need no column, and `link_urls` the targets of its
    numbered links.
    """

    campaign: str
    sender: Sender
    links: Links | None
    tokens: frozenset[str]
    bare: frozenset[str]
    always_there: frozenset[str]
    link_urls: tuple[str, ...]
    subject: Template
    text: Template
    html: Template | None
    tracked: Form = field(repr=False)
    untracked: Form = field(repr=False)
    headers: bytes = field(repr=False)
    mail_to: str = field(repr=False)
    standing: Mapping[str, str] = field(repr=False)

    @property
    def measures(self) -> bool:
        """Whether opens and clicks of this message can be seen at all: an HTML part, and links of ours."""
        return self.html is not None and self.links is not None

    def write(self, recipient: Recipient, date: datetime) -> bytes:
        """Return the message's bytes: CRLF lines, none of which begins with a dot.

        Raises
        ------
        TemplateError, InputError
            Where this recipient's data cannot be filled in or stood in a header.
        """
        form = self.tracked if recipient.tracked else self.untracked
        values = self._values(recipient)
        if not form.skeleton.is_plain:
            values |= with_token(form.known, values[TOKEN])
        subject, by_mail = self.subject.fill(values), self._by_mail(recipient)
        return (
            self.headers + own_headers(recipient, subject, values[WAY_OUT], by_mail, date) + form.skeleton.fill(values)
        )

    def preview(self, recipient: Recipient, date: datetime) -> Preview:
        """Return the message as this recipient would get it, part by part and as bytes."""
        form = self.tracked if recipient.tracked else self.untracked
        values = self._values(recipient)
        values |= with_token(form.known, values[TOKEN])
        html = None if self.html is None else self.html.render(values)
        raw = self.write(recipient, date)
        subject = " ".join(self.subject.fill(values).split())
        return Preview(recipient.email, subject, html, self.text.render(values), raw)

    def _by_mail(self, recipient: Recipient) -> str:
        # It names the message, so that nobody can unsubscribe somebody else.
        return f"{self.mail_to}{in_address(recipient.message_id)}"

    def _values(self, recipient: Recipient) -> dict[str, str]:
        links = self.links
        token = "" if links is None else links.token(recipient.send_id, recipient.message_id)
        way_out = self._by_mail(recipient) if links is None else links.unsubscribe_url(token)
        return {**recipient.fields, **self.standing, "email": recipient.email, TOKEN: token, WAY_OUT: way_out}


def compile_message(campaign: str, message: Message, sender: Sender, links: Links | None) -> CompiledMessage:
    """Compile a campaign's message.

    Raises
    ------
    TemplateError
        Where a tag cannot be read; the message says in which part and line.
    """
    html, urls = number_links(_html_source(message, sender)) if _has_html(message) else (None, ())
    subject, text = Template.compile(message.subject, "the subject"), _text(message, sender, html)
    # The pixel comes last, so that the text part, made of the HTML, never sees it.
    page = None if html is None else footer.before_end(html, f"{{{{ {PIXEL} }}}}")
    body = None if page is None else Template.compile(page, "the body", escape=True)
    templates = [part for part in (subject, text, body) if part is not None]
    used = frozenset[str]().union(*(part.tokens for part in templates))
    needed = used - ALWAYS_THERE - {token_of(number) for number in range(len(urls))} - {PIXEL}
    parts = [Part(text, "plain"), *([Part(body, "html", frozenset({PIXEL}))] if body else [])]
    standing = {"campaign": campaign, "sender_name": sender.name, "postal_address": sender.postal_address}
    shared = {name: (value,) for name, value in standing.items()}
    tracked, untracked = (known_links(links, urls, tracked=measured) for measured in (True, False))
    return CompiledMessage(
        campaign=campaign,
        sender=sender,
        links=links,
        tokens=needed,
        bare=needed.intersection(frozenset[str]().union(*(part.bare for part in templates))),
        always_there=used & ALWAYS_THERE,
        link_urls=urls,
        subject=subject,
        text=text,
        html=body,
        tracked=Form(tracked, Skeleton.of(parts, {**tracked, **shared})),
        untracked=Form(untracked, Skeleton.of(parts, {**untracked, **shared})),
        headers=shared_headers(campaign, sender, links),
        mail_to=mail_to(sender),
        standing=standing,
    )


def _text(message: Message, sender: Sender, html: str | None) -> Template:
    if message.text is None:
        return Template.compile(html_to_text(html or ""), "the text part")
    return Template.compile(message.text + (footer.text(sender) if message.footer else ""), "the text part")


def _has_html(message: Message) -> bool:
    return message.markdown is not None or message.html is not None


def _html_source(message: Message, sender: Sender) -> str:
    html = markdown_to_html(message.markdown) if message.markdown is not None else message.html or ""
    return footer.before_end(html, footer.html(sender)) if message.footer else html
