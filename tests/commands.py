"""Commands that go on until they are stopped, and how to hear that they answer."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

JUPYTER: Final = (
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "IPYTHONDIR",
    "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR",
)
"""The variables that name the folders in which Jupyter keeps what is a person's own."""


def jupyter_home(folder: Path, token: str) -> dict[str, str]:
    """Return an environment for a JupyterLab that shares nothing with the machine's own."""
    for name in JUPYTER:
        (folder / name).mkdir(parents=True, exist_ok=True)
    return {name: str(folder / name) for name in JUPYTER} | {"JUPYTER_TOKEN": token}


def write_json(path: Path, value: object) -> None:
    """Write a file of settings, and its folder where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(*arguments: str, folder: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command of bulkkit until the block ends."""
    command = [sys.executable, "-m", "bulkkit", *arguments]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=folder, env=os.environ | environment, **quiet) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def until(answer: Callable[[], int], wanted: int, seconds: float = 60) -> None:
    """Ask again until the answer is the wanted one."""
    end = time.monotonic() + seconds
    while (got := answer()) != wanted:
        assert time.monotonic() < end, got
        time.sleep(0.05)


def status_of(url: str) -> int:
    """Return the HTTP status of an address, or 0 while nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0
