"""A message as its reader's mail program takes it apart: pictures, links, and the ways out."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit

from bulkkit.events import report
from bulkkit.sandbox.mailboxes import Envelope

PIXEL, CLICK, LEAVE = "/o/", "/c/", "/u/"
"""How the tracker's paths begin."""

_URI: Final = re.compile(r"<([^<>]+)>")
_WRITTEN: Final = re.compile(r"https?://[^\s<>()\"']+")


@dataclass(frozen=True, slots=True)
class Letter:
    """One message in one mailbox. Links are those of the tracker, by their paths; no other host is ever asked."""

    name: str
    recipient: str
    sender: str
    received_at: datetime
    message_id: str | None
    campaign: str | None
    pixels: tuple[str, ...] = ()
    clicks: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    one_click: str | None = None
    mailto: str | None = None


def read_letter(name: str, envelope: Envelope, content: bytes) -> Letter:
    """Return a stored mail as its reader sees it."""
    mail = report.parse(content)
    pictures, links = _contents(mail)
    ways_out = _URI.findall(report.field(mail, "List-Unsubscribe") or "")
    is_one_click = report.field(mail, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    return Letter(
        name,
        envelope.recipient,
        envelope.sender,
        envelope.received_at,
        report.field(mail, "Message-ID"),
        report.field(mail, "X-Campaign"),
        pixels=_of_tracker(pictures, PIXEL),
        clicks=_of_tracker(links, CLICK),
        pages=_of_tracker(links, LEAVE),
        one_click=next(iter(_of_tracker(ways_out, LEAVE)), None) if is_one_click else None,
        mailto=next((uri for uri in ways_out if uri.lower().startswith("mailto:")), None),
    )


def _contents(mail: Message) -> tuple[list[str], list[str]]:
    """Return addresses of pictures and of links: of the HTML, or of the text where there is none."""
    html = _text(mail, "text/html")
    if html is None:
        return [], _WRITTEN.findall(_text(mail, "text/plain") or "")
    parser = _Contents()
    parser.feed(html)
    parser.close()
    return parser.pictures, parser.links


def _text(mail: Message, kind: str) -> str | None:
    part = next((one for one in mail.walk() if one.get_content_type() == kind), None)
    payload = part.get_payload(decode=True) if part is not None else None
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else None


def _of_tracker(urls: list[str], start: str) -> tuple[str, ...]:
    """Return the paths of those links that lead to a tracker on this machine, each once."""
    paths = (_loopback_path(url) for url in urls if start in url)
    return tuple(dict.fromkeys(path for path in paths if path and path.startswith(start)))


def _loopback_path(url: str) -> str | None:
    try:
        parts = urlsplit(url.strip())
        is_here = parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return None
    # The port may be another since a restart; the key, and with it the tokens, are the same.
    return parts.path if is_here else None


class _Contents(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pictures: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.pictures += [value for name, value in attrs if name == "src" and value]
        elif tag == "a":
            self.links += [value for name, value in attrs if name == "href" and value]
