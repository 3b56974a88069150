"""Verification: the syntax is email-validator's, the lists say who they are, and the caller's frame stays as it is."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import UTC, date, datetime

import pandas as pd
import pytest
from email_validator import EmailSyntaxError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkkit.errors import InputError
from bulkkit.verification import Verdict, verify, verify_address
from bulkkit.vocabulary import VERDICT_DTYPES, Action, Reason, Status

AS_OF = "2026-10-01"

LOCAL = st.text(alphabet="aZ0.-+_'\"\\ @<>(),é\u0301\u200b\x00\n％", max_size=8)
DOMAIN = st.text(alphabet="aZ0.-_[]@ é中ⅷßxn。\u0301\n", max_size=10)
ENDINGS = st.sampled_from(["", ".com", ".example", ".test", ".local", ".c0", ".xn--p1ai", ".", "-.com", ".com\n"])
BUILT = st.builds(lambda local, domain, ending: f"{local}@{domain}{ending}", LOCAL, DOMAIN, ENDINGS)
ADDRESSES = BUILT | st.emails() | st.text(max_size=20)


def frame_of(*addresses: object) -> pd.DataFrame:
    """Return a frame that has nothing but these addresses."""
    return pd.DataFrame({"email": pd.Series(list(addresses), dtype=object)})


def oracle(address: str) -> str | None:
    """Return what email-validator says against an address."""
    try:
        validate_email(address, check_deliverability=False)
    except EmailSyntaxError as error:
        return str(error)
    return None


@settings(max_examples=100, deadline=None)
@given(st.lists(ADDRESSES, min_size=1, max_size=15))
def test_the_syntax_is_email_validators(addresses: list[str]) -> None:
    """Each address is refused if and only if email-validator refuses it, and in its words."""
    checked = verify(frame_of(*addresses))
    said = [None if pd.isna(diagnostic) else diagnostic for diagnostic in checked["diagnostic"]]
    assert said == [oracle(address) for address in addresses]
    assert (checked["reason"].eq("failed_syntax_check") == checked["diagnostic"].notna()).all()


def test_an_address_that_grows_too_long_when_decoded_is_refused() -> None:
    """Punycode can be shorter than what it stands for; email-validator measures both."""
    domain = ".".join([("中" * 40).encode("idna").decode()] * 3) + ".example"
    for local in ("a", "a" * 60):
        address = f"{local}@{domain}"
        assert len(address) < 254
        assert verify_address(address).diagnostic == oracle(address)


@settings(max_examples=20, deadline=None)
@given(st.lists(ADDRESSES | st.none() | st.integers(), min_size=1, max_size=5))
def test_one_address_is_judged_as_a_list_is(addresses: list[object]) -> None:
    """Each row of a short list has the verdict of its address alone."""
    checked = verify(frame_of(*addresses), as_of=AS_OF)
    for row, address in zip(checked.to_dict("records"), addresses, strict=True):
        alone = asdict(verify_address(address, as_of=AS_OF))  # type: ignore[arg-type]
        del alone["email"]
        assert {name: None if pd.isna(row[name]) else row[name] for name in alone} == alone


@settings(max_examples=20, deadline=None)
@given(st.lists(ADDRESSES, max_size=5))
def test_the_verdict_follows_from_its_reason(addresses: list[str]) -> None:
    """Never deliverable at this depth; undeliverable beats risky; each status has its action."""
    checked = verify(frame_of(*addresses))
    assert set(checked["status"]) <= {Status.UNDELIVERABLE, Status.RISKY, Status.UNKNOWN}
    actions = {Status.UNDELIVERABLE: Action.SUPPRESS, Status.RISKY: Action.REVIEW, Status.UNKNOWN: Action.SEND}
    assert checked["action"].tolist() == [actions[Status(status)] for status in checked["status"]]
    assert checked.loc[checked["diagnostic"].notna(), "status"].eq("undeliverable").all()


@settings(max_examples=20, deadline=None)
@given(st.lists(ADDRESSES, max_size=5))
def test_what_is_suggested_is_an_address(addresses: list[str]) -> None:
    """A suggestion is always valid, and never the address itself."""
    checked = verify(frame_of(*addresses))
    suggested = checked[checked["did_you_mean"].notna()]
    assert all(oracle(address) is None for address in suggested["did_you_mean"])
    assert suggested["did_you_mean"].ne(suggested["email"]).all()


def test_the_callers_frame_comes_back_as_it_went_in() -> None:
    """Columns, order, index and dtypes are the caller's; the verdict stands behind them."""
    frame = pd.DataFrame(
        {
            "n": pd.array([1, None, 3], dtype="Int64"),
            "email": ["ana@example.org", None, "info@example.org"],
            "group": pd.Categorical(["a", "b", "a"]),
            7: [1.5, 2.5, 3.5],
        },
        index=pd.Index(["x", "x", "y"], name="key"),
    )
    before = frame.copy(deep=True)
    checked = verify(frame)
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(checked[list(frame.columns)], frame)
    assert checked.columns.tolist() == [*frame.columns, *VERDICT_DTYPES]
    assert checked.iloc[:, 4:].dtypes.astype(str).to_dict() == VERDICT_DTYPES


@pytest.mark.parametrize("dtype", ["str", "string", "object", "category", "string[pyarrow]"])
def test_the_dtype_of_the_addresses_does_not_matter(dtype: str) -> None:
    """Text is text, however pandas holds it."""
    frame = pd.DataFrame({"email": pd.Series(["ana@gmial.com", None, "ana@@x"], dtype=dtype)})
    checked = verify(frame)
    assert checked["reason"].tolist() == ["possible_typo", "failed_syntax_check", "failed_syntax_check"]
    assert checked["email"].dtype == frame["email"].dtype


