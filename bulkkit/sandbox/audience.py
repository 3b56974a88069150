"""The audience: reads what arrived, and acts over real HTTP and real SMTP."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from http.client import HTTPConnection, HTTPException
from smtplib import SMTP, SMTPException
from typing import Any, Final

import pandas as pd

from bulkkit.addresses import mailbox_key
from bulkkit.frames import from_rows
from bulkkit.sandbox.acts import Act, acts
from bulkkit.sandbox.answers import answer
from bulkkit.sandbox.letter import read_letter
from bulkkit.sandbox.mailboxes import Mailboxes
from bulkkit.sandbox.reception import AUDIENCE
from bulkkit.sandbox.servers import LOOPBACK
from bulkkit.sandbox.stage import Stage
from bulkkit.sandbox.truths import Truths
from bulkkit.vocabulary import TIMESTAMP, EventKind

ACT_DTYPES: Final = {
    "at": TIMESTAMP,
    "campaign": "str",
    "email": "str",
    "message_id": "str",
    "act": "str",
    "machine": "bool",
    "url": "str",
}
"""A frame of acts: the truth of what the audience did, one row an event."""

BY_MAIL: Final = frozenset({EventKind.BOUNCED, EventKind.COMPLAINED})
PATIENCE: Final = 30.0
"""Seconds for which an answer is waited."""
_ONE_CLICK: Final = b"List-Unsubscribe=One-Click"
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


def planned(mailboxes: Mailboxes, truths: Truths, seed: int, campaign: str | None) -> list[Act]:
    """Return what the audience will do with its unread mail, in the order of time.

    Mail that nobody reacts to is marked as read at once; the other mail with its
    first act, so that an interrupted reaction is taken up again and none is doubled.
    """
    found: list[Act] = []
    for name in mailboxes.unread():
        letter = read_letter(name, *mailboxes.open(name))
        if campaign is not None and letter.campaign != campaign:
            continue
        theirs = acts(letter, truths.of(mailbox_key(letter.recipient)), seed)
        found += theirs
        if not theirs:
            mailboxes.mark_read(name)
    return sorted(found, key=lambda act: act.at)


def performed(ahead: Iterable[Act], mailboxes: Mailboxes, stage: Stage, smtp_port: int, http_port: int) -> pd.DataFrame:
    """Perform acts one after another; return those that were answered and are events (columns of `ACT_DTYPES`)."""
    rows: list[tuple[Any, ...]] = []
    with Hands(mailboxes, smtp_port, http_port) as hands:
        for act in ahead:
            mailboxes.mark_read(act.letter.name)
            with stage.at(act.at):
                done, url = hands.perform(act)
            if done and act.kind is not None:
                letter = act.letter
                row = (letter.campaign, letter.recipient, letter.message_id, str(act.kind), act.machine, url)
                rows.append((act.at, *row))
    return from_rows(rows, ACT_DTYPES)


class Hands:
    """One connection to the tracker and one to the mail server, each kept open."""

    def __init__(self, mailboxes: Mailboxes, smtp_port: int, http_port: int) -> None:
        self._mailboxes = mailboxes
        self._smtp_port = smtp_port
        self._smtp: SMTP | None = None
        self._http = HTTPConnection(LOOPBACK, http_port, timeout=PATIENCE)

    def __enter__(self) -> Hands:
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()
        if self._smtp is not None:
            with contextlib.suppress(SMTPException, OSError):
                self._smtp.quit()

    def perform(self, act: Act) -> tuple[bool, str | None]:
        """Perform an act; return whether it was answered as it should be, and where a click led."""
        if act.kind in BY_MAIL or not act.path:
            return self._mail(act), None
        if act.kind is EventKind.UNSUBSCRIBED:
            return self._ask("POST", act)[0] == 200, None
        status, location = self._ask("GET", act)
        return status in {200, 302}, location

    def _ask(self, method: str, act: Act) -> tuple[int, str | None]:
        body, more = (_ONE_CLICK, _FORM) if method == "POST" else (None, {})
        headers = {"User-Agent": act.agent, **more}
        try:
            self._http.request(method, act.path, body, headers)
            response = self._http.getresponse()
        except (HTTPException, ConnectionError):
            # The server may close a connection that was idle; a new one is opened by itself.
            self._http.close()
            self._http.request(method, act.path, body, headers)
            response = self._http.getresponse()
        response.read()
        return response.status, response.getheader("Location")

    def _mail(self, act: Act) -> bool:
        _, original = self._mailboxes.open(act.letter.name)
        mail = answer(act.kind or EventKind.UNKNOWN, act.letter, original, act.at)
        if self._smtp is None:
            self._smtp = SMTP(LOOPBACK, self._smtp_port, local_hostname=AUDIENCE, timeout=PATIENCE)
        options = [] if (mail.sender + mail.recipient).isascii() and mail.content.isascii() else ["SMTPUTF8"]
        try:
            self._smtp.sendmail(mail.sender, [mail.recipient], mail.content, options)
        except SMTPException:
            return False
        return True
