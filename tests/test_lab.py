"""`bulkkit lab`: its start page, its copies, and JupyterLab's settings, of which the user's own come first."""

from __future__ import annotations

import json
import os
import re
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from commands import free_port, jupyter_home, running, status_of, until, write_json
from jupyter_core.paths import ENV_JUPYTER_PATH, SYSTEM_JUPYTER_PATH

from bulkkit import lab, sample

START = (sample.notebooks() / "start.md").read_text(encoding="utf-8")
TOKEN = "lab"
ADMINISTRATOR = {
    "@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"csv": "Editor"}, "autosaveInterval": 33},
    "@jupyterlab/apputils-extension:themes": {"theme": "JupyterLab Dark"},
}
USER = {"autosaveInterval": 44}
DOCUMENTS = "@jupyterlab/docmanager-extension/plugin.jupyterlab-settings"


def test_start_page_names_each_notebook() -> None:
    """Each of the three notebooks has one link, in the order of the jobs, and no link leads elsewhere."""
    notebooks = sorted(path.name for path in sample.notebooks().glob("*.ipynb"))
    assert re.findall(r"\]\(([^)]+)\)", START) == notebooks


def test_start_page_names_what_can_be_changed() -> None:
    """Each setting that the page tells of stands in a notebook's cell of parameters, or is a column of the sample."""
    cells = [cell for path in sample.notebooks().glob("*.ipynb") for cell in nbformat.read(path, as_version=4).cells]
    parameters = "\n".join(cell.source for cell in cells if "parameters" in cell.metadata.get("tags", ()))
    assert set(re.findall(r"`([A-Z_]+) = ", START)) <= set(re.findall(r"^([A-Z_]+) = ", parameters, re.MULTILINE))
    columns = (sample.path() / "contacts.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert set(re.findall(r"`(consent_\w+)`", START)) <= set(columns)


def test_copies_leave_what_is_there(tmp_path: Path) -> None:
    """Copying twice is copying once, and a file of one's own stays as it is."""
    lab.copy_files(tmp_path)
    own = tmp_path / "notebooks" / "3_report.ipynb"
    own.write_text("mine", encoding="utf-8")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    lab.copy_files(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert {"start.md", "1_list_health.ipynb", "contacts.csv"} <= {path.name for path in before}


@pytest.mark.parametrize(("given", "read"), [({}, []), ({"JUPYTER_CONFIG_PATH": "/etc/lab"}, ["/etc/lab"])])
def test_own_configuration_is_read_first(given: dict[str, str], read: list[str]) -> None:
    """Our defaults come after the folders that the environment names, and nothing else of it changes."""
    environment = lab.environment(given | {"HOME": "/home/ana"})
    assert environment.pop("JUPYTER_CONFIG_PATH").split(os.pathsep) == [*read, str(lab.DEFAULTS)]
    assert environment == {"HOME": "/home/ana"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run `bulkkit lab` for somebody with settings of their own, on a machine whose administrator has some too."""
    home, port = tmp_path_factory.mktemp("served"), free_port()
    environment = jupyter_home(home, TOKEN) | {"JUPYTERLAB_DIR": str(home / "installed")}
    (home / "installed").mkdir()
    for name in ("schemas", "static", "themes"):
        (home / "installed" / name).symlink_to(installed() / name)
    write_json(home / "installed" / "settings" / "overrides.json", ADMINISTRATOR)
    write_json(home / "JUPYTERLAB_SETTINGS_DIR" / DOCUMENTS, USER)
    with running("lab", "desk", "--no-browser", "--port", str(port), folder=home, **environment):
        until(lambda: status_of(f"http://127.0.0.1:{port}/api?token={TOKEN}"), 200)
        yield f"http://127.0.0.1:{port}"


def installed() -> Path:
    """Return where JupyterLab's own files lie."""
    return next(
        path / "lab" for path in map(Path, [*ENV_JUPYTER_PATH, *SYSTEM_JUPYTER_PATH]) if (path / "lab").is_dir()
    )


def settings(url: str, plugin: str) -> dict[str, Any]:
    """Return a plugin's settings as the page gets them: the defaults, and over them the user's."""
    with urllib.request.urlopen(f"{url}/lab/api/settings/{plugin}?token={TOKEN}", timeout=20) as answer:
        found = json.load(answer)
    defaults = {name: about.get("default") for name, about in found["schema"]["properties"].items()}
    return defaults | dict(found["settings"])


def test_settings_are_laid_over_each_other(served: str) -> None:
    """The page opens rendered and nothing asks for news; the administrator's and the user's settings hold as well."""
    documents = settings(served, "@jupyterlab/docmanager-extension:plugin")
    assert documents["defaultViewers"] == {"csv": "Editor", "markdown": "Markdown Preview"}
    assert documents["autosaveInterval"] == 44
    assert settings(served, "@jupyterlab/apputils-extension:themes")["theme"] == "JupyterLab Dark"
    news = settings(served, "@jupyterlab/apputils-extension:notification")
    assert (news["fetchNews"], news["checkForUpdates"]) == ("false", False)


def test_lab_opens_on_the_start_page(served: str) -> None:
    """The browser is sent to the start page, and notebooks and data are served beside it."""
    with urllib.request.urlopen(f"{served}/?token={TOKEN}", timeout=20) as answer:
        assert answer.url.split("?")[0] == f"{served}/lab/tree/{lab.START}"
    assert status_of(f"{served}/api/contents/{lab.START}?token={TOKEN}") == 200
    assert status_of(f"{served}/api/contents/data/contacts.csv?token={TOKEN}") == 200


def test_interrupt_ends_jupyterlab(tmp_path: Path) -> None:
    """Ctrl-C reaches JupyterLab itself, and the command's exit status is JupyterLab's own."""
    port, environment = free_port(), jupyter_home(tmp_path, TOKEN)
    write_json(tmp_path / "JUPYTER_CONFIG_DIR" / "jupyter_lab_config.json", {"ServerApp": {"answer_yes": True}})
    with running("lab", "desk", "--no-browser", "--port", str(port), folder=tmp_path, **environment) as process:
        until(lambda: status_of(f"http://127.0.0.1:{port}/api?token={TOKEN}"), 200)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