def test_no_rows_keep_their_columns() -> None:
    """An empty list has an empty verdict of the right dtypes."""
    checked = verify(frame_of())
    assert checked.iloc[:, 1:].dtypes.astype(str).to_dict() == VERDICT_DTYPES
    assert len(checked) == 0


def test_verifying_again_replaces_the_verdict() -> None:
    """A frame that was verified before is judged anew, without a second set of columns."""
    frame = frame_of("ana@example.org", "ana@gmial.com").assign(n=[1, 2])
    once = verify(frame, as_of="2026-09-01")
    shuffled = once[[*VERDICT_DTYPES, *frame.columns]]
    pd.testing.assert_frame_equal(verify(shuffled, as_of=AS_OF), verify(frame, as_of=AS_OF))


def test_a_foreign_column_is_not_overwritten() -> None:
    """The caller's own `status` is named, with the way out."""
    with pytest.raises(InputError, match=r"own column 'status'.*rename"):
        verify(frame_of("ana@example.org").assign(status="active"))


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"mail": []}), "no column 'email'"),
        (pd.DataFrame([["a", "b"]], columns=["email", "email"]), "two columns 'email'"),
        ([{"email": "a@b.example"}], "takes a pandas frame"),
        (pd.DataFrame([["a"]], columns=pd.MultiIndex.from_tuples([("email", "home")])), "several levels"),
    ],
)
def test_what_is_no_list_is_refused(frame: pd.DataFrame, message: str) -> None:
    """The message says what is missing."""
    with pytest.raises(InputError, match=message):
        verify(frame)


@pytest.mark.parametrize("depth", ["DNS", "smtp", ""])
def test_other_depths_are_not_offered(depth: str) -> None:
    """A depth that there is not is refused, and the message names the three."""
    with pytest.raises(InputError, match="'syntax', 'dns', 'probe'"):
        verify(frame_of("ana@example.org"), depth=depth)
    with pytest.raises(InputError, match="'syntax', 'dns', 'probe'"):
        verify_address("ana@example.org", depth)


@pytest.mark.parametrize(
    "as_of", ["2026-10-01", date(2026, 10, 1), datetime(2026, 10, 1, tzinfo=UTC), "2026-10-01T02:00+02:00"]
)
def test_the_moment_is_the_one_given(as_of: date | str) -> None:
    """`as_of` becomes `checked_at`, in UTC."""
    assert verify_address("ana@example.org", as_of=as_of).checked_at == datetime(2026, 10, 1, tzinfo=UTC)


def test_a_verdict_has_the_columns_as_fields() -> None:
    """The dataclass and the frame say the same, in the same order, and Python's own values."""
    assert [field.name for field in fields(Verdict)] == ["email", *VERDICT_DTYPES]
    verdict = verify_address("ana@exmaple.org")
    assert (verdict.email, verdict.status, verdict.reason) == ("ana@exmaple.org", Status.RISKY, Reason.POSSIBLE_TYPO)
    assert verdict.did_you_mean == "ana@example.org"
    assert verdict.disposable is False
    assert verdict.has_mx is None
    assert isinstance(verdict.checked_at, datetime)


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
def test_a_row_without_address_cannot_be_sent_to(missing: object) -> None:
    """Nothing there is a failed syntax check that says so, and its flags are unknown."""
    row = verify(frame_of(missing, "ana@example.org")).iloc[0]
    assert (row["status"], row["reason"]) == ("undeliverable", "failed_syntax_check")
    assert row["diagnostic"] == "There is no address in this row."
    assert row[["disposable", "role", "free", "privacy_relay"]].isna().all()


@pytest.mark.parametrize("other", [3, ["ana@example.org"], b"ana@example.org", {}])
def test_what_is_not_text_is_no_address(other: object) -> None:
    """Numbers, lists and bytes are refused by name."""
    assert verify(frame_of(other))["diagnostic"].tolist() == ["The address is not text."]


@pytest.mark.parametrize("character", ["\r", "\n", "\x00", "\x85", "\u2028", "\ud800"])
@pytest.mark.parametrize("place", ["{}ana@gmial.com", "a{}na@gmial.com", "ana@gm{}ial.com", "ana@gmial.com{}"])
def test_line_breaks_never_pass(character: str, place: str) -> None:
    """A control character anywhere fails the address, and nothing is suggested in its place."""
    verdict = verify_address(place.format(character))
    assert verdict.reason is Reason.FAILED_SYNTAX_CHECK
    assert verdict.did_you_mean is None or character == "\ud800"


@pytest.mark.parametrize("attack", ["a@b.example> RCPT TO:<c@d.example", "alice@example.org)bob@evil.example"])
def test_injections_fail_and_are_not_mended(attack: str) -> None:
    """An envelope injection is no misspelling of an address."""
    verdict = verify_address(attack)
    assert (verdict.reason, verdict.did_you_mean) == (Reason.FAILED_SYNTAX_CHECK, None)


@pytest.mark.parametrize("filler", ["a", "@", "a.", "<", '"', "é", "a@", " ", "a@b.example;", "xn--"])
def test_an_endless_address_is_refused_by_its_length(filler: str) -> None:
    """A megabyte is not parsed; the message says how much too long it is."""
    address = "x@" + filler * (1_000_000 // len(filler))
    assert verify_address(address).diagnostic == (
        f"The email address is too long ({len(address) - 254} characters too many)."
    )
