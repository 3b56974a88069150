"""A campaign's message, compiled once and written out for each recipient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import quote

from bulkkit.addresses import ascii_domain
from bulkkit.message import footer
from bulkkit.message.link_table import number_links, token_of
from bulkkit.message.links import Links
from bulkkit.message.markdown import markdown_to_html
from bulkkit.message.message import Message
from bulkkit.message.mime import header, message_bytes, new_boundary, text_part
from bulkkit.message.plain_text import html_to_text
from bulkkit.message.sender import Sender, written
from bulkkit.message.template import ALWAYS_THERE, Template
from bulkkit.transitions import Recipient

PIXEL = "bulkkit_pixel"
PIXEL_TAG = (
    f'{{% if {PIXEL} %}}<img src="{{{{ {PIXEL} }}}}" width="1" height="1" alt="" style="display:none">{{% endif %}}'
)


@dataclass(frozen=True, slots=True)
class Preview:
    """A message as one recipient would get it."""

    email: str
    subject: str
    html: str | None
    text: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class CompiledMessage:
    """Templates and constant headers of one campaign; `write` fills them in.

    `tokens` are the contacts' columns that the message needs, `bare` those of
    them that it uses without a `default(…)`, `standing` the
    tokens it uses that need no column, and `link_urls` the targets of its
    numbered links.
    """

    campaign: str
    sender: Sender
    links: Links | None
    tokens: frozenset[str]
    bare: frozenset[str]
    standing: frozenset[str]
    link_urls: tuple[str, ...]
    subject: Template
    text: Template
    html: Template | None

    @property
    def measures(self) -> bool:
        """Whether opens and clicks of this message can be seen at all: an HTML part, and links of ours."""
        return self.html is not None and self.links is not None

    def write(self, recipient: Recipient, date: datetime) -> bytes:
        """Return the message's bytes: CRLF lines, not dot-stuffed.

        Raises
        ------
        TemplateError, InputError
            Where this recipient's data cannot be filled in or stood in a header.
        """
        return self.preview(recipient, date).raw

    def preview(self, recipient: Recipient, date: datetime) -> Preview:
        """Return the message as this recipient would get it, part by part and as bytes."""
        values = self._values(recipient)
        subject = " ".join(self.subject.render(values).split())
        text = self.text.render(values)
        html = self.html.render(values) if self.html else None
        parts = [text_part(text, "plain")] + ([text_part(html, "html")] if html is not None else [])
        headers = self._headers(recipient, subject, date)
        return Preview(recipient.email, subject, html, text, message_bytes(headers, parts, new_boundary()))

    def _values(self, recipient: Recipient) -> Mapping[str, str]:
        values = dict(recipient.fields)
        values |= {
            "email": recipient.email,
            "campaign": self.campaign,
            "sender_name": self.sender.name,
            "postal_address": self.sender.postal_address,
            "unsubscribe_url": way_out(self.sender, self.links, recipient),
        }
        return values | self._link_values(recipient)

    def _link_values(self, recipient: Recipient) -> dict[str, str]:
        if self.links is None or not recipient.tracked:
            return {token_of(number): url for number, url in enumerate(self.link_urls)}
        token = self.links.token(recipient.send_id, recipient.message_id)
        clicks = {token_of(number): self.links.click_url(token, number) for number in range(len(self.link_urls))}
        return clicks | {PIXEL: self.links.open_url(token)}

    def _headers(self, recipient: Recipient, subject: str, date: datetime) -> list[bytes]:
        lines = [
            header("Date", format_datetime(date)),
            header("From", written(self.sender.mailbox)),
            header("To", envelope_address(recipient.email)),
            header("Subject", subject, is_text=True),
            header("Message-ID", recipient.message_id),
            header("Precedence", "bulk"),
            header("X-Campaign", self.campaign, is_text=True),
            *_unsubscribe_headers(self.sender, self.links, recipient),
        ]
        return [*lines, header("Reply-To", written(self.sender.reply_to))] if self.sender.reply_to else lines


def compile_message(campaign: str, message: Message, sender: Sender, links: Links | None) -> CompiledMessage:
    """Compile a campaign's message.

    Raises
    ------
    TemplateError
        Where a tag cannot be read; the message says in which part and line.
    """
    html, urls = number_links(_html_source(message, sender)) if _has_html(message) else (None, ())
    text = message.text if message.text is not None else html_to_text(html or "")
    if message.text is not None and message.footer:
        text += footer.text(sender)
    # The pixel comes last, so that the text part, made of the HTML, never sees it.
    body = None if html is None else Template.compile(footer.before_end(html, PIXEL_TAG), "the body", escape=True)
    subject, plain = Template.compile(message.subject, "the subject"), Template.compile(text, "the text part")
    parts = [part for part in (subject, plain, body) if part is not None]
    used = frozenset[str]().union(*(part.tokens for part in parts))
    needed = used - ALWAYS_THERE - {token_of(number) for number in range(len(urls))} - {PIXEL}
    bare = needed.intersection(frozenset[str]().union(*(part.bare for part in parts)))
    return CompiledMessage(campaign, sender, links, needed, bare, used & ALWAYS_THERE, urls, subject, plain, body)


def way_out(sender: Sender, links: Links | None, recipient: Recipient) -> str:
    """Return where this recipient unsubscribes: the tracker's page, or a mail to the sender."""
    if links is None:
        return by_mail(sender, recipient)
    return links.unsubscribe_url(links.token(recipient.send_id, recipient.message_id))


def by_mail(sender: Sender, recipient: Recipient) -> str:
    """Return the way out by mail; its subject names the message, so that nobody can unsubscribe somebody else."""
    return f"mailto:{sender.address}?subject={quote(f'unsubscribe {recipient.message_id}')}"


def envelope_address(email: str) -> str:
    """Return an address as it is written to a server: its domain in A-labels, its local part untouched."""
    local, _, domain = email.strip().rpartition("@")
    return f"{local}@{ascii_domain(domain)}"


def _has_html(message: Message) -> bool:
    return message.markdown is not None or message.html is not None


def _html_source(message: Message, sender: Sender) -> str:
    html = markdown_to_html(message.markdown) if message.markdown is not None else message.html or ""
    return footer.before_end(html, footer.html(sender)) if message.footer else html


def _unsubscribe_headers(sender: Sender, links: Links | None, recipient: Recipient) -> list[bytes]:
    # RFC 2369 §3.2, and RFC 8058 §3.1: one HTTPS URI and the Post header make one click of it.
    if links is None:
        return [header("List-Unsubscribe", f"<{by_mail(sender, recipient)}>")]
    return [
        header("List-Unsubscribe", f"<{way_out(sender, links, recipient)}>, <{by_mail(sender, recipient)}>"),
        header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ]
