"""Calibration: each verdict beside what became of the next message, and only of one that it could foretell."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from past_mail import HARD, event, frame_of
from shipped_sample import shipped

import bulkkit as bk
from bulkkit.errors import InputError
from bulkkit.statistics import wilson
from bulkkit.verification import calibration

AS_OF = "2026-06-01"
COLUMNS = ["status", "reason", "outcome", "n", "of", "rate", "lower", "upper", "right", "recomputed", "verdict"]


def outcome_of(checked: pd.DataFrame, *events: dict[str, Any]) -> dict[str, int]:
    """Return how many mailboxes have which outcome."""
    table = calibration(checked, frame_of(*events))
    return table[table["n"] > 0].set_index("outcome")["n"].to_dict()


def ana(**more: Any) -> pd.DataFrame:
    """Return the verdict on one address."""
    return bk.verify(pd.DataFrame({"email": ["ana@acme.example"]}), as_of=AS_OF, **more)


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ([event("sent", "2026-07-01"), event("delivered", "2026-07-01")], "delivered"),
        ([event("opened", "2026-07-01")], "delivered"),
        ([event("sent", "2026-07-01"), event("bounced", "2026-07-02", **HARD)], "hard_bounced"),
        ([event("delivered", "2026-07-01"), event("bounced", "2026-07-02", **HARD)], "hard_bounced"),
        ([event("bounced", "2026-07-01", bounce_type="soft")], "soft_bounced"),
        ([event("bounced", "2026-07-01", bounce_type="hard", enhanced_code="5.7.1")], "soft_bounced"),
        ([event("bounced", "2026-07-01", bounce_type="suppressed")], "unknown"),
        ([event("delivered", "2026-07-01"), event("rejected", "2026-07-01")], "unknown"),
        ([event("sent", "2026-07-01")], "unknown"),
        ([event("delivered", "2026-07-01", email="bo@acme.example")], "unknown"),
        ([event("delivered", "2026-07-01"), event("bounced", "2026-08-01", campaign="late", **HARD)], "delivered"),
    ],
)
def test_the_first_message_after_the_verdict_counts(told: list[dict[str, Any]], outcome: str) -> None:
    """Delivered, bounced hard, bounced otherwise, or nothing known."""
    assert outcome_of(ana(), *told) == {outcome: 1}


def test_a_verdict_foretells_nothing_that_was_before_it() -> None:
    """A history that knows the bounce is not praised for it; the address alone would have said the same before."""
    bounced = event("bounced", "2026-03-01", **HARD)
    assert outcome_of(ana(events=frame_of(bounced)), bounced) == {"unknown": 1}
    assert outcome_of(ana(), bounced) == {"hard_bounced": 1}
    table = calibration(ana(), frame_of(bounced)).set_index("outcome")
    assert table.loc["hard_bounced", ["n", "recomputed"]].tolist() == [1, 1]
    asked = ana().assign(depth="dns")
    assert outcome_of(asked, bounced) == {"unknown": 1}


def test_a_later_message_is_preferred_to_an_earlier_one() -> None:
    """What the verdict was given before is what it is measured by."""
    earlier, later = event("bounced", "2026-03-01", **HARD), event("delivered", "2026-07-01", campaign="summer")
    assert outcome_of(ana(), earlier, later) == {"delivered": 1}
    begun = [event("sent", "2026-05-31"), event("delivered", "2026-06-02")]
    assert outcome_of(ana().assign(depth="dns"), *begun) == {"unknown": 1}


def test_a_mailbox_counts_once() -> None:
    """Two spellings are one person, and rows without an address are nobody's."""
    listed = pd.DataFrame({"email": ["ana@acme.example", " ANA@acme.example".strip(), None, None]})
    table = calibration(bk.verify(listed, as_of=AS_OF), frame_of(event("delivered", "2026-07-01")))
    assert table.groupby("status")["n"].sum().to_dict() == {"undeliverable": 2, "unknown": 1}


def test_the_samples_track_record() -> None:
    """On the sample: numbers add up, intervals are Wilson's, and deliveries before are right far oftener than not."""
    contacts, events = bk.read_contacts(shipped()["contacts"].drop(columns="key")), shipped()["events"]
    checked = bk.verify(contacts, as_of=AS_OF, events=events)
    table = calibration(checked, events)
    assert list(table.columns) == COLUMNS
    known = table[table["outcome"] != "unknown"]
    assert (
        known.groupby(["status", "reason"])["n"].sum().tolist()
        == known.groupby(["status", "reason"])["of"].max().tolist()
    )
    told = known[known["of"] > 0]
    expected = wilson(told["n"].to_numpy(float), told["of"].to_numpy(float))
    assert told["lower"].to_numpy() == pytest.approx(expected.lower)
    assert told["upper"].to_numpy() == pytest.approx(expected.upper)
    right = table[table["right"].fillna(False) & table["reason"].eq("delivered_before")].iloc[0]
    assert right["lower"] > 0.98
    assert right["verdict"] == "enough data"
    assert not table.loc[table["reason"].isin(["suppressed", "delivered_before"]), "recomputed"].any()
    nobody = table[table["reason"].eq("failed_syntax_check") & table["outcome"].eq("hard_bounced")].iloc[0]
    assert nobody["verdict"].startswith("not enough data")
    assert pd.isna(nobody["rate"])


def test_a_ledger_tells_too(path: Any) -> None:
    """The events of a ledger count as events do."""
    told = frame_of(event("delivered", "2026-07-01", event_id="1", source="sendgrid"))
    bk.Ledger(path).add_events(told)
    expected = calibration(ana(), told)
    pd.testing.assert_frame_equal(calibration(ana(), ledger=path), expected)
    pd.testing.assert_frame_equal(calibration(ana(), told, bk.Ledger(path)), expected)


def test_without_outcomes_there_is_no_track_record() -> None:
    """Neither events nor a ledger, or an unverified list: a sentence says what is missing."""
    with pytest.raises(InputError, match="pass events="):
        calibration(ana())
    with pytest.raises(InputError, match="no column 'status'"):
        calibration(pd.DataFrame({"email": []}), frame_of())
    assert calibration(ana(), frame_of())["n"].tolist() == [0, 0, 0, 1]
