"""Replies: whatever bytes a server sends, in whatever pieces, are one reply, an error, or not whole yet."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkkit.sending.reply import MAX_REPLY, Reply, ReplyError, ReplyReader

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30)
REPLIES = st.tuples(st.integers(200, 599), st.lists(TEXTS, min_size=1, max_size=5))


def on_the_wire(code: int, texts: list[str]) -> bytes:
    """Return a reply as RFC 5321 §4.2.1 writes it, line by line."""
    marks = ["-"] * (len(texts) - 1) + [" "]
    return "".join(f"{code}{mark}{text}\r\n" for mark, text in zip(marks, texts, strict=True)).encode()


def fed(pieces: list[bytes]) -> list[Reply]:
    """Return what a reader makes of pieces, the last one's answer."""
    reader = ReplyReader()
    return [reader.feed(piece) for piece in pieces][-1]


@given(st.lists(REPLIES, min_size=1, max_size=4), st.lists(st.integers(0, 400)))
def test_replies_in_pieces_are_the_replies(replies: list[tuple[int, list[str]]], cuts: list[int]) -> None:
    """However the network cuts replies, each is whole with its last byte and not before, in their order."""
    wires = [on_the_wire(*reply) for reply in replies]
    wire, ends = b"".join(wires), [sum(map(len, wires[: number + 1])) for number in range(len(wires))]
    places = [0, *sorted({cut % len(wire) for cut in cuts} - {0}), len(wire)]
    reader = ReplyReader()
    read = []
    for start, end in pairwise(places):
        read += reader.feed(wire[start:end])
        assert len(read) == sum(place <= end for place in ends)
    assert read == [Reply(code, " ".join(texts).strip()) for code, texts in replies]


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=8))
def test_any_bytes_are_replies_or_an_error(pieces: list[bytes]) -> None:
    """No bytes make the reader fail in any other way than with its own error."""
    try:
        read = fed(pieces)
    except ReplyError:
        return
    assert all(200 <= reply.code <= 599 for reply in read)


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n",
        b"25 ok\r\n",
        b"2500 ok\r\n",
        b"150 ok\r\n",
        b"650 ok\r\n",
        b"\r\n",
        b"250-a\r\n251 b\r\n",
        b"250+a\r\n",
    ],
)
def test_what_is_no_reply_is_an_error(data: bytes) -> None:
    """A line without a code, a code that SMTP does not have, and two codes in one reply are refused."""
    with pytest.raises(ReplyError):
        fed([data])


@pytest.mark.parametrize("line", [b"250-go on\r\n", b"2", b"250 " + b"x" * 500])
def test_an_endless_reply_ends(line: bytes) -> None:
    """A reply that never ends is an error once it is longer than any reply may be."""
    with pytest.raises(ReplyError, match="longer than"):
        fed([line] * (MAX_REPLY + 1))


def test_a_reply_of_odd_bytes_is_readable() -> None:
    """Bytes that are no UTF-8 are shown as escapes, so that the ledger can keep the reply."""
    assert fed([b"550 5.1.1 caf\xe9\r\n"]) == [Reply(550, r"5.1.1 caf\xe9")]


def test_a_reply_says_what_it_is() -> None:
    """A reply knows its enhanced code and whether the server agreed."""
    reply = Reply(452, "4.2.2 Mailbox full")
    assert (str(reply), reply.enhanced_code, reply.is_positive) == ("452 4.2.2 Mailbox full", "4.2.2", False)
    assert Reply(354, "Go on").is_positive
    assert str(Reply(250, "")) == "250"
