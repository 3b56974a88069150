"""The README's first code block is the whole story, and it runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_story_runs(tmp_path: Path) -> None:
    """The blocks of Python run as they stand, one after the other, beside the data."""
    story = "\n".join(re.findall(r"```python\n(.*?)```", README, re.DOTALL))
    (tmp_path / "data").symlink_to(ROOT / "data")
    (tmp_path / "story.py").write_text(story, encoding="utf-8")
    done = subprocess.run([sys.executable, "story.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.html").stat().st_size > 100_000


def test_pictures_are_there() -> None:
    """Each picture that the README shows exists."""
    assert [name for name in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README) if not (ROOT / name).exists()] == []


def test_two_commands() -> None:
    """The two commands of the set-up stand in the README, each in one line."""
    lines = [line for line in README.splitlines() if line.startswith("python3 -m venv")]
    assert [line.rsplit("/", 1)[-1] for line in lines] == ["bulkkit lab", "pytest"]
