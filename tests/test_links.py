"""Links: a token names one send, cannot be forged, and where a link leads is not in it."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bulkkit.errors import ConfigurationError
from bulkkit.message.link_table import number_links, token_of
from bulkkit.message.links import Links

KEYS = st.binary(min_size=16, max_size=64)
SEND_IDS = st.integers(0, 2**48 - 1)
BASE = "https://news.example.org"
URLS = st.builds(
    "https://{}.example/{}".format, st.text("abz", min_size=1, max_size=5), st.text(max_size=12).map(quote)
)


ID = "<7.ab@example.org>"


@given(KEYS, SEND_IDS)
def test_a_token_names_its_send(key: bytes, send_id: int) -> None:
    """The number goes in and comes out; the token is 24 characters that need no escape in an address."""
    links = Links(BASE, key)
    token = links.token(send_id, ID)
    assert links.send_id(token) == send_id
    assert links.is_genuine(token, ID)
    assert re.fullmatch(r"[A-Za-z0-9_-]{24}", token)


@given(KEYS, KEYS, SEND_IDS)
def test_another_key_knows_no_token(key: bytes, other: bytes, send_id: int) -> None:
    """A token signed with one key is nothing to another, and the keys' fingerprints tell them apart."""
    assume(key != other)
    assert not Links(BASE, other).is_genuine(Links(BASE, key).token(send_id, ID), ID)
    assert Links(BASE, other).fingerprint != Links(BASE, key).fingerprint


@given(KEYS, SEND_IDS, st.integers(0, 23), st.characters())
def test_a_changed_token_is_nothing(key: bytes, send_id: int, place: int, character: str) -> None:
    """One character changed, whichever, and the token stands for no send."""
    token = Links(BASE, key).token(send_id, ID)
    changed = token[:place] + character + token[place + 1 :]
    assume(changed != token)
    assert not Links(BASE, key).is_genuine(changed, ID)


@given(st.text(max_size=40) | st.text("AQ-_=\n ", max_size=30))
@example("A" * 24)
@example("")
def test_a_guess_is_nothing(guess: str) -> None:
    """Any other text stands for no send, and is no error."""
    assert not Links(BASE, b"k" * 16).is_genuine(guess, ID)


@given(KEYS, SEND_IDS)
def test_a_token_has_one_spelling(key: bytes, send_id: int) -> None:
    """What base64 would overlook (padding, line ends, foreign characters) makes another token, which is nothing."""
    links = Links(BASE, key)
    token = links.token(send_id, ID)
    others = (token + "=", token + "\n", " " + token, token[:4] + "!" + token[4:], token + "AAAA", token[:-4])
    assert [links.is_genuine(other, ID) for other in others] == [False] * len(others)


@given(KEYS, SEND_IDS, st.text(max_size=40))
def test_a_token_means_nothing_in_another_ledger(key: bytes, send_id: int, other: str) -> None:
    """The same number of another ledger is another message, for which the token was not signed."""
    assume(other != ID)
    assert not Links(BASE, key).is_genuine(Links(BASE, key).token(send_id, ID), other)


def test_the_key_is_never_shown() -> None:
    """Neither the repr nor the fingerprint has any of the key."""
    links = Links(BASE, b"0123456789abcdef")
    assert "0123456789" not in repr(links)
    assert links.fingerprint not in (b"0123456789abcdef".hex(), "0123456789abcdef")


def test_addresses_are_the_trackers_own() -> None:
    """Pixel, click and way out are below the base, whether or not that ends in a slash."""
    links = Links(f"{BASE}/mail/", b"k" * 16)
    assert links.open_url("t") == f"{BASE}/mail/o/t.gif"
    assert links.click_url("t", 3) == f"{BASE}/mail/c/t/3"
    assert links.unsubscribe_url("t") == f"{BASE}/mail/u/t"


@pytest.mark.parametrize("base", ["news.example.org", "ftp://news.example.org", "https://", f"{BASE}?a=1", f"{BASE}#a"])
def test_what_is_no_tracker_is_refused(base: str) -> None:
    """The base is a web address without query and fragment."""
    with pytest.raises(ConfigurationError, match="no address of a tracker"):
        Links(base, b"k" * 16)


@pytest.mark.parametrize("length", [0, 15, 65])
def test_a_key_of_the_wrong_length_is_refused(length: int) -> None:
    """A key that could be guessed, or that BLAKE2b does not take, is an error."""
    with pytest.raises(ConfigurationError, match=f"has {length} bytes"):
        Links(BASE, b"k" * length)


@given(st.lists(URLS, max_size=6))
def test_each_distinct_link_has_one_number(urls: list[str]) -> None:
    """Links are numbered in the order in which they come, the same address always the same number."""
    html = "".join(f'<p>words <a class="x" href="{escape(url)}">here</a></p>' for url in urls)
    numbered, found = number_links(html)
    assert list(found) == list(dict.fromkeys(urls))
    assert re.findall(r'href="\{\{ (\w+) \}\}"', numbered) == [token_of(found.index(url)) for url in urls]
    assert re.sub(r'href="[^"]*"', "", numbered) == re.sub(r'href="[^"]*"', "", html)


@pytest.mark.parametrize(
    ("link", "urls"),
    [
        ("<a href='https://a.example/?x=1&amp;y=2'>a</a>", ("https://a.example/?x=1&y=2",)),
        ('<A STYLE="color:red"\n HREF = " https://a.example/ ">a</A>', ("https://a.example/",)),
        ('<a href="HTTP://a.example">a</a>', ("HTTP://a.example",)),
        ('<a href="mailto:a@b.example">a</a>', ()),
        ('<a href="https://a.example/{{ email }}">a</a>', ()),
        ('<a href="{{ unsubscribe_url }}">a</a>', ()),
        ('<a href="#top">a</a> <link href="https://a.example/style.css"> <img src="https://a.example/a.png">', ()),
        ('<a href="javascript:alert(1)">a</a>', ()),
    ],
)
def test_which_links_are_tracked(link: str, urls: tuple[str, ...]) -> None:
    """Web links of anchors are; what goes elsewhere, belongs to the page, or is each person's own stays as it is."""
    numbered, found = number_links(link)
    assert found == urls
    assert (numbered == link) == (not urls)
