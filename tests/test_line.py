"""A connection's place at a relay: what is left of one that was being opened when the send ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from rehearsal import QUICK, relay
from servers import MailServer

from bulkkit.sending.line import opened
from bulkkit.sending.send import new_event_loop
from bulkkit.sending.smtp import Session


def test_a_connection_that_opens_though_it_is_cancelled_is_dropped(
    serve: Callable[..., MailServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the cancellation comes too late for an opening, the send's end leaves no connection behind."""
    server, sessions, ending = serve(), list[Session](), asyncio.Event()
    really_open = Session.open

    async def too_late(*options: Any) -> Session:
        sessions.append(await really_open(*options))
        ending.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return sessions[0]

    async def ended_first() -> tuple[Session | None, list[bool]]:
        job: Any = SimpleNamespace(passwords={}, deadlines=QUICK)
        session = await opened(relay(server.port), job, ending)
        dropped = [one.is_lost for one in sessions]
        for one in sessions:
            one.abort()
        return session, dropped

    monkeypatch.setattr(Session, "open", too_late)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        assert runner.run(ended_first()) == (None, [True])
