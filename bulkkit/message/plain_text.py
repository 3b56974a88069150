"""The text part that goes with an HTML part: the same words, links written out."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

_UNSEEN: Final = frozenset({"head", "style", "script", "title"})
_BLOCKS: Final = frozenset({"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "hr"})
_LINES: Final = frozenset({"br", "tr"})


def html_to_text(html: str) -> str:
    """Return the words of an HTML document as paragraphs; template tags pass through as they are."""
    parser = _TextOf()
    parser.feed(html)
    parser.close()
    text = re.sub(r"[ \t]*\n[ \t]*", "\n", "".join(parser.parts))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


class _TextOf(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0
        self._hrefs: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag in _BLOCKS:
            self.parts.append("\n\n")
        elif tag in _LINES:
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag == "a":
            self._hrefs.append((dict(attrs).get("href") or "", len(self.parts)))

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in _BLOCKS:
            self.parts.append("\n\n")
        elif tag in {"td", "th"}:
            self.parts.append("  ")
        elif tag == "a" and self._hrefs:
            self._write_out(*self._hrefs.pop())

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            # White space of HTML is one blank; that of a template tag is its own.
            self.parts.append(re.sub(r"[ \t\r\n]+", " ", data))

    def _write_out(self, href: str, start: int) -> None:
        label = "".join(self.parts[start:]).strip()
        if href and href != label:
            self.parts.append(f" ({href})")
