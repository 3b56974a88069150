"""A message's headers: those that a whole campaign shares, and each recipient's own."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from bulkkit.addresses import ascii_domain
from bulkkit.message.links import Links
from bulkkit.message.mime import MAX_LINE, header
from bulkkit.message.sender import Sender, written
from bulkkit.transitions import Recipient

_PLAIN: Final = re.compile(r"[!-~]*")
_PLAIN_ID: Final = re.compile(r"<[A-Za-z0-9._-]+@[A-Za-z0-9._-]+>")
"""An identifier (RFC 5322 §3.6.4) of which only the brackets and the @ are escaped in an address (RFC 3986 §2.3)."""


def shared_headers(campaign: str, sender: Sender, links: Links | None) -> bytes:
    """Return the headers that are the same in all messages of a campaign.

    Raises
    ------
    InputError
        Where one of them cannot stand in a header.
    """
    lines = [
        header("From", written(sender.mailbox)),
        header("Precedence", "bulk"),
        header("X-Campaign", campaign, is_text=True),
    ]
    if sender.reply_to:
        lines.append(header("Reply-To", written(sender.reply_to)))
    if links is not None:  # RFC 8058 §3.1: this and one HTTPS address in List-Unsubscribe make one click of it.
        lines.append(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return b"".join(lines)


def mail_to(sender: Sender) -> str:
    """Return where mail is written to unsubscribe; the message's own identifier comes behind it."""
    return f"mailto:{sender.address}?subject={quote('unsubscribe ')}"


def own_headers(recipient: Recipient, subject: str, way_out: str, by_mail: str, date: datetime) -> bytes:
    """Return the headers that are one recipient's own; `way_out` is where they unsubscribe, `by_mail` where by mail.

    Raises
    ------
    InputError
        Where one of them cannot stand in a header.
    """
    to, message_id = envelope_address(recipient.email), recipient.message_id
    ways = f"<{by_mail}>" if way_out == by_mail else f"<{way_out}>, <{by_mail}>"  # RFC 2369 §3.2
    lines = f"To: {to}\r\nMessage-ID: {message_id}\r\nList-Unsubscribe: {ways}\r\n"
    # Most values are plain and short, which one look tells; header() looks at each of the others.
    if _PLAIN.fullmatch(f"{to}{message_id}{way_out}") and len(lines) < MAX_LINE:
        return _date(date) + _subject(subject) + lines.encode("ascii")
    checked = (header("To", to), header("Message-ID", message_id), header("List-Unsubscribe", ways))
    return b"".join([_date(date), _subject(subject), *checked])


@lru_cache(maxsize=256)
def envelope_address(email: str) -> str:
    """Return an address as it is written to a server: its domain in A-labels, its local part untouched."""
    # Asked for the envelope and again for the header.
    local, _, domain = email.strip().rpartition("@")
    return f"{local}@{ascii_domain(domain)}"


def in_address(message_id: str) -> str:
    """Return a message's identifier as it stands in an address (RFC 3986 §2.1)."""
    return f"%3C{message_id[1:-1].replace('@', '%40')}%3E" if _PLAIN_ID.fullmatch(message_id) else quote(message_id)


@lru_cache(maxsize=8)
def _date(moment: datetime) -> bytes:
    return header("Date", format_datetime(moment))


@lru_cache(maxsize=4096)
def _subject(subject: str) -> bytes:
    # Encoded words take long, and many people share a first name.
    return header("Subject", " ".join(subject.split()), is_text=True)
