"""The views' HTML: templates beside this file, in which every value is escaped."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from bulkkit.charts.numerals import count, duration, percent, plural


def markup(name: str, **values: Any) -> str:
    """Return the template `name` (`templates/<name>.html.j2`) with its values filled in."""
    return _template(name).render(**values)


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("bulkkit.widgets", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": count, "duration": duration, "percent": percent, "plural": plural}
    return environment.get_template(f"{name}.html.j2")
