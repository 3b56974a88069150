"""The test ground: JupyterLab as `bulkkit lab` serves it, and Debian's Chromium without a window."""

from __future__ import annotations

import json
import os
import shutil
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import pytest
from commands import free_port, jupyter_home, running, status_of, until, write_json

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

TOKEN: Final = "test-ground"

PATIENCE: Final = 60_000
"""How long something may take on a slow machine, in milliseconds; what goes wrong fails long before."""

WIDTHS: Final = (1280, 768)
"""A laptop's and a tablet's width in CSS pixels."""

HEIGHT: Final = 900

_PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS: Final = (
    "--no-sandbox",  # a container's root has none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No name but this machine's is resolved: whoever asks for another is seen, and nothing leaves.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
_SERVER: Final = {
    "ServerApp": {"ip": "127.0.0.1", "port_retries": 0},
    "LabApp": {"expose_app_in_browser": True},
}
_SETTINGS: Final = {
    "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": True},
    "@jupyterlab/notebook-extension/tracker": {"scrollPastEnd": False},
}
"""What this user has chosen: saved notebooks hold the widgets' state, and end where their last cell ends."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A running JupyterLab and the folder that it serves."""

    folder: Path
    url: str

    def address(self, path: str = "") -> str:
        """Return an address of this server, with the token."""
        return f"{self.url}/{path}{'&' if '?' in path else '?'}token={TOKEN}"

    def end_kernels(self) -> None:
        """Shut down what runs, so that the next one has the machine to itself."""
        with urllib.request.urlopen(self.address("api/sessions"), timeout=20) as answer:
            sessions = json.load(answer)
        for session in sessions:
            end = urllib.request.Request(self.address(f"api/sessions/{session['id']}"), method="DELETE")
            urllib.request.urlopen(end, timeout=20).close()


@contextmanager
def serve_desk(home: Path) -> Iterator[Desk]:
    """Serve JupyterLab in a folder of its own, to somebody with settings of their own."""
    environment = jupyter_home(home, TOKEN)
    write_json(home / "JUPYTER_CONFIG_DIR" / "jupyter_lab_config.json", _SERVER)
    for plugin, settings in _SETTINGS.items():
        write_json(home / "JUPYTERLAB_SETTINGS_DIR" / f"{plugin}.jupyterlab-settings", settings)
    port = free_port()
    with running("lab", "desk", "--no-browser", "--port", str(port), folder=home, **environment):
        desk = Desk(home / "desk", f"http://127.0.0.1:{port}")
        until(lambda: status_of(desk.address("api")), 200)
        yield desk


@contextmanager
def open_chromium(profile: Path) -> Iterator[BrowserContext]:
    """Run the machine's Chromium; where it or playwright is not installed the test is skipped, on CI it fails."""
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        _missing("Chromium is not installed (Debian: apt-get install chromium)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("playwright is not installed (it is one of the dev dependencies)")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=program, args=_ARGUMENTS, viewport={"width": WIDTHS[0], "height": HEIGHT}
        )
        context.set_default_timeout(PATIENCE)
        try:
            yield context
        finally:
            context.close()


def _missing(reason: str) -> NoReturn:
    pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
