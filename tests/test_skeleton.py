"""The skeleton: a part made of bytes and slots says what the template engine says."""

from __future__ import annotations

import re
from email import message_from_bytes, policy

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkkit.message.mime import CONTROL
from bulkkit.message.skeleton import Part, Skeleton
from bulkkit.message.template import Template, Token
from bulkkit.message.tracking import TOKEN

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="{}%#"), max_size=120) | st.text(". =\nx", max_size=90)
VALUES = WORDS.map(lambda text: CONTROL.sub("", text))
TOKENS = st.sampled_from(["{{ a }}", "{{ b | default('<none> it=is') }}", "{{b|d('.')}}", "{{ campaign }}"])
TEMPLATES = st.lists(WORDS | TOKENS, max_size=12).map("".join)


@given(TEMPLATES, VALUES, st.none() | VALUES, st.sampled_from(["plain", "html"]))
@settings(max_examples=400, deadline=None)
@example("0" * 76 + "{{ a }}", "", None, "plain")
@example("0" * 75 + ".{{ a }}", "", None, "plain")
@example("0" * 73 + "\x80{{ a }}", "", None, "plain")
def test_slots_say_what_the_engine_says(source: str, a: str, b: str | None, subtype: str) -> None:
    """Whatever the words and the values, the part reads as the engine fills it in, on short lines that need no dots."""
    values = {"a": a, "campaign": "a & b"} | ({} if b is None else {"b": b})
    template = Template.compile(source, "the body", escape=subtype == "html")
    assert template.segments is not None
    wire = Skeleton.of([Part(template, subtype)], {"campaign": "a & b"}).fill(values)
    said = message_from_bytes(wire, policy=policy.default).get_content()
    wanted = template.render(values)
    assert unix(said) in {unix(wanted), unix(wanted) + "\n"}
    assert max(map(len, wire.split(b"\r\n"))) <= 76
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", wire)
    assert not re.search(rb"(?m)^\.", wire)


def unix(text: str) -> str:
    """Return a text with one kind of line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize("source", ["{% if a %}x{% endif %}", "{{ a | upper }}", "{{ a ~ b }}", "{{ a | default(b) }}"])
def test_what_must_be_worked_out_is(source: str) -> None:
    """Conditions and filters go through the engine, and come out the same."""
    template = Template.compile(f"before {source} after", "the body")
    assert template.segments is None
    wire = Skeleton.of([Part(template, "plain")], {}).fill({"a": "Zoë", "b": "."})
    assert message_from_bytes(wire, policy=policy.default).get_content().strip() == template.render(
        {"a": "Zoë", "b": "."}
    )


def test_segments_are_the_words_and_tokens_in_their_order() -> None:
    """A template of nothing but words and tokens is known by them."""
    template = Template.compile("Dear {{ a }}, {{ b | default('friend') }}!", "the body")
    assert template.segments == ("Dear ", Token("a"), ", ", Token("b", "friend"), "!")


def test_known_elements_are_not_escaped_and_all_else_is() -> None:
    """In HTML only elements of our own, known beforehand, stand as they are."""
    template = Template.compile("{{ a }}{{ b }}{{ pixel }}", "the body", escape=True)
    known = {"pixel": ("<img src='", Token(TOKEN), "'>"), "b": ("a & b",)}
    skeleton = Skeleton.of([Part(template, "html", frozenset({"pixel"}))], known)
    said = message_from_bytes(skeleton.fill({"a": "<b>", TOKEN: "x%(0)b"}), policy=policy.default)
    assert said.get_content().strip() == "&lt;b&gt;a &amp; b<img src='x%(0)b'>"
