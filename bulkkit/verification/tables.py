"""The tables of domains and words: text files beside this one, a key and its words a line, read when first needed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def table(name: str) -> Mapping[str, tuple[str, ...]]:
    """Return a table: each key and its words, in the order of the file.

    A line is `key: words`; an indented line goes on with the words of the line
    above; `#` begins a comment.
    """
    text = files(__package__).joinpath("tables", f"{name}.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = "\n".join(lines).replace("\n ", " ")
    return {key: tuple(words.split()) for key, _, words in (line.partition(": ") for line in joined.splitlines())}


@cache
def inverted(name: str) -> Mapping[str, str]:
    """Return each word of a table with its key."""
    return {word: key for key, words in table(name).items() for word in words}
