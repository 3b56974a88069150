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
    notebook = read(path, tmp_path)
    run(notebook, tmp_path)
    assert any(cell.get("outputs") for cell in notebook.cells)


OWN = """
CONTACTS = "own.csv"
EVENTS = OPTED_OUT = AS_OF = RECIPIENTS = None
CONSENT = "signed forms"
"""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_list_of_addresses_alone_serves(tmp_path: Path) -> None:
    """The announcement goes to a list of one's own, with no column but the addresses, by changing one cell."""
    notebook = read(NOTEBOOKS[1], tmp_path)
    (tmp_path / "notebooks" / "own.csv").write_text("Mail\n" + "\n".join(f"p{n}@a.example" for n in range(12)))
    parameters = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ()))
    parameters.source += OWN
    run(notebook, tmp_path)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    texts = [str(output.get("data", {}).get("text/plain")) for output in outputs]
    assert any("office-move: finished" in text and "of 12 accepted" in text for text in texts)


def read(path: Path, folder: Path) -> nbformat.NotebookNode:
    """Return a notebook in a copy of the folders that `bulkkit lab` makes."""
    for source in (sample.notebooks(), sample.path()):
        shutil.copytree(source, folder / source.name)
    return nbformat.read(folder / "notebooks" / path.name, as_version=4)


def run(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Run a notebook from top to bottom."""
    where = {"metadata": {"path": str(folder / "notebooks")}}
    NotebookClient(notebook, timeout=120, resources=where).execute()
