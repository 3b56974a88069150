"""What tests share: a ledger's path, and servers to send to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from servers import MailServer, Script, Sink, smtp_sink


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a ledger may be made."""
    return tmp_path / "bulkkit.db"


@pytest.fixture
def serve() -> Iterator[Callable[..., MailServer]]:
    """Start mail servers that follow a script; they end with the test."""
    with ExitStack() as stack:

        def serving(script: Script | None = None, **options: Any) -> MailServer:
            return stack.enter_context(MailServer(script, **options))

        yield serving


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Callable[..., Sink]]:
    """Start Postfix's smtp-sink with options; it ends with the test."""
    with ExitStack() as stack:
        yield lambda *options: stack.enter_context(smtp_sink(tmp_path, *options))
