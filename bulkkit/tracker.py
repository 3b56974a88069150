"""The tracker: what a message's links come back to, as an ASGI app.

| request                   | answer                              | recorded                      |
|---------------------------|-------------------------------------|-------------------------------|
| `GET /o/<token>.gif`      | a picture of one pixel              | `opened`, if tracking is agreed |
| `GET /c/<token>/<number>` | 302 to the campaign's link          | `clicked`, if tracking is agreed |
| `GET /u/<token>`          | a page with a button                | nothing: scanners follow links |
| `POST /u/<token>`         | 200, no redirect, no cookie (RFC 8058) | `unsubscribed`, once           |
| `HEAD` of any             | as GET, without a body              | nothing                       |
| anything else             | 404, the same for forged and unknown | nothing                       |
"""

from __future__ import annotations

import logging
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Any, Final, Protocol

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bulkkit.errors import LedgerError
from bulkkit.events import machine
from bulkkit.events.raw import fingerprint, kept
from bulkkit.message.links import Links
from bulkkit.sending.clock import SYSTEM_CLOCK
from bulkkit.transitions import Recipient
from bulkkit.vocabulary import EventKind

PIXEL: Final = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""A transparent GIF of one pixel."""

HEADERS: Final = {
    "Cache-Control": "no-store",
    # A link's token must not travel on to the page that it leads to.
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}
"""Sent with each answer."""

MOST_BODY: Final = 4_096
"""Bytes of a request's body; one click has 26 (RFC 8058 §3.2)."""
AGENT_LENGTH: Final = 300
IP_LENGTH: Final = 45
"""Characters of the longest IPv6 address."""

_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,5}")
_PAGE: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Unsubscribe</title>'
    '<meta name="viewport" content="width=device-width"></head>'
    '<body style="font:18px/1.5 sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem">{}</body></html>'
)
ASK: Final = _PAGE.format(
    "<h1>Unsubscribe</h1><p>Press the button, and no more of these messages will be sent to you.</p>"
    '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
    '<button style="font:inherit;padding:.5rem 1.5rem">Unsubscribe</button></form>'
)
DONE: Final = _PAGE.format("<h1>You are unsubscribed</h1><p>No more of these messages will be sent to you.</p>")
UNKNOWN: Final = _PAGE.format("<h1>Not found</h1><p>There is nothing here. Is the link whole?</p>")
LATER: Final = _PAGE.format("<h1>Not just now</h1><p>This could not be stored. Please try again in a minute.</p>")
TOO_MUCH: Final = _PAGE.format("<h1>Too much</h1><p>Nothing so long is needed here.</p>")

log = logging.getLogger(__name__)


class TrackerLedger(Protocol):
    """The part of a ledger that the tracker needs; it is called from several threads."""

    def recipient(self, send_id: int) -> Recipient | None:
        """Return who a send is for, or None where there is no such send."""

    def link(self, campaign: str, number: int) -> str | None:
        """Return where link `number` of a campaign leads, or None where it has no such link."""

    def record(self, event: Mapping[str, Any]) -> bool:
        """Store one event, with the names of `EVENT_DTYPES` as keys; False where it was known already."""


class Watch(Protocol):
    """The part of a clock that the tracker needs."""

    def now(self) -> datetime:
        """Return the moment in UTC."""


def tracker(ledger: TrackerLedger, links: Links, clock: Watch = SYSTEM_CLOCK) -> Starlette:
    """Return the ASGI app that answers the links of messages.

    Parameters
    ----------
    ledger
        Where recipients and targets stand, and events go.
    links
        The address and key with which the messages were written. Serve the app
        at that address, behind HTTPS, without an access log: paths hold tokens.
    clock
        What stamps the events.
    """
    desk = _Desk(ledger, links, clock)
    return Starlette(
        routes=[
            Route("/o/{token}.gif", desk.opened, methods=["GET"]),
            Route("/c/{token}/{number}", desk.clicked, methods=["GET"]),
            Route("/u/{token}", desk.asked, methods=["GET"]),
            Route("/u/{token}", desk.unsubscribed, methods=["POST"]),
        ],
        middleware=[Middleware(_SmallBodies)],
        exception_handlers={404: _not_found, 405: _not_found, LedgerError: _later},
    )


