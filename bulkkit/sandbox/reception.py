"""The sandbox's mail server: what it says at each step, and where a mail is put."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from aiosmtpd.smtp import SMTP

from bulkkit.addresses import mailbox_key
from bulkkit.sandbox.door import OK, Door
from bulkkit.sandbox.folder import Folder
from bulkkit.sandbox.mailboxes import HEAD, Envelope, Mailboxes
from bulkkit.sandbox.truths import Truths
from bulkkit.sending.clock import Clock

HOST: Final = "sandbox.example"
AUDIENCE: Final = "audience.example"
"""How the audience greets: what it writes goes to the sender, whatever address the message named."""
NOBODY: Final = "<>"
"""The null reverse-path of reports (RFC 5321 §4.5.5)."""
LARGEST: Final = 32 << 20
"""Bytes of a message, as announced with SIZE."""

log = logging.getLogger(__name__)


class Reception:
    """Takes mail in, as aiosmtpd's handler: each method is a step of SMTP, called in the server's loop."""

    def __init__(self, folder: Folder, mailboxes: Mailboxes, truths: Callable[[], Truths], clock: Clock) -> None:
        self._folder, self._mailboxes, self._truths, self._clock = folder, mailboxes, truths, clock
        self._returns = Mailboxes(folder.returns)
        self._senders = folder.senders()
        self._door = Door()

    def session(self) -> SMTP:
        """Return the protocol of one connection."""
        return SMTP(self, data_size_limit=LARGEST, enable_SMTPUTF8=True, hostname=HOST, ident="bulkkit sandbox")

    # The names and arguments of these three are aiosmtpd's.

    async def handle_EHLO(  # noqa: N802
        self,
        server: SMTP,  # noqa: ARG002
        session: Any,
        envelope: Any,  # noqa: ARG002
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Greet; the server reads command by command from a stream, so it may announce PIPELINING (RFC 2920)."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", "250-ENHANCEDSTATUSCODES", responses[-1]]

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,  # noqa: ARG002
        session: Any,
        envelope: Any,
        address: str,
        options: list[str],  # noqa: ARG002
    ) -> str:
        """Answer as the mailbox's server would."""
        key = mailbox_key(address)
        reply = OK if self._comes_back(session, envelope, key) else self._answer(envelope.mail_from, key)
        if reply == OK:
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802, ARG002
        """Store the message, a copy for each recipient, and only then say so."""
        for address in envelope.rcpt_tos:
            self._take(session, envelope, address)
        return "250 2.0.0 Stored"

    async def handle_exception(self, error: Exception) -> str:
        """Answer what went wrong here as a passing failure: it is no fault of the message."""
        log.warning("The sandbox could not take a message: %s", error)
        return f"451 4.3.0 {' '.join(str(error).split())[:400] or type(error).__name__}"

    def _answer(self, sender: str, key: str) -> str:
        return self._door.answer(self._truths().of(key).mailbox, mailbox_key(sender), key, self._clock.now())

    def _comes_back(self, session: Any, envelope: Any, key: str) -> bool:
        """Return whether a mail is for the sender: a report, the audience's, or to an address that we had mail from."""
        is_answer = key in self._senders and mailbox_key(envelope.mail_from) != key
        return envelope.mail_from == NOBODY or session.host_name == AUDIENCE or is_answer

    def _take(self, session: Any, envelope: Any, address: str) -> None:
        sender = "" if envelope.mail_from == NOBODY else envelope.mail_from
        written = Envelope(address, sender, self._clock.now())
        if self._comes_back(session, envelope, mailbox_key(address)) or _is_complaint(envelope.content):
            self._returns.add(written, envelope.content)
            return
        self._mailboxes.add(written, envelope.content)
        key = mailbox_key(sender)
        if key not in self._senders:
            self._senders.add(key)
            self._folder.keep_senders(self._senders)


def _is_complaint(content: bytes) -> bool:
    headers = content[:HEAD].partition(b"\r\n\r\n")[0].lower()
    return b"report-type=feedback-report" in headers.replace(b'"', b"").replace(b" ", b"")
