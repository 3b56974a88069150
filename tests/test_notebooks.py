"""The notebooks run from top to bottom, as a visitor runs them."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from bulkkit import sample

NOTEBOOKS = sorted(sample.notebooks().glob("*.ipynb"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_runs(path: Path, tmp_path: Path) -> None:
    """Each cell runs in a copy of the folders that `bulkkit lab` makes."""
    for source in (sample.notebooks(), sample.path()):
        shutil.copytree(source, tmp_path / source.name)
    notebook = nbformat.read(tmp_path / "notebooks" / path.name, as_version=4)
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path / "notebooks")}})
    client.execute()
    assert any(cell.get("outputs") for cell in notebook.cells)
