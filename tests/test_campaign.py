"""Campaigns and their messages: what cannot be used is refused where it is written, in the writer's own words."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import bulkkit as bk
from bulkkit.errors import ConfigurationError, InputError, TemplateError


def campaign(**parts: Any) -> bk.Campaign:
    """Return a campaign with some parts replaced."""
    usual: dict[str, Any] = {
        "name": "move",
        "sender": "Example News <news@example.org>",
        "message": bk.Message("Hello", markdown="We move."),
        "audience": pd.DataFrame({"email": ["ana@example.org"]}),
    }
    return bk.Campaign(**usual | parts)


def test_sender_may_be_text() -> None:
    """A sender written as text is the same sender."""
    assert campaign().sender == bk.Sender("Example News <news@example.org>")


@pytest.mark.parametrize(
    ("part", "value"),
    [("name", 7), ("sender", 7), ("message", "We move."), ("audience", ["ana@example.org"]), ("audience", None)],
)
def test_wrong_type_gets_a_sentence(part: str, value: object) -> None:
    """A part of the wrong type is named, with its type and what it should be."""
    with pytest.raises(InputError, match=f"{part}.* is of type {type(value).__name__}"):
        campaign(**{part: value})


@pytest.mark.parametrize("part", ["subject", "markdown", "html", "text"])
def test_message_is_text(part: str) -> None:
    """A part of a message that is no text is refused."""
    parts = {"subject": "Hello"} | ({"text": "We move."} if part == "subject" else {}) | {part: b"We move."}
    with pytest.raises(InputError, match="is of type bytes; it is text"):
        bk.Message(**parts)  # type: ignore[arg-type]


def test_key_of_the_links_is_bytes() -> None:
    """A key that is text gets a sentence without the key."""
    with pytest.raises(ConfigurationError, match="of type str") as told:
        bk.Links("https://news.example.org", key="0123456789abcdef0123")  # type: ignore[arg-type]
    assert "0123" not in str(told.value)


def test_mistake_in_markdown_has_its_own_line() -> None:
    """The line is that of the Markdown as it was written."""
    with pytest.raises(TemplateError, match="Line 3 of the Markdown body"):
        bk.Message("Hello", markdown="# We move\n\nDear {{ first_name }, hello")


@pytest.mark.parametrize("source", ["{{ first name }}", "{{first  name}}", "{{ first name | default('friend') }}"])
def test_token_of_two_words_says_what_to_rename(source: str) -> None:
    """A column's name with a blank is no token, and the error says so."""
    with pytest.raises(TemplateError, match=r"a token is one word. Rename the column 'first +name' to 'first_name'"):
        bk.Message("Hello", markdown=f"Dear {source}, is it you or not?")


def test_other_mistakes_are_not_taken_for_names_of_two_words() -> None:
    """An expression that is broken otherwise is explained as it is."""
    with pytest.raises(TemplateError) as told:
        bk.Message("Hello", markdown="{{ first_name if a b }}")
    assert "Rename" not in str(told.value)
