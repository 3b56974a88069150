"""Who is never written to again: the same rule for what a server says now and for what is reported later."""

from __future__ import annotations

import pandas as pd
import pytest

from bulkkit.ledger.suppressions import reason_of
from bulkkit.sending.retry import Retry
from bulkkit.verification.bounces import are_dead
from bulkkit.vocabulary import BounceClass, SuppressionReason

RULES = [
    ("5.1.1", True),
    ("5.1.2", True),
    ("5.1.6", True),
    ("5.1.10", True),
    ("5.2.1", True),
    ("5.1.7", False),
    ("5.1.8", False),
    ("5.2.2", False),
    ("5.3.4", False),
    ("5.7.1", False),
    ("5.7.13", False),
    ("5.7.17", False),
    ("5.7.26", False),
]
"""Enhanced codes, and whether they say that the mailbox is dead."""


@pytest.mark.parametrize(("enhanced", "is_dead"), RULES)
def test_one_rule_for_all(enhanced: str, is_dead: bool) -> None:
    """A refusal in the send, a bounce that is reported and an event in a list's history mean the same."""
    event = {"kind": "bounced", "bounce_type": "hard", "smtp_code": 550, "enhanced_code": enhanced}
    assert (reason_of(event) == SuppressionReason.BOUNCED) is is_dead
    assert Retry().decide(550, enhanced, "", 1, 0).suppress is is_dead
    assert are_dead(pd.DataFrame([event | {"bounce_class": None}])).tolist() == [is_dead]


def test_a_refusal_of_the_sender_is_nobodys_death_whatever_class_it_was_given() -> None:
    """A provider may call a 5.7.x an invalid recipient; the code decides."""
    event = {
        "kind": "bounced",
        "bounce_type": "hard",
        "smtp_code": 550,
        "enhanced_code": "5.7.1",
        "bounce_class": BounceClass.INVALID_RECIPIENT,
    }
    assert reason_of(event) is None
    assert are_dead(pd.DataFrame([event])).tolist() == [False]
    assert reason_of(event | {"enhanced_code": None}) == SuppressionReason.BOUNCED
