"""Who agreed to tracking: one rule for the pixel that goes out and for the silence that comes back."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkkit.contacts.tracking import may_track, tracking_consent, untracked

SAID = [(True, True), ("yes", True), ("Ja", True), (False, False), ("no", False), (None, None), ("perhaps", None)]


@pytest.mark.parametrize(("said", "agreed"), SAID)
def test_three_states_stay_three(said: object, agreed: bool | None) -> None:
    """What was not said, or cannot be read, is neither yes nor no."""
    found = tracking_consent(pd.DataFrame({"tracking_consent": [said]}))
    assert found.isna().tolist() == [agreed is None]
    assert found.fillna(False).tolist() == [bool(agreed)]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([said for said, _ in SAID])), st.booleans())
def test_where_no_pixel_goes_silence_says_nothing(said: list[object], twice: bool) -> None:
    """Where the list says who agreed, each person is one or the other, on whatever index."""
    people = pd.DataFrame({"tracking_consent": pd.Series(said, dtype=object)})
    people = people.set_axis([0] * len(people)) if twice else people
    assert (may_track(people) ^ untracked(people)).all()
    assert may_track(people).index.equals(people.index)


def test_a_list_that_does_not_say_gets_no_pixel_and_the_events_tell() -> None:
    """Without the column nobody is known to have agreed, and nobody is known to have been left out."""
    people = pd.DataFrame({"email": ["ana@example.org"]})
    assert tracking_consent(people).isna().all()
    assert not may_track(people).any()
    assert not untracked(people).any()
