"""aiosmtplib's client for a relay: it connects, greets, secures and authenticates."""

from __future__ import annotations

import asyncio
import socket
import ssl
from functools import cache
from typing import Any, cast

import aiosmtplib

from bulkkit.sending.password import masked
from bulkkit.sending.relay import Relay


def client_of(relay: Relay, seconds: float) -> aiosmtplib.SMTP:
    """Return a client that has not connected yet, and waits so many seconds for each reply."""
    options: dict[str, Any] = {"source_address": (relay.source_address, 0)} if relay.source_address else {}
    return aiosmtplib.SMTP(
        hostname=relay.host,
        port=relay.port,
        use_tls=relay.scheme == "smtps",
        start_tls=relay.scheme == "smtp+starttls",
        tls_context=None if relay.scheme == "smtp" else tls_context(),
        local_hostname=_local_name(),
        timeout=seconds,
        **options,
    )


def drop(client: aiosmtplib.SMTP) -> None:
    """End a client's connection at once."""
    if client.transport is not None:
        # Over TLS a close would wait for a goodbye, and the loop may end first.
        cast(asyncio.Transport, client.transport).abort()
    client.close()


def explained(relay: Relay, error: Exception, password: str | None) -> str:
    """Return why a relay cannot be used, and what to do; the password is masked."""
    # A server may quote what it was sent, and in any bytes.
    said = f"{error.code} {error.message}" if isinstance(error, aiosmtplib.SMTPResponseException) else str(error)
    what = masked(said, relay, password).encode("utf-8", "backslashreplace").decode() or type(error).__name__
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return f"The relay {relay.name} refuses user and password: {what}. Check both; nothing was sent."
    if isinstance(error, ConnectionRefusedError) or isinstance(error.__cause__, ConnectionRefusedError):
        what = "nothing listens there"
    return f"The relay {relay.name} cannot be used: {what}. Check its address; nothing was sent over this connection."


@cache
def tls_context() -> ssl.SSLContext:
    """Return the one TLS context of all connections: making it reads the system's certificates, some 45 ms."""
    return ssl.create_default_context()


@cache
def _local_name() -> str:
    return socket.gethostname()
