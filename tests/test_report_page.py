"""The report in a real browser: drawn by day and by night and on paper, and nobody is asked for anything."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from test_reporting import HOSTILE, office_move

from bulkkit import reporting
from bulkkit.charts import palette, style

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the office move."""
    return reporting.report("office-move", ledger=office_move(), path=tmp_path_factory.mktemp("report") / "report.html")


@contextmanager
def opened(chromium: BrowserContext, path: Path, width: int = 1200, scheme: Any = "light") -> Iterator[Page]:
    """Open a report in a window of its own and wait until its charts are drawn."""
    page = chromium.new_page()
    page.set_viewport_size({"width": width, "height": 1000})
    page.emulate_media(color_scheme=scheme)
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-charts=drawn]")
    try:
        yield page
    finally:
        page.close()


def inks(page: Page) -> set[str]:
    """Return the colours of the words in the charts, and of the page."""
    colours = page.eval_on_selector_all(".main-svg text", "all => all.map(one => getComputedStyle(one).fill)")
    return {*colours, page.evaluate("getComputedStyle(document.body).backgroundColor")}


def rgb(colour: str) -> str:
    """Return a colour as a browser writes it."""
    return "rgb({}, {}, {})".format(*(int(colour[place : place + 2], 16) for place in (1, 3, 5)))


def test_a_browser_draws_every_chart_and_asks_nobody(chromium: BrowserContext, tmp_path: Path) -> None:
    """In a real browser all charts are drawn, no word of others is run, and not one request goes out."""
    asked: list[str] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        tempting = f"{HOSTILE}<img src=http://127.0.0.1:{server.server_port}/pixel>"
        path = reporting.report(tempting, ledger=office_move(tempting, tempting), path=tmp_path / "report.html")
        with opened(chromium, path) as page:
            assert page.locator("[data-chart] .main-svg").count() >= 7
            assert page.title() != "run"
        server.shutdown()
    assert asked == []


@pytest.mark.parametrize(("width", "cut"), [(1200, False), (400, True)])
def test_what_is_cut_off_says_that_it_goes_on(chromium: BrowserContext, report: Path, width: int, cut: bool) -> None:
    """On a telephone each chart that is cut off bids to scroll; on a wide screen none does."""
    with opened(chromium, report, width) as page:
        for part in (".canvas", ".table"):
            if cut:
                page.wait_for_selector(f"{part}.overflows.goes-on")
            else:
                assert page.locator(f"{part}.goes-on").count() == 0


def test_at_night_the_page_is_dark_and_paper_never_is(chromium: BrowserContext, report: Path) -> None:
    """By the reader's own choice page and charts are dark; printed from there, all is black on white."""
    with opened(chromium, report, scheme="dark") as page:
        assert {rgb(palette.DARK[style.INK]), rgb(palette.DARK[style.PAPER])} <= inks(page)
        assert rgb(style.INK) not in inks(page)
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print", color_scheme="dark")
        page.wait_for_selector("html[data-colours=light]")
        assert {rgb(style.INK), rgb(style.PAPER)} <= inks(page)
        assert page.pdf()[:5] == b"%PDF-"


def test_charts_follow_the_page_into_the_night(chromium: BrowserContext, report: Path) -> None:
    """A reader who switches while the page is open sees the charts switch with it."""
    with opened(chromium, report) as page:
        assert rgb(style.INK) in inks(page)
        page.emulate_media(color_scheme="dark")
        page.wait_for_selector("html[data-colours=dark]")
        assert rgb(palette.DARK[style.INK]) in inks(page)
