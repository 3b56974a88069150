"""Addresses: which spellings mean one mailbox, and which can stand in an envelope."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bulkkit.addresses import ascii_domain, domain_of, mailbox_key, mailbox_keys
from bulkkit.errors import AddressError
from bulkkit.message.headers import envelope_address
from bulkkit.sending.envelope import Envelope

SPELLINGS = {
    "ana@bücher.example": ["ANA@BÜCHER.example", "ana@xn--bcher-kva.example", "  ana@bu\u0308cher.example\t"],
    "a.b@example.org": ["A.B@Example.Org", "a.b@example.org.", "\u00a0a.b@example.org"],
    "anabel@gmail.com": ["Ana.Bel@gmail.com", "anabel+news@googlemail.com", "a.n.a.b.e.l@GMAIL.com."],
    "jos\u00e9@example.org": ["jose\u0301@example.org", "JOSE\u0301@example.org"],
}
"""Spellings of one mailbox each."""

DIFFERENT = ["a.b@example.org", "ab@example.org", "ab+x@example.org", "ab@mail.example.org", "anabel@gmail.example"]
"""Mailboxes that only look alike: dots and plus signs mean nothing outside of Google."""

ADDRESSES = st.one_of(
    st.text(max_size=30),
    st.builds("{}@{}".format, st.text(max_size=12), st.text(max_size=12)),
    st.builds(
        "{}@{}".format, st.text("aB.+ü \t", max_size=6), st.sampled_from(["gmail.com", "GMail.com.", "ß.example"])
    ),
)


@given(st.lists(st.none() | ADDRESSES, max_size=6))
@example(["x\u0130@example.org", "xi@example.org", "\u212a@example.org", "\u017f@example.org"])
def test_a_column_of_keys_is_each_address_key(addresses: list[str | None]) -> None:
    """The quick way over a column gives what the careful way gives one by one, missing where it is missing."""
    keys = mailbox_keys(pd.Series(addresses, dtype="str"))
    assert [None if pd.isna(key) else key for key in keys] == [a if a is None else mailbox_key(a) for a in addresses]


def test_a_column_of_keys_needs_no_unique_index() -> None:
    """Frames put together from parts keep their index, however often a label is in it."""
    keys = mailbox_keys(
        pd.Series(["A@bücher.example", "b@b.example", "C@bücher.example"], index=[0, 0, 0], dtype="str")
    )
    assert keys.tolist() == ["a@xn--bcher-kva.example", "b@b.example", "c@xn--bcher-kva.example"]
    assert keys.index.tolist() == [0, 0, 0]


@given(ADDRESSES)
@example("\u0130@example.org")
@example("A.\u03a3@gmail.com.")
def test_a_key_is_its_own_key(address: str) -> None:
    """The key of a key is that key, unless there are blanks inside: a stored key finds itself."""
    assume(len(address.split()) == 1)
    assert mailbox_key(mailbox_key(address)) == mailbox_key(address)


@given(ADDRESSES)
def test_case_and_white_space_mean_nothing(address: str) -> None:
    """White space around an address does not make another mailbox."""
    assert mailbox_key(f" \t{address}\n") == mailbox_key(address)


@pytest.mark.parametrize("key", SPELLINGS)
def test_spellings_of_one_mailbox(key: str) -> None:
    """Case, IDN spelling, white space, a trailing dot, and Google's dots and tags mean the same mailbox."""
    assert {mailbox_key(spelling) for spelling in SPELLINGS[key]} == {mailbox_key(key)}


def test_lookalikes_are_different_mailboxes() -> None:
    """Elsewhere than at Google, dots and plus signs are part of the name."""
    assert len({mailbox_key(address) for address in DIFFERENT}) == len(DIFFERENT)


def test_domain_of_a_column() -> None:
    """The domain is what stands behind the last @, in A-labels; without one it is missing."""
    domains = domain_of(pd.Series(["a@BÜCHER.example", "a@b@example.org ", "nobody", None], dtype="str"))
    assert domains.tolist()[:2] == ["xn--bcher-kva.example", "example.org"]
    assert domains.isna().tolist() == [False, False, True, True]


def test_a_domain_that_cannot_be_encoded_stays() -> None:
    """What IDNA refuses is kept as it is, in lower case, so that it is judged and not lost."""
    assert ascii_domain("A..Ü.example") == "a..ü.example"


@given(st.text(max_size=12), st.sampled_from(["example.org", "BÜCHER.example", "a.b.example"]))
def test_the_envelope_keeps_the_local_part(local: str, domain: str) -> None:
    """What is written to a server has the local part as the list has it: it may tell cases apart."""
    assert envelope_address(f"x{local}x@{domain}") == f"x{local}x@{ascii_domain(domain)}"


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example> RCPT TO:<c@d.example",
        "a@b.example>\r\nRCPT TO:<c@d.example",
        "alice@example.org)bob@evil.example",
        "a@example.org,b@evil.example",
        "@relay.example:a@b.example",
        '"a"@b.example',
        "a b@c.example",
        "a@b.example\n",
        "a\u2028b@c.example",
        "a@b_c.example",
        "nobody",
        "@b.example",
        "a@",
        "",
    ],
)
def test_what_could_leave_an_envelope_is_refused(address: str) -> None:
    """An address that could be read as two, or as a further command, never reaches a server."""
    with pytest.raises(AddressError, match="cannot stand in an envelope"):
        Envelope("news@example.org", address)


@pytest.mark.parametrize("address", ["a@b.example", "o'hara+x=1@b.example", "a/b!c%d@b.example", "jörg@b.example"])
def test_what_can_stand_in_an_envelope_is_left_alone(address: str) -> None:
    """Every character that RFC 5321 and RFC 6531 allow without quotes passes as it is."""
    assert Envelope("news@example.org", address).lines[1] == f"RCPT TO:<{address}>\r\n".encode()
