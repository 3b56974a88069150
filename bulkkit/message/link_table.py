"""The links of a campaign's HTML: each gets a number, and stands in the message as a token.

A link whose address holds a token is each person's own: it stays as it is and is
not tracked.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Final

_HREF: Final = re.compile(r"""(<a\b[^>]*?\bhref\s*=\s*)(["'])\s*(https?://[^"']*?)\s*\2""", re.IGNORECASE)


def number_links(html: str) -> tuple[str, tuple[str, ...]]:
    """Return the HTML with a token for each distinct web link, and the links in the order of their numbers."""
    urls: dict[str, int] = {}

    def numbered(match: re.Match[str]) -> str:
        url = unescape(match[3])
        if "{{" in url or "{%" in url:
            return match[0]
        return f'{match[1]}"{{{{ {token_of(urls.setdefault(url, len(urls)))} }}}}"'

    return _HREF.sub(numbered, html), tuple(urls)


def token_of(number: int) -> str:
    """Return the template's token for link `number`."""
    return f"bulkkit_link_{number}"
