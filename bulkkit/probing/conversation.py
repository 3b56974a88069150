"""One connection to a mail server on which mailboxes are asked about; no message is ever begun."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

import aiosmtplib

from bulkkit.probing.answers import CLOSING, Heard, Step, is_answer
from bulkkit.vocabulary import Reason

FAREWELL: Final = 5.0
"""Seconds to wait for the answer to QUIT: nothing is owed any more."""


class Conversation:
    """MAIL once, then RCPT after RCPT; `over` says why no more can be asked."""

    def __init__(self, host: str, port: int, helo: str, timeout: float, source: str | None = None) -> None:
        options: dict[str, Any] = {"source_address": (source, 0)} if source else {}
        # Encrypted where it is offered, whoever is there (RFC 7435): names of mailboxes are not for everyone to read.
        self._client = aiosmtplib.SMTP(
            hostname=host, port=port, local_hostname=helo, timeout=timeout, validate_certs=False, **options
        )
        self._timeout = timeout
        self.over: Heard | None = None

    async def open(self, sender: str) -> None:
        """Connect, greet and name the sender; `over` is set where that was refused."""
        try:
            heard = await self._heard(Step.CONNECT, self._client.connect())
            if _is_yes(heard):
                heard = await self._heard(Step.MAIL, self._client.mail(sender))
        except asyncio.CancelledError:
            self._client.close()  # Nobody else knows of it yet.
            raise
        if not _is_yes(heard):
            self.over = heard
        if heard.code is None:
            self._client.close()  # There is nobody to say goodbye to.

    async def ask(self, address: str) -> Heard:
        """Return what the server says of a mailbox."""
        heard = await self._heard(Step.RCPT, self._client.rcpt(address))
        if heard.code is None or heard.code == CLOSING or not is_answer(heard.code):
            self.over = heard
        return heard

    async def close(self) -> None:
        """Take the transaction back and say goodbye, where somebody is there."""
        try:
            async with asyncio.timeout(FAREWELL):
                if self.over is None:
                    await self._client.rset()
                if self._client.is_connected:
                    await self._client.quit()
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            pass  # They owe us nothing.
        finally:
            self._client.close()

    async def _heard(self, step: Step, asked: Awaitable[Any]) -> Heard:
        try:
            # aiosmtplib's time is for each piece of an answer; this one is for the whole of it.
            async with asyncio.timeout(self._timeout):
                reply = await asked
        except aiosmtplib.SMTPResponseException as error:
            return Heard(step, error.code, _text(error.message))
        except (aiosmtplib.SMTPTimeoutError, TimeoutError):
            return Heard(step, failure=Reason.TIMEOUT_EXCEEDED, text=f"no answer within {self._timeout:g} s")
        except aiosmtplib.SMTPServerDisconnected as error:
            return Heard(step, failure=Reason.FORCIBLE_DISCONNECT, text=_text(str(error)))
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return Heard(step, failure=Reason.FAILED_SMTP_CONNECTION, text=_text(str(error)))
        return Heard(step, reply.code, _text(reply.message))


def _is_yes(heard: Heard) -> bool:
    return heard.code is not None and 200 <= heard.code < 300


def _text(words: str) -> str:
    return " ".join(words.encode("utf-8", "backslashreplace").decode().split())
