"""A form filled in by hand: what the tests of composing have in common."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from rehearsal import people, relay

from bulkkit.composition.form import Choosing, Delivering, Form, PaceChoice, Writing
from bulkkit.composition.groups import Groups
from bulkkit.composition.material import Material, checked_list
from bulkkit.sending.relay import Relay

NOWHERE = relay(1)
"""A rehearsal's relay at which nothing listens."""
SCRIPT = "<script>document.title='RAN'</script>"
ONERROR = "<img src=http://127.0.0.1:9/x onerror=alert(1)>"
HOSTILE = (SCRIPT, ONERROR, "{{7*7}}", "[a](javascript:alert(1))")
"""Names that try to be more than names."""


def town(count: int = 40) -> pd.DataFrame:
    """Return people of three districts, some without a first name."""
    districts = ["north", "south", "east", "north"]
    return people(
        count,
        first_name=["Ana", "Bo", None, " "] * (count // 4),
        district=districts * (count // 4),
        number=range(count),
    )


def material(contacts: pd.DataFrame | None = None, **options: Any) -> Material:
    """Return what a form is filled in over."""
    checked = checked_list(town() if contacts is None else contacts)
    return Material(**{"checked": checked, "groups": Groups.of(checked, None), "relays": (NOWHERE,), **options})


def form(ledger: Path, **changes: Any) -> Form:
    """Return a complete form, but for what `changes` says."""
    parts: tuple[Any, ...] = (
        Writing("move", "announcement", "Example News <news@example.org>", "1 High St", "We move", "Dear {{ email }},"),
        Choosing(None, frozenset(), frozenset({"disposable"}), ""),
        Delivering((0,), "", str(ledger), PaceChoice.UNLIMITED, 100, 10),
    )
    known = [{name: changes.pop(name) for name in part.__dataclass_fields__ if name in changes} for part in parts]
    assert not changes
    return Form(*(replace(part, **some) for part, some in zip(parts, known, strict=True)))


def real(host: str = "mail.company.com") -> Relay:
    """Return a real relay, which no test may reach."""
    return Relay(f"smtp+starttls://{host}")
