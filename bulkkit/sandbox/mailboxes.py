"""Where the sandbox's mail lies: one Maildir, each mail with its envelope in front.

A Maildir keeps unread mail in `new` and read mail in `cur`; here read means that
the audience has reacted to it.
"""

from __future__ import annotations

import mailbox
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Final

import pandas as pd

from bulkkit.events import report
from bulkkit.frames import from_rows
from bulkkit.vocabulary import TIMESTAMP

SEEN: Final = ":2,S"
"""How the name of a read mail ends (cr.yp.to/proto/maildir.html)."""

HEAD: Final = 65_536
"""Bytes of a mail in which its headers are looked for."""

INBOX_DTYPES: Final = {
    "received_at": TIMESTAMP,
    "email": "str",
    "mail_from": "str",
    "subject": "str",
    "campaign": "str",
    "message_id": "str",
    "size": "Int64",
    "path": "str",
}
"""An inbox frame: one row a mail; `size` in bytes."""

_ENVELOPE: Final = ("X-Sandbox-Recipient", "X-Sandbox-Sender", "X-Sandbox-Received")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the mail server was told of a mail, and when it came by the sandbox's clock."""

    recipient: str
    sender: str
    received_at: datetime

    def written(self) -> bytes:
        """Return the envelope as header lines."""
        values = (self.recipient, self.sender, self.received_at.isoformat())
        lines = (f"{name}: {value}\r\n" for name, value in zip(_ENVELOPE, values, strict=True))
        return "".join(lines).encode("utf-8", "surrogateescape")

    @classmethod
    def read(cls, mail: bytes) -> tuple[Envelope, bytes]:
        """Return the envelope in front of a stored mail, and the mail as it came."""
        *lines, rest = mail.split(b"\r\n", len(_ENVELOPE))
        recipient, sender, received = (line.partition(b": ")[2].decode("utf-8", "replace") for line in lines)
        return cls(recipient, sender, datetime.fromisoformat(received)), rest


class Mailboxes:
    """All mailboxes of the sandbox, in one Maildir."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._box = mailbox.Maildir(path, factory=None, create=True)

    def add(self, envelope: Envelope, mail: bytes) -> str:
        """Store a mail and return its name; when this returns, the disk has it."""
        return str(self._box.add(envelope.written() + mail))

    def unread(self) -> list[str]:
        """Return the names of the mails that nobody has reacted to, oldest first."""
        return sorted((path.name for path in (self.path / "new").iterdir()), key=_age)

    def open(self, name: str) -> tuple[Envelope, bytes]:
        """Return a mail with its envelope."""
        return Envelope.read(self._found(name).read_bytes())

    def mark_read(self, name: str) -> None:
        """Note that the audience has reacted to a mail; to note it twice changes nothing."""
        unread = self.path / "new" / name
        if unread.exists():
            unread.rename(self.path / "cur" / (name + SEEN))

    def inbox(self) -> pd.DataFrame:
        """Return one row a mail, in the order of arrival (columns of `INBOX_DTYPES`)."""
        frame = from_rows((self._row(path) for path in self._paths()), INBOX_DTYPES)
        return frame.sort_values("received_at", kind="stable", ignore_index=True)

    def __len__(self) -> int:
        return sum(1 for _ in self._paths())

    def _paths(self) -> Iterator[Path]:
        yield from (self.path / "cur").iterdir()
        yield from (self.path / "new").iterdir()

    def _found(self, name: str) -> Path:
        unread = self.path / "new" / name
        return unread if unread.exists() else self.path / "cur" / (name + SEEN)

    def _row(self, path: Path) -> tuple[object, ...]:
        with path.open("rb") as file:
            envelope, mail = Envelope.read(file.read(HEAD))
        size = path.stat().st_size - len(envelope.written())
        headers = headers_of(mail)
        fields = (report.field(headers, name) for name in ("Subject", "X-Campaign", "Message-ID"))
        return (envelope.received_at, envelope.recipient, envelope.sender, *fields, size, str(path))


def headers_of(mail: bytes) -> Message:
    """Return a mail's headers alone."""
    return BytesHeaderParser().parsebytes(mail[:HEAD].partition(b"\r\n\r\n")[0] + b"\r\n\r\n")


def _age(name: str) -> tuple[int, int, str]:
    """Return what orders Maildir names by age: their seconds and, within one process, their count."""
    seconds, _, rest = name.partition(".")
    count = rest.partition("Q")[2].partition(".")[0]
    return int(seconds) if seconds.isdigit() else 0, int(count) if count.isdigit() else 0, name
