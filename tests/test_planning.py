"""Planning: each row of the list falls into exactly one step, and nobody is written to who must not be."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rehearsal import people

from bulkkit.accounts import of_list, of_mailboxes, of_send
from bulkkit.addresses import mailbox_key, mailbox_keys
from bulkkit.errors import InputError
from bulkkit.sending.planning import RECIPIENT, STEPS, Choices, bought, fates, networks, waterfall
from bulkkit.verification import verify
from bulkkit.vocabulary import CampaignKind, ConsentBasis

EMAILS = (
    "ana@alpha.example",
    " ANA@Alpha.Example",
    "ben@bücher.example",
    "ben@xn--bcher-kva.example",
    "info@alpha.example",
    "x@tempinbox.example",
    "x@relay.example",
    "eva@nortmail.example",
    "not an address",
    "a\r\nb@alpha.example",
    None,
)
ROWS = st.fixed_dictionaries(
    {
        "email": st.sampled_from(EMAILS),
        "consent_basis": st.sampled_from(["opt_in", "customer", "bought", "unknown", None]),
        "first_name": st.sampled_from(["Ana", "Zoë", "B\r\nc", "\u2028", "\0", None]),
    }
)
FRAMES = st.lists(ROWS, max_size=12).map(
    lambda rows: pd.DataFrame(rows, columns=["email", "consent_basis", "first_name"]).astype("str")
)
CHOICES = st.builds(
    Choices,
    kind=st.sampled_from(CampaignKind),
    tokens=st.sampled_from([(), ("first_name",), ("first_name", "email")]),
    suppressed=st.frozensets(st.sampled_from([mailbox_key(email) for email in EMAILS if email])),
    blasts=st.lists(
        st.tuples(st.sampled_from(["one", "two", "three"]), st.sampled_from([email for email in EMAILS if email]))
    ).map(lambda rows: pd.DataFrame(rows, columns=["campaign", "email"]).astype("str")),
    consent=st.sampled_from([None, "signed forms"]),
    leave_out=st.frozensets(st.sampled_from(["disposable", "possible_typo", "role_based", "privacy_relay"])),
    limit=st.none() | st.integers(0, 6),
    holdout=st.sampled_from([0.0, 0.3, 0.9]),
    campaign=st.sampled_from(["office-move", "spring"]),
)


@given(FRAMES, CHOICES)
@settings(max_examples=40, deadline=None)
def test_the_steps_add_up_to_the_list(frame: pd.DataFrame, choices: Choices) -> None:
    """Every row has one fate, the waterfall's steps are their counts, and read is the sum of them."""
    fate = fates(verify(frame), choices)
    assert fate.index.equals(frame.index)
    assert set(fate) <= {RECIPIENT, *STEPS}
    steps = waterfall(fate)
    assert steps["step"].tolist() == ["read", *STEPS, "recipients"]
    rows = dict(zip(steps["step"], map(int, steps["rows"]), strict=True))
    assert rows["read"] == len(frame) == sum(count for step, count in rows.items() if step != "read")
    assert [rows[step] for step in STEPS] == [int((fate == step).sum()) for step in STEPS]
    assert steps["remaining"].tolist()[1:-1] == [
        len(frame) - sum(list(rows.values())[1 : n + 2]) for n in range(len(STEPS))
    ]
    assert of_list(steps).holds


@given(FRAMES, CHOICES)
@settings(max_examples=40, deadline=None)
def test_who_must_not_be_written_to_is_not(frame: pd.DataFrame, choices: Choices) -> None:
    """No recipient is bought, suppressed, unusable, without consent, or there twice, whatever else was chosen."""
    rows = frame[fates(verify(frame), choices) == RECIPIENT]
    keys = mailbox_keys(rows["email"])
    assert keys.is_unique
    assert keys.notna().all()
    assert not set(keys) & set(choices.suppressed)
    assert not (rows["consent_basis"] == "bought").any()
    assert choices.consent or rows["consent_basis"].isin(["opt_in", "customer"]).all()
    for name in choices.tokens:
        assert not rows[name].str.contains("[\r\n\0\u2028]", na=False).any()
    assert choices.limit is None or len(rows) <= choices.limit


@given(FRAMES, CHOICES)
@settings(max_examples=40, deadline=None)
def test_the_order_of_columns_and_index_mean_nothing(frame: pd.DataFrame, choices: Choices) -> None:
    """Other labels, and the same label for all rows, change nobody's fate; the caller's frame stays as it is."""
    checked = verify(frame)
    before = checked.copy()
    expected = fates(checked, choices).tolist()
    assert fates(checked.set_axis([7] * len(checked)), choices).tolist() == expected
    assert fates(checked[checked.columns[::-1]], choices).tolist() == expected
    pd.testing.assert_frame_equal(checked, before)


def fate_of(frame: pd.DataFrame, **choices: Any) -> list[str]:
    """Return the fate of each row."""
    return fates(verify(frame), Choices(**{"kind": CampaignKind.BLAST, **choices})).tolist()


def test_the_same_person_gets_one_message() -> None:
    """Case, IDN spelling and white space make no other person; the first row is the one that counts."""
    emails = ["Ana@bücher.example", " ana@xn--bcher-kva.example", "ANA@BÜCHER.EXAMPLE", "ana@alpha.example"]
    frame = pd.DataFrame({"email": emails, "consent_basis": "opt_in"})
    assert fate_of(frame) == ["recipient", "duplicate", "duplicate", "recipient"]


