"""The recipients' data: what the ledger stores of a row is what a preview fills in for it."""

from __future__ import annotations

import json

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkkit.dispatch.merge import merge_fields, merge_json
from bulkkit.message.compiled import compile_message
from bulkkit.message.message import Message
from bulkkit.message.sender import Sender

SENDER = Sender("Example News <news@example.org>", postal_address="1 High St, Springfield")
VALUES = st.none() | st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(["", "  ", 'a"b\\', " Ana "])


@given(st.lists(st.tuples(VALUES, VALUES), max_size=6))
@settings(max_examples=60, deadline=None)
def test_what_is_stored_is_what_is_previewed(values: list[tuple[str | None, str | None]]) -> None:
    """Each row's JSON reads back as its fields: blank ones left out, whatever the words hold."""
    message = compile_message("move", Message("{{ first_name }}", markdown="To {{ city }}, {{ nobody }}"), SENDER, None)
    rows = pd.DataFrame(values, columns=["first_name", "city"], dtype="str").assign(email="ana@a.example")
    assert [json.loads(stored) for stored in merge_json(rows, message)] == list(merge_fields(rows, message))


def test_a_message_without_tokens_stores_nothing() -> None:
    """Each row has an object of its own, and it is empty."""
    message = compile_message("move", Message("We move", text="To Springfield"), SENDER, None)
    assert merge_json(pd.DataFrame({"email": ["a@a.example", "b@a.example"]}), message) == ["{}", "{}"]
