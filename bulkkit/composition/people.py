"""The recipients of the latest plan, looked at one by one and token by token, in milliseconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

import numpy as np
import pandas as pd

from bulkkit.composition.material import Material
from bulkkit.dispatch.merge import trial_recipients
from bulkkit.dispatch.plans import Plan
from bulkkit.errors import InputError
from bulkkit.message.compiled import CompiledMessage, Preview
from bulkkit.message.template import ALWAYS_THERE
from bulkkit.sending.clock import Clock
from bulkkit.sending.planning import RECIPIENT

ALIKE: Final = 0.6
"""The likeness (difflib's ratio) from which on a column is named as what was probably meant."""


@dataclass(frozen=True, slots=True)
class TokenUse:
    """A token of the message: how many recipients have nothing for it, and what then stands there.

    `gaps` is None where no column has that name; `nearest` is then the one most like it.
    """

    name: str
    gaps: int | None
    has_default: bool
    nearest: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Rows of a verified list that are written to, by their positions; nothing of them is copied."""

    checked: pd.DataFrame = field(repr=False)
    positions: np.ndarray[Any, np.dtype[np.intp]] = field(repr=False)
    _gaps: dict[str, int] = field(default_factory=dict, repr=False)

    @classmethod
    def of_plan(cls, plan: Plan) -> People:
        """Return the plan's recipients."""
        return cls(plan.checked, np.flatnonzero((plan.fate == RECIPIENT).to_numpy()))

    @classmethod
    def of_list(cls, material: Material) -> People:
        """Return the whole list, for as long as there is no plan."""
        return cls(material.checked, np.flatnonzero(material.checked["email"].notna().to_numpy()))

    def __len__(self) -> int:
        return len(self.positions)

    def preview(self, message: CompiledMessage, number: int, clock: Clock) -> Preview:
        """Return the message as recipient `number`, counted from 0, would get it, but for what measures it.

        Its links lead where they are written to lead, and there is no pixel:
        whoever looks at a preview is nobody's reader.

        Raises
        ------
        InputError, TemplateError
            Where there is no such recipient, or its data cannot be filled in.
        """
        if not 0 <= number < len(self):
            raise InputError("Nobody is left to send to, so there is no message to show.")
        position, now = self.positions[number], clock.now()
        row = self.checked.iloc[position : position + 1]
        recipient = trial_recipients(message.campaign, row, message, now)[0]
        return message.preview(recipient._replace(tracked=False), now)

    def tokens(self, message: CompiledMessage) -> tuple[TokenUse, ...]:
        """Return the columns that the message fills in, those with a gap or without a column first."""
        uses = [self._use(name, name not in message.bare) for name in sorted(message.tokens)]
        return tuple(sorted(uses, key=lambda use: (use.gaps is not None, -(use.gaps or 0))))

    def _use(self, name: str, has_default: bool) -> TokenUse:
        if name in self.checked.columns:
            return TokenUse(name, self._gaps_of(name), has_default)
        return TokenUse(name, None, has_default, nearest(name, self.checked))

    def _gaps_of(self, name: str) -> int:
        if name not in self._gaps:
            column = self.checked[name].iloc[self.positions]
            self._gaps[name] = int((column.isna() | (column.astype("str").str.strip() == "")).sum())
        return self._gaps[name]


def nearest(token: str, frame: pd.DataFrame) -> str | None:
    """Return the column, or the token that is always there, whose name is most like a token that is none."""
    names = {str(name).lower(): str(name) for name in (*ALWAYS_THERE, *frame.columns)}
    found = get_close_matches(token.lower(), names, n=1, cutoff=ALIKE)
    return names[found[0]] if found else None
