"""What a message's links, pixel and way out are, but for the one token that makes them somebody's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

from bulkkit.message.link_table import token_of
from bulkkit.message.links import Links
from bulkkit.message.template import Token

TOKEN: Final = "bulkkit_token"  # noqa: S105 - a name
"""The name under which a recipient's token is filled in."""
PIXEL: Final = "bulkkit_pixel"
"""The token in whose place the open pixel's element stands."""
WAY_OUT: Final = "unsubscribe_url"
_ELEMENT: Final = '<img src="{}" width="1" height="1" alt="" style="display:none">'
_MARK: Final = "\0"

Known = Mapping[str, tuple[str | Token, ...]]
"""What is known of tokens before anybody's values are: the words, and perhaps other tokens, that stand for them."""


def known_links(links: Links | None, urls: Sequence[str], *, tracked: bool) -> Known:
    """Return what stands for the numbered links, the pixel and the way out.

    Where opens and clicks are not measured the links lead straight to their
    targets; without `links` the way out is each message's own and not known.
    """
    way_out = {} if links is None else {WAY_OUT: _around(links.unsubscribe_url(_MARK))}
    if links is None or not tracked:
        return {**{token_of(number): (url,) for number, url in enumerate(urls)}, PIXEL: ("",), **way_out}
    clicks = {token_of(number): _around(links.click_url(_MARK, number)) for number in range(len(urls))}
    return {**clicks, PIXEL: _around(_ELEMENT.format(Markup.escape(links.open_url(_MARK)))), **way_out}


def with_token(known: Known, token: str) -> dict[str, str]:
    """Return the values of these tokens for one recipient."""
    values = {
        name: "".join(part if isinstance(part, str) else token for part in parts) for name, parts in known.items()
    }
    return values | {PIXEL: Markup(values[PIXEL])}  # noqa: S704 - an element of our own, its address escaped


def _around(text: str) -> tuple[str | Token, ...]:
    before, _, after = text.partition(_MARK)
    return before, Token(TOKEN), after
