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


def own_headers(sender: Sender, recipient: Recipient, subject: str, way_out: str, date: datetime) -> bytes:
    """Return the headers that are one recipient's own; `way_out` is where they unsubscribe.

    Raises
    ------
    InputError
        Where one of them cannot stand in a header.
    """
    mail, to = by_mail(sender, recipient), envelope_address(recipient.email)
    ways = f"<{mail}>" if way_out == mail else f"<{way_out}>, <{mail}>"  # RFC 2369 §3.2
    lines = f"To: {to}\r\nMessage-ID: {recipient.message_id}\r\nList-Unsubscribe: {ways}\r\n"
    # Most values are plain and short, which one look tells; header() looks at each of the others.
    if _PLAIN.fullmatch(f"{to}{recipient.message_id}{way_out}") and len(lines) < MAX_LINE:
        return _date(date.replace(microsecond=0)) + _subject(subject) + lines.encode("ascii")
    checked = (header("To", to), header("Message-ID", recipient.message_id), header("List-Unsubscribe", ways))
    return b"".join([_date(date.replace(microsecond=0)), _subject(subject), *checked])


def by_mail(sender: Sender, recipient: Recipient) -> str:
    """Return the way out by mail; its subject names the message, so that nobody can unsubscribe somebody else."""
    return f"{_mail_to(sender)}{_in_address(recipient.message_id)}"


@lru_cache(maxsize=256)
def envelope_address(email: str) -> str:
    """Return an address as it is written to a server: its domain in A-labels, its local part untouched."""
    # Asked for the envelope and again for the header.
    local, _, domain = email.strip().rpartition("@")
    return f"{local}@{ascii_domain(domain)}"


@lru_cache(maxsize=64)
def _mail_to(sender: Sender) -> str:
    return f"mailto:{sender.address}?subject={quote('unsubscribe ')}"


def _in_address(message_id: str) -> str:
    return f"%3C{message_id[1:-1].replace('@', '%40')}%3E" if _PLAIN_ID.fullmatch(message_id) else quote(message_id)


@lru_cache(maxsize=8)
def _date(second: datetime) -> bytes:
    return header("Date", format_datetime(second))


@lru_cache(maxsize=4096)
def _subject(subject: str) -> bytes:
    # Encoded words take long, and many people share a first name.
    return header("Subject", subject, is_text=True)
