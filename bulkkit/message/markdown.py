"""Markdown to HTML that mail programs show as meant, with the template's tags left whole.

The tags are taken out before and put back after, so that Markdown never sees
them, and a person's data, filled in later, is never read as Markdown.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Final

import css_inline
from markdown_it import MarkdownIt

_TAG: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_STOOD_ALONE: Final = re.compile(r"<p[^>]*>\s*(BULKKITBLOCK\d+X)\s*</p>")


def markdown_to_html(source: str) -> str:
    """Return a whole HTML document for a Markdown body, styles inlined; raw HTML in it stays text."""
    tags: list[str] = []

    def take_out(match: re.Match[str]) -> str:
        tags.append(match[0])
        kind = "TOKEN" if match[0].startswith("{{") else "BLOCK"
        return f"BULKKIT{kind}{len(tags) - 1}X"

    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(_TAG.sub(take_out, source))
    page = _STOOD_ALONE.sub(r"\1", css_inline.inline(_frame().replace("BULKKITBODY", body)))
    return re.sub(r"BULKKIT(?:TOKEN|BLOCK)(\d+)X", lambda match: tags[int(match[1])], page)


def _frame() -> str:
    return (files("bulkkit.message") / "frame.html").read_text(encoding="utf-8")
