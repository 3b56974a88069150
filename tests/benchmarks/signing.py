"""A send that signs with RSA-2048, one process beside one that has others sign: messages a second, in turns.

The messages are those of `send.py`, to smtp-sink over 50 connections, with the ledger at full durability.
Run `python tests/benchmarks/signing.py [messages] [connections]`; it needs Debian's postfix and two processors.
"""

from __future__ import annotations

import statistics
import sys
from unittest import mock

import send
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import bulkkit as bk
from bulkkit.sending import signing

ROUNDS = 3


def mark() -> bk.Dkim:
    """Return a domain with a key made for it."""
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return bk.Dkim("example.org", "news", rsa.generate_private_key(65537, 2048).private_bytes(*form).decode())


def rate(count: int, connections: int, dkim: bk.Dkim) -> float:
    """Return the messages a second of a send, with a sink of its own."""
    with send.sink() as port:
        return send.ours(count, connections, port, dkim)


def alone(count: int, connections: int, dkim: bk.Dkim) -> float:
    """Return the messages a second where one process does all of it."""
    with mock.patch.object(signing, "pens_for", return_value=0):
        return rate(count, connections, dkim)


def main(count: int, connections: int) -> None:
    """Print what either reaches, and the ratio of each round."""
    dkim = mark()
    rounds = [(rate(count, connections, dkim), alone(count, connections, dkim)) for _ in range(ROUNDS)]
    for shared, single in rounds:
        print(f"several processes {shared:6.0f}/s   one {single:6.0f}/s   ratio {shared / single:.2f}")
    print(f"median ratio {statistics.median(shared / single for shared, single in rounds):.2f}")


if __name__ == "__main__":
    messages, opened, *_ = [*map(int, sys.argv[1:]), *[20_000, 50][len(sys.argv) - 1 :]]
    main(messages, opened)
