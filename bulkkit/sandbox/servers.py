"""The sandbox's two servers, mail and tracker, in one thread with its own loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

from bulkkit.errors import RelayError

LOOPBACK: Final = "127.0.0.1"
TICK: Final = 0.25
"""Seconds between two calls of `tick`."""
PATIENCE: Final = 10.0
"""Seconds for which a start or a stop is waited."""


def listen(port: int) -> socket.socket:
    """Return a listening socket on loopback: on `port` where it is free, else on any."""
    try:
        return socket.create_server((LOOPBACK, port), backlog=256)
    except OSError:
        return socket.create_server((LOOPBACK, 0), backlog=256)


class Servers:
    """A mail server and an HTTP server that run until `stop`.

    Parameters
    ----------
    mail, http
        Listening sockets.
    session
        Makes the protocol of one mail connection.
    app
        The ASGI app.
    tick
        Called every `TICK` seconds.
    """

    def __init__(
        self,
        mail: socket.socket,
        http: socket.socket,
        session: Callable[[], asyncio.Protocol],
        app: ASGIApp,
        tick: Callable[[], None],
    ) -> None:
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        coroutine = self._serve(mail, http, session, app, tick)
        self._thread = threading.Thread(target=self._run, args=(coroutine,), name="bulkkit sandbox", daemon=True)
        self._thread.start()
        self._loop = self._started.result(PATIENCE)

    def stop(self) -> None:
        """Stop both servers and wait for the thread to end; a second call changes nothing."""
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(PATIENCE)

    def _run(self, coroutine: Any) -> None:
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(coroutine)
        except Exception as error:
            if self._started.done():
                raise
            self._started.set_exception(RelayError(f"The sandbox's servers cannot start: {error}."))

    async def _serve(
        self,
        mail: socket.socket,
        http: socket.socket,
        session: Callable[[], asyncio.Protocol],
        app: ASGIApp,
        tick: Callable[[], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        smtp = await loop.create_server(session, sock=mail)
        tracker = uvicorn.Server(_config(app))
        answering = loop.create_task(tracker.serve(sockets=[http]))
        self._started.set_result(loop)
        while not self._stop.is_set():
            tick()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), TICK)
        smtp.close()
        tracker.should_exit = True
        await answering


def _config(app: ASGIApp) -> uvicorn.Config:
    # No access log: the paths hold tokens.
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=1,
    )


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop
