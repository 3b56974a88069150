"""The tests' own mail server."""

from __future__ import annotations

import gc
import socket

from servers import MailServer


def test_a_server_that_stops_leaves_no_socket_open() -> None:
    """Whoever comes in the moment of its end is let go as well: a warning of theirs would meet another test."""
    for _ in range(5):
        with MailServer() as server:
            socket.create_connection(("127.0.0.1", server.port)).close()
        gc.collect()
