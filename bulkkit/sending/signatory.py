"""A process that signs for a send: `python -m bulkkit.sending.signatory`, which ends when its standard input does.

The first bundle holds domain, selector and private key; each one after it holds
messages, and is answered by a bundle of their signatures.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import BinaryIO

from bulkkit.message.signature import Signer
from bulkkit.sending.bundle import LENGTH, bundle, unbundle


def main() -> None:
    """Sign until nothing more can come."""
    # Whoever interrupts a send wants what is in flight to be finished, and that needs signatures.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # Whatever else is printed here is no answer.
        serve(sys.stdin.buffer, answers)


def serve(asked: BinaryIO, answers: BinaryIO) -> None:
    """Answer each bundle of messages by one of signatures."""
    domain, selector, pem = _next(asked) or (b"", b"", b"")
    signer = Signer.of(domain.decode(), selector.decode(), pem)
    while messages := _next(asked):
        answers.write(bundle([signer.signature(message) for message in messages]))
        answers.flush()


def _next(asked: BinaryIO) -> list[bytes] | None:
    """Return the parts of the next bundle, or None where nothing more comes."""
    length = int.from_bytes(asked.read(LENGTH.size))
    inner = asked.read(length)
    return unbundle(inner) if length and len(inner) == length else None


if __name__ == "__main__":
    main()
