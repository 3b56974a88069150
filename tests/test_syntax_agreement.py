"""The column-wise syntax agrees with email-validator on every address, in words and in the normal form."""

from __future__ import annotations

import re
import unicodedata
from random import Random

import idna
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from odd_addresses import DOMAINS, LOCALS, NAMES, big_list, odd_address, oracle

from bulkkit.verification import verify, verify_address
from bulkkit.verification.likeness import likes
from bulkkit.verification.patterns import GOOD_HOST, LETTERS, SMALL
from bulkkit.verification.syntax import syntax

PIECES = st.sampled_from([*LOCALS, *DOMAINS, *NAMES, "@", "@", ".", "-", "<", ">", '"', "xn--", "\u0338", "x" * 190])
ADDRESSES = st.lists(PIECES | st.text(max_size=4), max_size=6).map("".join)


def ours(addresses: list[str]) -> list[tuple[str | None, str | None]]:
    """Return the diagnostics and normal forms that `verify` has for a list."""
    checked = verify(pd.DataFrame({"email": pd.Series(addresses, dtype=object)}))
    columns = (checked[name].astype(object) for name in ("diagnostic", "normalized"))
    return list(zip(*(column.where(column.notna(), None) for column in columns), strict=True))


def different(addresses: list[str]) -> list[tuple[str, object, object]]:
    """Return the addresses on which the two do not agree, with what each says."""
    told = zip(addresses, ours(addresses), map(oracle, addresses), strict=True)
    return [(address, mine, theirs) for address, mine, theirs in told if mine != theirs]


def test_twenty_thousand_odd_addresses() -> None:
    """Odd parts put together, cut and misspelt: the same verdict, words and normal form on each."""
    random = Random(11)
    assert different([odd_address(random) for _ in range(20_000)]) == []


def test_a_list_as_lists_are() -> None:
    """An ordinary list with every kind of common oddness in it: the same on each row."""
    assert different(big_list(6_000, domains=800, odd=0.5)["email"].tolist()) == []


@settings(max_examples=150, deadline=None)
@given(st.lists(ADDRESSES, min_size=1, max_size=20))
@example(
    ["<a@b.example>", "Ana <a@b.example", "<\u0338a@b.example>", "a@\u0338b.example", 'a"@b.example', "a@[", "a@[]"]
)
@example(
    ["x@" + "é" * 130 + ".com", "x@" + "-" * 254, "x@" + "!" * 254, "x" * 300 + "@" + "a" * 300, "a@" + "é.a" * 16]
)
@example(["x@ab--cd", "x@ab--cd.test", "x@" + "a" * 64, "x@" + "a" * 64 + ".1", "x@" + "a" * 64 + ".local", "x@a.b--c"])
def test_whatever_comes_to_mind(addresses: list[str]) -> None:
    """Hypothesis puts the same parts together as it likes."""
    assert different([address.encode("utf-8", "ignore").decode() for address in addresses]) == []


def test_nearly_all_odd_addresses_have_a_like() -> None:
    """Thousands of odd addresses have a hundred likes: email-validator is asked for these alone."""
    emails = big_list(20_000, odd=1.0)["email"]
    distinct = set(likes(pa.array(emails, pa.large_string())).to_pylist())
    assert emails.nunique() > 18_000
    assert len(distinct) < 100


def test_a_like_is_its_own_like_or_as_good() -> None:
    """The like of an address is judged in the same words as the address."""
    random = Random(5)
    addresses = [odd_address(random) for _ in range(2_000)]
    alike = likes(pa.array(addresses, pa.large_string())).to_pylist()
    assert [oracle(like)[0] for like in alike] == [oracle(address)[0] for address in addresses]


def test_the_letters_are_what_they_are_taken_for() -> None:
    """Each is a letter that normalisation leaves alone, and each small one may stand in a domain as it is."""
    every = [chr(code) for code in range(0x80, 0x30000) if not 0xD800 <= code < 0xE000]
    letters, small = (re.findall(f"[{kind}]", "".join(every)) for kind in (LETTERS, SMALL))
    assert set(small) < set(letters)
    assert all(unicodedata.category(letter)[0] == "L" for letter in letters)
    assert all(
        unicodedata.normalize("NFC", letter) == letter and not unicodedata.combining(letter) for letter in letters
    )
    for letter in small:
        name = f"a{letter}b.example"
        assert idna.uts46_remap(name, std3_rules=False, transitional=False) == name
        assert idna.alabel(f"a{letter}b").startswith(b"xn--")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("jörg@example.com", None),
        ("ana@bücher.example", None),
        ("ana@xn--bcher-kva.example", None),
        ('"ana bel"@example.com', "Quoting the part before the @-sign is not allowed"),
        ("ana@[127.0.0.1]", "bracketed IP address after the @-sign is not allowed"),
        ("ana@[IPv6:::1]", "bracketed IP address after the @-sign is not allowed"),
        ("ana(home)@example.com", "invalid characters before the @-sign: '\\(', '\\)'"),
        ("ana@example.com (home)", "invalid characters: '\\(', '\\)', SPACE"),
        ("Ana <ana@example.com>", "display name and angle brackets"),
        ("a" * 243 + "@example.com", "too long \\(1 character too many\\)"),
        ("ana@" + "a" * 64 + ".com", "periods cannot be separated by so many characters"),
        ("ana@example", "should have a period"),
        ("ana@example.test", "special-use"),
        ("ana@example.c0", "not within a valid top-level domain"),
        ("ana..bel@example.com", "two periods in a row"),
        ("ana@-example.com", "hyphen immediately after the @-sign"),
        ("ana", "must have an @-sign"),
        ("@example.com", "something before the @-sign"),
        ("ana@", "something after the @-sign"),
        ("", "must have an @-sign"),
    ],
)
def test_each_kind_has_its_answer_in_words(address: str, words: str | None) -> None:
    """International parts are fine; what mail programs alone allow is refused, and the words say why."""
    said = verify_address(address).diagnostic
    assert (said is None) == (words is None)
    assert words is None or re.search(words, str(said))


@pytest.mark.parametrize(
    ("address", "normal"),
    [
        ("Ana.Bel@Example.COM", "Ana.Bel@example.com"),
        ("INFO@Example.com", "info@example.com"),
        ("ana@BÜCHER.example", "ana@bücher.example"),
        ("ana@xn--bcher-kva.example", "ana@bücher.example"),
        ("jose\u0301@example.com", "jos\u00e9@example.com"),
        ("ana@example..com", None),
    ],
)
def test_the_normal_form(address: str, normal: str | None) -> None:
    """The domain in lower case and Unicode, the local part as it is but for RFC 2142's names; none for the refused."""
    assert verify_address(address).normalized == normal


def test_an_empty_column() -> None:
    """Nothing is judged to nothing."""
    assert [len(column) for column in syntax(pa.array([], pa.large_string()))] == [0, 0]
    assert likes(pa.array(["a@b.example"], pa.large_string())).to_pylist() == [f"a@{GOOD_HOST}"]
