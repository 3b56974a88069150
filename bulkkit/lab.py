"""What `bulkkit lab` does: JupyterLab on copies of the notebooks and the sample, open on a page with the three jobs."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

from bulkkit import sample

START: Final = "notebooks/start.md"

QUIET: Final = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
)
"""JupyterLab asks nobody on the network for news or newer versions of itself."""

DEFAULTS: Final = Path(__file__).with_name("jupyter")
"""A folder of Jupyter configuration: the start page opens rendered, and no dialog asks about news.

These are defaults: JupyterLab lays them over those of the installation, and the user's own settings over both.
A settings folder of one's own (`LabServerApp.app_settings_dir`) would hide what an administrator put in the real one.
"""

_CONFIG_PATH: Final = "JUPYTER_CONFIG_PATH"


def copy_files(directory: Path) -> None:
    """Copy the notebooks and the sample below a folder; files that are there already stay as they are."""
    for source in (sample.notebooks(), sample.path()):
        _copy_missing(source, directory / source.name)


def serve(directory: Path, *, browser: bool = True, port: int | None = None) -> NoReturn:
    """Become JupyterLab, so that Ctrl-C and the exit status are its own."""
    options = [*([] if browser else ["--no-browser"]), *([f"--port={port}"] if port else [])]
    # A file named as an argument would make its own folder the root, and hide the data.
    served = [f"--ServerApp.root_dir={directory.resolve()}", f"--LabApp.default_url=/lab/tree/{START}"]
    command = [sys.executable, "-m", "jupyterlab", *options, *_root_option(), *served, *QUIET]
    os.execve(sys.executable, command, environment(os.environ))  # noqa: S606


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which Jupyter reads our defaults after the folders that it was told of already."""
    folders = [folder for folder in (given.get(_CONFIG_PATH), str(DEFAULTS)) if folder]
    return {**given, _CONFIG_PATH: os.pathsep.join(folders)}


def _root_option() -> list[str]:
    """Return what JupyterLab wants to hear before it runs for a container's root."""
    return ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


def _copy_missing(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(source.iterdir()):
        if file.is_file() and not (target / file.name).exists():
            shutil.copyfile(file, target / file.name)
