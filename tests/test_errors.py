"""What bulkkit raises on purpose, as a notebook shows it."""

from __future__ import annotations

from IPython.core.interactiveshell import InteractiveShell

CELL = "from bulkkit import InputError\ndef deep():\n    raise InputError('Row 3 has no address. Add one.')\ndeep()"


def test_a_notebook_shows_the_sentence(capsys: object) -> None:
    """An error of bulkkit's is its sentence, without the calls in between."""
    shell = InteractiveShell()
    shell.run_cell(CELL)
    shown = capsys.readouterr()  # type: ignore[attr-defined]
    said = (shown.out + shown.err).strip().splitlines()
    assert said == ["InputError: Row 3 has no address. Add one."]
