"""What tests share: a ledger's path, servers to send to, and a browser on a JupyterLab."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import Lab
from desk import Desk, open_chromium, serve_desk
from hypothesis import HealthCheck, settings
from servers import MailServer, Script, Sink, smtp_sink

from bulkkit.errors import InputError

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

# A law holds on a slow machine as well. On CI this goes on from Hypothesis' own profile, by which nothing is random.
settings.register_profile("unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the folder for pictures of what the browser shows."""
    parser.addoption("--screenshots", metavar="DIR", type=Path, help="keep pictures of the notebooks in this folder")


@pytest.fixture(autouse=True)
def nobody_asks_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take this machine's name servers away: a test asks only those that it brings along."""
    from bulkkit.verification.domains import resolver

    def none_here() -> tuple[()]:
        raise InputError("This machine knows no name server.")

    monkeypatch.setattr(resolver, "_own_servers", none_here)


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


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Serve JupyterLab through `bulkkit lab`, once for all tests."""
    with serve_desk(tmp_path_factory.mktemp("desk")) as served:
        yield served


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """Run a browser for one file of tests: while it runs, playwright's event loop holds the thread."""
    with open_chromium(tmp_path_factory.mktemp("chromium")) as context:
        yield context


@pytest.fixture
def lab(chromium: BrowserContext, desk: Desk, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """Sit down before JupyterLab; the test fails where the page complained or asked somebody outside."""
    page = chromium.pages[0] if chromium.pages else chromium.new_page()
    opened = Lab(page, desk, re.sub(r"\W+", "_", request.node.name), request.config.getoption("--screenshots"))
    yield opened
    opened.leave()
    desk.end_kernels()
    assert opened.complaints == []
