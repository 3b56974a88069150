"""Tokens: what is filled in for each person, in an engine that cannot be made to do anything else.

Templates are Jinja's, rendered in its sandbox, with no globals, no loader and
nothing but text as values: a value is data whatever it looks like, and no
template reaches Python's internals.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from jinja2 import TemplateError as JinjaError
from jinja2 import TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bulkkit.errors import TemplateError

ALWAYS_THERE: Final = frozenset({"email", "campaign", "sender_name", "postal_address", "unsubscribe_url"})
"""Tokens that need no column."""

SPACED: Final = re.compile(r"\{\{-?\s*((?![^|}]*\b(?:if|else|and|or|not|in|is)\b)\w+(?: +\w+)+)\s*(?:\||-?\}\})")
"""Several words where a token has one, and none of them a word of Jinja's."""

FAILURES: Final = (
    JinjaError, ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError,
)  # fmt: skip
"""What an expression may end in: it is the writer's, and whatever it does must not end a send."""


@dataclass(frozen=True, slots=True)
class Token:
    """A place where one value stands as it is, and what stands there where it is missing."""

    name: str
    default: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A text with tokens, compiled once.

    `bare` are the tokens that it uses somewhere without a `default(…)`. `segments`
    are its words and tokens in their order, where it holds nothing else; None
    where a condition, a loop or another filter must be worked out.
    """

    tokens: frozenset[str]
    bare: frozenset[str]
    segments: tuple[str | Token, ...] | None
    _render: Callable[[Mapping[str, str]], str]

    @classmethod
    def compile(cls, source: str, where: str, *, escape: bool = False) -> Template:
        """Compile `source`; `where` names it in errors ("the subject").

        With `escape`, values are written for HTML: `<` becomes `&lt;`.

        Raises
        ------
        TemplateError
            Where a tag is not closed or not known; the message names the line.
        """
        environment = _environment(escape)
        try:
            tree = environment.parse(source)
            tokens = frozenset(meta.find_undeclared_variables(tree))
            return cls(tokens, tokens & _bare(tree), _segments(tree), environment.from_string(source).render)
        except TemplateSyntaxError as error:
            raise TemplateError(
                f"Line {error.lineno} of {where} cannot be read as a template: {_explained(source, error)}"
            ) from None
        except JinjaError as error:
            raise TemplateError(f"{where[0].upper()}{where[1:]} cannot be read as a template: {error}") from None

    def fill(self, values: Mapping[str, str]) -> str:
        """Return what `render` does, and sooner where there are only words and tokens; it escapes nothing."""
        if self.segments is None:
            return self.render(values)
        return "".join(
            [part if isinstance(part, str) else values.get(part.name, part.default) for part in self.segments]
        )

    def render(self, values: Mapping[str, str]) -> str:
        """Fill in `values`; a missing one is empty, or what its `default(…)` says.

        Raises
        ------
        TemplateError
            Where an expression cannot be worked out for these values, or reaches
            for what the sandbox keeps away.
        """
        try:
            return self._render(values)
        except FAILURES as error:
            # It names nobody: a notebook keeps what it shows of an error.
            raise TemplateError(f"The template cannot be filled in: {error or type(error).__name__}") from None


def _explained(source: str, error: TemplateSyntaxError) -> str:
    """Return what is wrong, with what to do where a column's name of several words was written as a token."""
    line = "".join(source.splitlines()[error.lineno - 1 : error.lineno])
    spaced = SPACED.search(line)
    if spaced is None:
        return str(error.message)
    column, word = spaced[1], "_".join(spaced[1].split())
    return f"a token is one word. Rename the column {column!r} to {word!r} and write {{{{ {word} }}}}."


def _bare(tree: nodes.Template) -> frozenset[str]:
    filled = (filter_.node for filter_ in tree.find_all(nodes.Filter) if filter_.name in {"default", "d"})
    guarded = {id(name) for name in filled}
    return frozenset(name.name for name in tree.find_all(nodes.Name) if id(name) not in guarded)


def _segments(tree: nodes.Template) -> tuple[str | Token, ...] | None:
    """Return the words and tokens of a template that holds nothing else, else None."""
    found: list[str | Token] = []
    for output in tree.body:
        if not isinstance(output, nodes.Output):
            return None
        for node in output.nodes:
            segment = _segment(node)
            if segment is None:
                return None
            found.append(segment)
    return tuple(found)


def _segment(node: nodes.Expr) -> str | Token | None:
    match node:
        case nodes.TemplateData(data=words):
            return str(words)
        case nodes.Name(name=name):
            return Token(name)
        case nodes.Filter(
            node=nodes.Name(name=name),
            name="default" | "d",
            args=[nodes.Const(value=str(default))],
            kwargs=[],
            dyn_args=None,
            dyn_kwargs=None,
        ):
            return Token(name, default)
    return None


@cache
def _environment(escape: bool) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(autoescape=escape, keep_trailing_newline=True)
    environment.globals.clear()
    return environment