def test_the_suppressed_are_known_by_any_spelling() -> None:
    """Who left under one spelling is left out under all."""
    frame = pd.DataFrame({"email": ["ANA@BÜCHER.example", "ben@alpha.example"], "consent_basis": "opt_in"})
    assert fate_of(frame, suppressed=frozenset({"ana@xn--bcher-kva.example"})) == ["suppressed", "recipient"]


@pytest.mark.parametrize("consent", [None, "signed forms"])
def test_the_bought_are_never_written_to(consent: str | None) -> None:
    """A bought address is left out whatever anybody says about consent; what is unknown may be vouched for."""
    frame = people(4, consent_basis=["opt_in", "bought", "unknown", "customer"])
    unknown = "recipient" if consent else "no_consent"
    assert fate_of(frame, consent=consent) == ["recipient", "no_consent", unknown, "recipient"]
    assert bought(frame).tolist() == [basis == ConsentBasis.BOUGHT for basis in frame["consent_basis"]]
    assert not bought(people(2).drop(columns="consent_basis")).any()


@pytest.mark.parametrize("control", list("\r\n\0\t\x85\u2028\u2029\x0b\x1c\x7f"), ids=ascii)
@pytest.mark.parametrize("dtype", ["str", "object", "category"])
def test_a_control_character_in_a_token_makes_a_row_unusable(control: str, dtype: str) -> None:
    """In a column that the message fills in, a line end of any alphabet leaves its row out, and the others go on."""
    names = pd.Series(["Ana", f"B{control}cc: x@y.example", None, "Eva"], dtype="object").astype(dtype)
    frame = people(4).assign(first_name=names, other=f"x{control}y")
    assert fate_of(frame, tokens=["first_name"]) == ["recipient", "unusable", "recipient", "recipient"]
    assert fate_of(frame, tokens=["other"]) == ["unusable"] * 4
    assert fate_of(frame, tokens=[]) == ["recipient"] * 4


def test_half_a_character_makes_a_row_unusable() -> None:
    """Text that no encoding can write, as careless programs make it, leaves its row out."""
    frame = people(2).assign(first_name=pd.Series(["Ana", "\ud800"], dtype="object"))
    assert fate_of(frame, tokens=["first_name"]) == ["recipient", "unusable"]


def test_numbers_and_dates_are_usable() -> None:
    """A column of numbers, dates or truths has no control characters to look for."""
    frame = people(2).assign(n=[1.5, None], at=pd.Timestamp("2026-10-01"), yes=True)
    assert fate_of(frame, tokens=["n", "at", "yes", "not there"]) == ["recipient", "recipient"]


def test_risky_rows_are_left_out_where_asked() -> None:
    """Each reason that a plan can be asked to leave out is left out where asked, and sent to where not."""
    emails = ["x@tempinbox.example", "eva@nortmail.example", "info@alpha.example", "x@relay.example"]
    frame = pd.DataFrame({"email": emails, "consent_basis": "opt_in"})
    assert fate_of(frame) == ["recipient"] * 4
    reasons = ["disposable", "possible_typo", "role_based", "privacy_relay"]
    assert fate_of(frame, leave_out=reasons) == ["risky"] * 4
    for number, reason in enumerate(reasons):
        assert fate_of(frame, leave_out=[reason]) == ["risky" if n == number else "recipient" for n in range(4)]
    with pytest.raises(InputError, match="leave_out names unlucky; it can name disposable"):
        fate_of(frame, leave_out=["unlucky"])


@pytest.mark.parametrize(("kind", "fate"), [("blast", "capped"), ("segmented", "recipient")])
def test_two_blasts_a_month_are_enough(kind: str, fate: str) -> None:
    """Who had two blasts lately gets no third; a segmented message is none, and the same one twice is one."""
    frame = people(3)
    one, two, _ = frame["email"]
    blasts = pd.DataFrame(
        {"campaign": ["a", "b", "a", "a"], "email": [one.upper(), f" {one}", two, two.upper()]}, dtype="str"
    )
    assert fate_of(frame, kind=CampaignKind(kind), blasts=blasts) == [fate, "recipient", "recipient"]


def test_a_limit_keeps_the_first_ones() -> None:
    """Of those that remain, the list's first ones are kept, and the others are over the limit."""
    frame = people(5, consent_basis=["opt_in", "bought", "opt_in", "opt_in", "opt_in"])
    assert fate_of(frame, limit=2) == ["recipient", "no_consent", "recipient", "over_limit", "over_limit"]


def test_a_network_is_the_registrable_domain() -> None:
    """Subdomains share their domain's network, public suffixes are none, and what has no domain has no network."""
    emails = pd.Series(
        ["a@mail.alpha.co.uk", "b@alpha.co.uk", "c@bücher.example", "d@co.uk", "nobody", None], dtype="str"
    )
    assert networks(emails).tolist()[:4] == ["alpha.co.uk", "alpha.co.uk", "xn--bcher-kva.example", "co.uk"]
    assert networks(emails).isna().tolist()[4:] == [True, True]


def test_the_accounts_see_what_is_missing() -> None:
    """A sum that does not add up does not hold, on either side of it."""
    sends = pd.DataFrame({"state": ["accepted", "refused", "in_doubt", "queued"], "message_id": list("abcd")})
    assert not of_send(sends, 4).holds
    assert of_send(sends.iloc[:3], 3).holds
    assert of_mailboxes(sends, pd.DataFrame({"message_id": ["a"]})).holds
    assert of_mailboxes(sends, pd.DataFrame({"message_id": ["a", "c"]})).holds
    assert not of_mailboxes(sends, pd.DataFrame({"message_id": ["a", "a"]})).holds
    assert not of_list(pd.DataFrame({"step": ["read", "duplicate", "recipients"], "rows": [3, 1, 1]})).holds
