"""The stock fields of a form, all of one look: the label on the left, the field beside it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ipywidgets import HTML, Box, Checkbox, Dropdown, HBox, Layout, Text, Widget

LABEL: Final = "96px"
"""The width of all the labels, which stand in one column."""


def text(label: str, value: str = "", placeholder: str = "", *, at_each_key: bool = False) -> Text:
    """Return a line to type into; what was typed is told when the field is left, or at each key."""
    return Text(
        value,
        description=label,
        placeholder=placeholder,
        continuous_update=at_each_key,
        style={"description_width": LABEL},
        layout=Layout(width="auto"),
    )


def choice(label: str, options: Iterable[Any], value: Any) -> Dropdown:
    """Return a list to choose from."""
    return Dropdown(
        options=list(options),
        value=value,
        description=label,
        style={"description_width": LABEL},
        layout=Layout(width="auto"),
    )


def ticks(label: str, boxes: Iterable[Checkbox]) -> HBox:
    """Return check boxes behind one label."""
    wrapped = Box(list(boxes), layout=Layout(flex_flow="row wrap", flex="1 1 0%"))
    row = HBox([HTML(f"<span>{label}</span>", layout=Layout(width=LABEL, flex=f"0 0 {LABEL}")), wrapped])
    row.add_class("compose-ticks")
    return row


def tick(label: str, value: bool) -> Checkbox:
    """Return one check box."""
    return Checkbox(value, description=label, indent=False, layout=Layout(width="auto", margin="2px 14px 2px 0"))


def heading(number: int, words: str) -> HTML:
    """Return the heading of a part of the form."""
    return HTML(f'<div class="compose-heading"><span>{number}</span>{words}</div>')


def shown(widget: Widget, visible: bool) -> None:
    """Show a widget or take it away."""
    widget.layout.display = None if visible else "none"
