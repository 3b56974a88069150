"""Templates: data is data whatever it looks like, and nothing reaches Python's internals."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkkit.errors import TemplateError
from bulkkit.message.template import Template

HOSTILE = [
    "{{ 7*7 }}",
    "{{7*7}}",
    "{% for x in y %}",
    "{# gone #}",
    "{{ ''.__class__ }}",
    "{0.__class__}",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "&lt;b&gt;",
    "\\x00",
    "${7*7}",
]
DATA = st.text() | st.sampled_from(HOSTILE)


def rendered(source: str, *, escape: bool = False, **values: str) -> str:
    """Compile and fill in."""
    return Template.compile(source, "the body", escape=escape).render(values)


@given(DATA, DATA)
def test_data_is_literal(name: str, before: str) -> None:
    """In text, a value stands as it is: no tag, no format field, no markup in it is read."""
    assert rendered("[{{ before }}|{{ name }}]", name=name, before=before) == f"[{before}|{name}]"


@given(DATA)
def test_data_is_escaped_in_html(name: str) -> None:
    """In HTML, a value is text: it opens no tag, closes no attribute, and reads as what it was."""
    written = rendered('<p title="{{ name }}">{{ name }}</p>', escape=True, name=name)
    inside = written.removeprefix('<p title="').removesuffix("</p>")
    title, _, text = inside.partition('">')
    assert not set("<>\"'") & set(title + text)
    assert unescape(title) == unescape(text) == unescape(name.replace("&", "&amp;"))


@pytest.mark.parametrize("name", HOSTILE)
def test_data_in_a_template_is_not_a_template(name: str) -> None:
    """A value that went through filters and conditions is data still."""
    source = "{% if name %}{{ name | trim | default('friend') }}{% endif %}"
    assert rendered(source, name=name) == name.strip()


INTERNALS = [
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ name['__class__'] }}",
    "{{ name | attr('__class__') }}",
    "{{ self._TemplateReference__context }}",
    "{{ self.__init__.__globals__ }}",
    "{{ '{0.__class__}'.format(name) }}",
    "{{ '%s' | format(name.__class__) }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ lipsum.__globals__ }}",
    "{{ namespace.__init__ }}",
    "{{ [1].append.__self__ }}",
    "{{ ([1] | map(attribute='__class__')) | list }}",
    "{% set x = [] %}{{ x.append(1) }}{{ x }}",
    "{{ range(3) | list }}",
    "{{ dict(a=1) }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}{{ os }}",
    "{% extends 'x' %}",
]


@pytest.mark.parametrize("source", INTERNALS)
def test_a_template_reaches_nothing_of_python(source: str) -> None:
    """Classes, globals, files and other templates are out of reach: an error, or nothing at all."""
    try:
        written = rendered(source, name="Ana")
    except TemplateError:
        return
    assert not re.search(r"class|object|module|function|root:|\[1\]", written)


def test_tokens_are_what_must_be_known() -> None:
    """A template tells which columns it fills in; what it sets itself is none."""
    source = "{% set c = 1 %}{{ a }} {% if b %}{{ c }}{% endif %} {{ d | default('x') }}"
    assert Template.compile(source, "the body").tokens == {"a", "b", "d"}


def test_what_is_missing_is_empty_or_the_default() -> None:
    """A missing value is nothing, or what its default says."""
    assert rendered("[{{ a }}][{{ a | default('friend') }}]") == "[][friend]"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("line one\n{{ name", "Line 2 of the body"),
        ("{% if a %}", "Line 1 of the body"),
        ("{% unknown %}", "Line 1 of the body"),
        ("a\nb\n{{ a | nofilter }}", "Line 3 of the body.*nofilter"),
    ],
)
def test_a_mistake_is_named_with_its_line(source: str, said: str) -> None:
    """What cannot be read as a template says where."""
    with pytest.raises(TemplateError, match=said):
        Template.compile(source, "the body")


@pytest.mark.parametrize(
    "source",
    [
        *("{{ name + 1 }}", "{{ 1 / 0 }}", "{{ name.nowhere.further }}", "{{ name() }}", "{{ [][0].x }}"),
        *("{{ '{a}'.format() }}", "{{ '{}'.format() }}", "{{ name * 99999999999999 }}"),
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
    ],
)
def test_what_cannot_be_worked_out_names_nobody(source: str) -> None:
    """An expression that fails for somebody's data says what is wrong, and no address."""
    with pytest.raises(TemplateError, match="cannot be filled in: "):
        rendered(source, name="Ana", email="ana@a.example")


@given(st.text(st.characters(exclude_characters="{}#%", codec="utf-8")).filter(lambda text: "\r" not in text))
def test_plain_text_is_left_alone(text: str) -> None:
    """Without tags, a template is its own text, its last line end included."""
    assert rendered(text) == text
