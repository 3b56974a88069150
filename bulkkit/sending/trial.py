"""A relay tried before anything is stored, and a single test mail; both outside of any send."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future, wait
from typing import Final, TypeVar

from bulkkit.errors import RelayError
from bulkkit.message.headers import envelope_address
from bulkkit.sending.envelope import Envelope
from bulkkit.sending.job import Job
from bulkkit.sending.relay import Relay
from bulkkit.sending.smtp import Deadlines, Session, WireError

TRIAL_DEADLINES: Final = Deadlines(greeting=30, envelope=30, data=30, body=60, dot=120)
"""Shorter than in a send: somebody waits in front of it."""

LOOK: Final = 0.5
"""Seconds after which whoever waits for another thread looks up."""

Answer = TypeVar("Answer")


def check_relays(job: Job) -> None:
    """Connect to each relay of a job, secure, authenticate, and hang up.

    Raises
    ------
    RelayError
        Where one of them cannot be used; the message says why.
    """
    for relay in job.relays:
        _in_a_thread(_greet(relay, job.passwords.get(relay.name)))


def send_trial(relay: Relay, password: str | None, sender: str, email: str, message: bytes) -> str:
    """Send one message; return what the relay said of it.

    Raises
    ------
    RelayError
        Where the relay does not take it.
    """
    return _in_a_thread(_hand_over(relay, password, sender, email, message))


async def _greet(relay: Relay, password: str | None) -> None:
    session = await Session.open(relay, password, TRIAL_DEADLINES)
    await session.close()


async def _hand_over(relay: Relay, password: str | None, sender: str, email: str, message: bytes) -> str:
    session = await Session.open(relay, password, TRIAL_DEADLINES)
    try:
        session.ask(Envelope(sender, envelope_address(email)))
        asked, reply = await session.agreed()
        if reply.is_positive:
            await session.body(message)
            session.finish()
            asked, reply = "the message", await session.ended()
    except WireError as error:
        raise RelayError(f"The relay {relay.name} did not take the test mail: {error}") from error
    finally:
        await session.close()
    if not reply.is_positive:
        raise RelayError(f"The relay {relay.name} refused the test mail at {asked}: {reply}")
    return str(reply)


def _in_a_thread(work: Coroutine[None, None, Answer]) -> Answer:
    # A notebook's own thread has a running loop already. Nobody joins this one: who gives up waiting is free at once.
    answer: Future[Answer] = Future()
    threading.Thread(target=_answer, args=(work, answer), name="bulkkit-trial", daemon=True).start()
    # In slices: an interrupt that comes just before a wait without end would be heard only when that ends.
    while not answer.done():
        wait([answer], LOOK)
    return answer.result()


def _answer(work: Coroutine[None, None, Answer], answer: Future[Answer]) -> None:
    try:
        answer.set_result(asyncio.run(work))
    except BaseException as error:
        answer.set_exception(error)
