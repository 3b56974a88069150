"""The house: style, types, layers and names hold."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import bulkkit as bk

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "bulkkit").rglob("*.py"))

TOOLS = {
    "lint": ("ruff", "check", "."),
    "format": ("ruff", "format", "--check", "."),
    "types": ("mypy",),
    "layers": ("importlinter",),
}


@pytest.mark.parametrize("name", TOOLS)
def test_tool_has_nothing_to_say(name: str) -> None:
    """The linter, the formatter, the type checker and the import contracts pass."""
    tool, *arguments = TOOLS[name]
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    if tool != "importlinter":
        command = [sys.executable, "-m", tool, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_public_names_are_these() -> None:
    """The names that users type are exactly the promised ones."""
    assert sorted(bk.__all__) == [
        "AddressError",
        "BulkkitError",
        "Campaign",
        "Comparison",
        "ConfigurationError",
        "ConfirmationError",
        "Design",
        "Dkim",
        "Health",
        "InputError",
        "LeaseError",
        "Ledger",
        "LedgerError",
        "Limit",
        "Links",
        "Message",
        "Plan",
        "PreflightError",
        "Relay",
        "RelayError",
        "Retry",
        "Sandbox",
        "Send",
        "Sender",
        "StoppedError",
        "TemplateError",
        "Throttle",
        "Verdict",
        "against_rest",
        "charts",
        "compare",
        "design",
        "health",
        "plan",
        "rates",
        "read_contacts",
        "read_events",
        "report",
        "resume",
        "segment",
        "verify",
        "verify_address",
        "widgets",
    ]


@pytest.mark.parametrize("name", sorted(bk.__all__))
def test_public_name_loads(name: str) -> None:
    """Each public name loads and has a docstring."""
    assert getattr(bk, name).__doc__


def test_import_loads_nothing_heavy() -> None:
    """`import bulkkit` alone loads no heavy library."""
    heavy = "{'pandas', 'plotly', 'aiosmtplib', 'jinja2', 'email_validator'} & set(sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, bulkkit; print({heavy})"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_is_one_room(path: Path) -> None:
    """No file of the package has 300 lines, and no function has more than 40."""
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") < 300
    functions = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    lengths = {node.name: _length(node) for node in functions}
    assert {name: length for name, length in lengths.items() if length > 40} == {}


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    docstring = ast.get_docstring(node)
    return (node.end_lineno or 0) - node.lineno + 1 - (docstring.count("\n") + 1 if docstring else 0)


def test_pages_name_no_registry() -> None:
    """No tracked text names a package registry's host."""
    hosts = ("pythonhosted" + ".org", "pypi" + ".org/simple", "registry.npm" + "js", "deb.deb" + "ian")
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    texts = {name: (ROOT / name).read_bytes() for name in files if (ROOT / name).is_file()}
    assert [name for name, text in texts.items() for host in hosts if host.encode() in text] == []


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.name)
def test_notebook_is_thin(path: Path) -> None:
    """A notebook defines nothing, stores no output, and has no cell over 15 lines."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            source = "".join(cell["source"])
            assert not cell["outputs"]
            assert source.count("\n") < 15
            assert not any(line.startswith(("def ", "class ")) for line in source.splitlines())
