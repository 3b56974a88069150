"""Bytes of a message: what is written can be read again, and nothing but what was meant is on the wire."""

from __future__ import annotations

import re
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers import MailServer

from bulkkit.errors import InputError
from bulkkit.message.mime import CONTROL, MAX_LINE, alternatives, header, new_boundary, part_head, quoted
from bulkkit.sending.relay import Relay
from bulkkit.sending.trial import send_trial

CHARACTERS = st.characters(codec="utf-8")
PRINTABLE = st.text(CHARACTERS, max_size=200).map(lambda text: CONTROL.sub("", text).strip())
BODIES = st.text(CHARACTERS, max_size=400) | st.text(".\r\n x=\u2028\x0b\x0c\x85", max_size=60)
LONG_URL = "https://news.example.org/u/" + "a" * 170


def text_part(body: str, subtype: str) -> bytes:
    """Return a whole part, its headers first."""
    return part_head(subtype) + quoted(body) + b"\r\n"


def whole(headers: list[bytes], *parts: bytes) -> bytes:
    """Return a message's bytes."""
    return b"".join([*headers, *alternatives([[part] for part in parts], new_boundary())])


def read(headers: list[bytes], *parts: bytes) -> EmailMessage:
    """Return the message as the standard library reads it."""
    return message_from_bytes(whole(headers, *parts), policy=policy.default)


def is_said(part: EmailMessage, body: str) -> bool:
    """Tell whether a part says what a body says, but for one last line end more or less."""
    return unix(part.get_content()) in {unix(body), unix(body) + "\n", unix(body).removesuffix("\n")}


def unix(text: str) -> str:
    """Return a text with one kind of line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(PRINTABLE)
def test_a_header_is_read_as_it_was_written(value: str) -> None:
    """Whatever the characters, a header says what it was given, on lines of ASCII that are short enough."""
    line = header("Subject", value, is_text=True)
    assert line.endswith(b"\r\n")
    assert line.isascii()
    assert all(len(part) <= MAX_LINE for part in line.split(b"\r\n"))
    assert all(part.startswith(b" ") for part in line.split(b"\r\n")[1:-1])
    assert str(read([line], text_part("", "plain"))["Subject"]) == value


@pytest.mark.parametrize(
    "value",
    [
        "=?utf-8?q?Dear_=0D=0ABcc:_x?=",
        "=?utf-8?b?SGk=?=",
        "a =?x?= b",
        "50 % = ½?",
        "  two  blanks  ",
        "ß" * 300,
        "a b " * 200,
    ],
)
def test_odd_headers_are_read_as_they_were_written(value: str) -> None:
    """What only looks encoded, runs of blanks, and very long values are not changed on the way."""
    assert (
        str(read([header("Subject", value.strip(), is_text=True)], text_part("", "plain"))["Subject"]) == value.strip()
    )


@given(st.text(max_size=20), st.sampled_from("\r\n\0\t\x0b\x1c\x7f\x85\u2028\u2029\ud800"), st.text(max_size=20))
def test_a_control_character_in_a_header_is_refused(before: str, control: str, after: str) -> None:
    """A line end of any alphabet, NUL, and half a character never get into a header."""
    with pytest.raises(InputError, match=r"cannot hold the character U\+"):
        header("To", before + control + after)


def test_a_long_address_is_on_the_wire_as_it_is() -> None:
    """A List-Unsubscribe of 200 characters is neither folded nor encoded, or one click would not work."""
    value = f"<{LONG_URL}>, <mailto:news@example.org?subject=unsubscribe>"
    assert header("List-Unsubscribe", value) == f"List-Unsubscribe: {value}\r\n".encode()


def test_a_line_that_no_server_takes_is_refused() -> None:
    """A header line may have 998 octets and not one more."""
    longest = MAX_LINE - len("Subject: ")
    assert len(header("Subject", "a" * longest)) == MAX_LINE + 2
    with pytest.raises(InputError, match=f"at most {longest}"):
        header("Subject", "a" * (longest + 1))


@given(BODIES)
def test_a_body_is_read_as_it_was_written(body: str) -> None:
    """Whatever is in a body, it is read again as it was, its line ends made one kind."""
    message = read([header("Subject", "x")], text_part(body, "plain"))
    assert is_said(message, body)


@given(BODIES)
def test_a_body_on_the_wire_is_ascii_lines(body: str) -> None:
    """On the wire there are only CRLF line ends, no line over 76, no bare CR or LF, and none begins with a dot."""
    wire = text_part(body, "html")
    assert wire.isascii()
    assert wire.endswith(b"\r\n")
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\0", wire)
    assert max(map(len, wire.split(b"\r\n")), default=0) <= 76
    assert not any(line.startswith(b".") for line in wire.split(b"\r\n"))
    assert not re.search(rb"(?m)^\.", wire)


@given(BODIES, BODIES)
def test_two_parts_are_two_parts(text: str, html: str) -> None:
    """Text and HTML are alternatives, the best one last, whatever either of them holds."""
    message = read([header("Subject", "x")], text_part(text, "plain"), text_part(html, "html"))
    assert message.get_content_type() == "multipart/alternative"
    one, other = message.iter_parts()
    assert (one.get_content_type(), other.get_content_type()) == ("text/plain", "text/html")
    assert is_said(one, text)
    assert is_said(other, html)
    assert not message.defects + one.defects + other.defects


def test_boundaries_differ() -> None:
    """No two messages have the same boundary, and quoted-printable text cannot hold one."""
    boundaries = {new_boundary() for _ in range(100)}
    assert len(boundaries) == 100
    assert all(boundary.encode() not in text_part(boundary, "plain") for boundary in boundaries)


SMUGGLED = b"MAIL FROM:<evil@example.org>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nSubject: smuggled\r\n\r\nhi"
ENDS = ["\n.\n", "\r.\r", "\r\n.\r\n", "\n.\r\n", "\r.\r\n", "\r\n.\n", "\r\n.\r", "\r\n\0.\r\n"]


@pytest.mark.parametrize("end", ENDS, ids=[repr(end) for end in ENDS])
@pytest.mark.parametrize("lax", [False, True], ids=["strict", "lax"])
def test_no_message_is_smuggled_in(serve: Callable[..., MailServer], end: str, lax: bool) -> None:
    """A body that ends the data by some server's rules is one message all the same, at a strict and at a lax server."""
    server = serve(lax=lax)
    body = f"before{end}{SMUGGLED.decode()}{end}after"
    message = whole([header("Message-ID", "<1@example.org>")], text_part(body, "plain"))

    assert send_trial(Relay(f"smtp://127.0.0.1:{server.port}"), None, "news@example.org", "ana@a.example", message)
    assert [taken.recipient for taken in server.taken] == ["ana@a.example"]
    assert "evil" not in "".join(server.lines)
    assert is_said(message_from_bytes(server.taken[0].data, policy=policy.default), body)