@dataclass(frozen=True, slots=True)
class _Desk:
    """The answers: plain functions, which Starlette runs beside its loop, as the ledger may have to wait."""

    ledger: TrackerLedger
    links: Links
    clock: Watch

    def opened(self, request: Request) -> Response:
        recipient = self._recipient(request)
        if recipient is None:
            return _not_found(request)
        self._see(request, recipient, EventKind.OPENED)
        return Response(PIXEL, media_type="image/gif", headers=HEADERS)

    def clicked(self, request: Request) -> Response:
        recipient = self._recipient(request)
        url = self._target(recipient, request.path_params["number"])
        if recipient is None or url is None:
            return _not_found(request)
        self._see(request, recipient, EventKind.CLICKED, url=url)
        return RedirectResponse(url, status_code=302, headers=HEADERS)

    def asked(self, request: Request) -> Response:
        return _not_found(request) if self._recipient(request) is None else _page(ASK)

    def unsubscribed(self, request: Request) -> Response:
        recipient = self._recipient(request)
        if recipient is None:
            return _not_found(request)
        event_id = fingerprint(EventKind.UNSUBSCRIBED, recipient.message_id)
        self.ledger.record(self._event(request, recipient, EventKind.UNSUBSCRIBED) | {"event_id": event_id})
        return _page(DONE)

    def _recipient(self, request: Request) -> Recipient | None:
        token = request.path_params["token"]
        send_id = self.links.send_id(token)
        recipient = None if send_id is None else self.ledger.recipient(send_id)
        return recipient if recipient and self.links.is_genuine(token, recipient.message_id) else None

    def _target(self, recipient: Recipient | None, number: str) -> str | None:
        """Return where a click leads; a number is written in one way only: plain digits, no zero in front."""
        if recipient is None or not _NUMBER.fullmatch(number):
            return None
        return self.ledger.link(recipient.campaign, int(number))

    def _see(self, request: Request, recipient: Recipient, kind: EventKind, **more: Any) -> None:
        """Record an open or a click of a person who agreed to tracking; a HEAD is nobody's look."""
        if request.method == "HEAD" or not recipient.tracked:
            return
        agent = kept(request.headers.get("user-agent", ""), AGENT_LENGTH)
        seen, basis = machine.of_agent(agent)
        event = self._event(request, recipient, kind) | more | {"machine": seen, "machine_basis": basis}
        try:
            self.ledger.record(event)
        except LedgerError as error:
            # Whoever clicked wants the page; that it was not counted is our trouble, not theirs.
            log.warning("An event of kind %s could not be stored: %s", kind, error)

    def _event(self, request: Request, recipient: Recipient, kind: EventKind) -> dict[str, Any]:
        return {
            "event_id": token_hex(16),
            "at": self.clock.now(),
            "kind": str(kind),
            "source": "tracker",
            "campaign": recipient.campaign,
            "message_id": recipient.message_id,
            "email": recipient.email,
            "ip": kept(request.client.host, IP_LENGTH) if request.client else None,
            "user_agent": kept(request.headers.get("user-agent", ""), AGENT_LENGTH),
        }


def _page(html: str, status: int = 200, **more: str) -> Response:
    return HTMLResponse(html, status, {**HEADERS, **more})


def _not_found(request: Request, error: Exception | None = None) -> Response:  # noqa: ARG001 - Starlette's signature
    return _page(UNKNOWN, 404)


def _later(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette's signature
    log.warning("A request could not be answered: %s", error)
    return _page(LATER, 503, **{"Retry-After": "60"})


class _SmallBodies:
    """Refuses a request that announces more than `MOST_BODY` bytes; no answer reads a body, so none is ever kept."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        announced = dict(scope.get("headers", ())).get(b"content-length", b"0")
        if announced.isdigit() and len(announced) < 20 and int(announced) <= MOST_BODY:
            await self.app(scope, receive, send)
        else:
            await _page(TOO_MUCH, 413, Connection="close")(scope, receive, send)
