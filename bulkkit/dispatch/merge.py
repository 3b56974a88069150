"""The recipients' data, as the message needs them: texts, only those that it fills in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bulkkit.contacts.tracking import may_track
from bulkkit.message.compiled import CompiledMessage
from bulkkit.transitions import Recipient


def merge_fields(rows: pd.DataFrame, message: CompiledMessage) -> Iterator[dict[str, str]]:
    """Yield each row's values of the message's tokens; what is missing or blank is left out."""
    names = sorted(message.tokens & set(rows.columns))
    columns = [_texts(rows[name]) for name in names]
    if not names:
        yield from ({} for _ in range(len(rows)))
    for values in zip(*columns, strict=True):
        yield {name: value for name, value in zip(names, values, strict=True) if value}


def merge_json(rows: pd.DataFrame, message: CompiledMessage) -> list[str]:
    """Return `merge_fields` as JSON, a text a row; each value that many share is encoded once."""
    columns = [_members(name, _texts(rows[name])) for name in sorted(message.tokens & set(rows.columns))]
    if not columns:
        return ["{}"] * len(rows)
    return [f"{{{', '.join(filter(None, members))}}}" for members in zip(*columns, strict=True)]


def tracked(rows: pd.DataFrame, message: CompiledMessage) -> pd.Series[Any]:
    """Tell whose opens and clicks are measured: theirs who agreed, in a message that measures."""
    return may_track(rows) & message.measures


def trial_recipients(campaign: str, rows: pd.DataFrame, message: CompiledMessage, now: datetime) -> list[Recipient]:
    """Return recipients that are in no ledger, to write a message out for."""
    domain = message.sender.domain
    measured = tracked(rows, message)
    return [
        Recipient(0, campaign, str(email), f"<preview.{number}@{domain}>", bool(seen), now, 0, fields)
        for number, (email, seen, fields) in enumerate(
            zip(rows["email"], measured, merge_fields(rows, message), strict=True)
        )
    ]


def _texts(column: pd.Series[Any]) -> list[str]:
    if isinstance(column.dtype, pd.DatetimeTZDtype) or pd.api.types.is_datetime64_dtype(column):
        return [str(text) for text in column.dt.strftime("%Y-%m-%d").fillna("")]
    return [text.strip() for text in column.astype("str").fillna("").to_numpy(object)]


def _members(name: str, texts: list[str]) -> npt.NDArray[np.object_]:
    """Return each text as a member of a JSON object, nothing where it is empty."""
    codes, values = pd.factorize(np.array(texts, object))
    members = [value and f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for value in values]
    return np.array(members, object)[codes]
