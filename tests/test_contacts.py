"""Contacts: the addresses are found and repaired, the known columns read, and the caller's frame stays as it is."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkkit.contacts import consented, duplicates, has_consent_columns, read_contacts
from bulkkit.errors import InputError

CELLS = st.text(alphabet="ab@. <>\"'\t\u00a0\u200b,;\n\x00ü", max_size=12) | st.none() | st.integers(0, 9)


def addresses(*cells: object) -> pd.DataFrame:
    """Read contacts that have nothing but these addresses."""
    return read_contacts(pd.DataFrame({"email": list(cells)}, dtype=object))


@given(st.lists(CELLS, max_size=6))
def test_reading_again_changes_nothing(cells: list[object]) -> None:
    """What was read once is read the same a second time."""
    once = addresses(*cells)
    pd.testing.assert_frame_equal(read_contacts(once), once)


@given(st.lists(st.emails(), max_size=6))
def test_a_valid_address_is_left_alone(valid: list[str]) -> None:
    """No address that is one already is repaired."""
    plain = [address for address in valid if not set(address) & set("\"'`")]
    read = addresses(*plain)
    assert read["email"].tolist() == plain
    assert read["repaired"].isna().all()


def test_the_callers_frame_stays_as_it_is() -> None:
    """The frame handed in is copied: its values, names and index are not touched."""
    frame = pd.DataFrame(
        {"email": ["ana@example.org ", " bo@example.org", "al@x.example"], "n": [1, 2, 3]}, index=[7, 7, 7]
    )
    before = frame.copy(deep=True)
    read = read_contacts(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert read.index.tolist() == [7, 7, 7]
    assert read["email"].tolist() == ["ana@example.org", "bo@example.org", "al@x.example"]
    assert read.columns.tolist() == ["email", "n", "repaired"]
    assert read["n"].dtype == frame["n"].dtype


@pytest.mark.parametrize(
    ("cell", "address", "word"),
    [
        (" ana@example.org\t", "ana@example.org", "spaces"),
        ("ana @ example.org", "ana@example.org", "spaces"),
        ("ana@example.org\u00a0", "ana@example.org", "spaces"),
        ("\ufeffana@exam\u200bple.org", "ana@example.org", "invisible characters"),
        ("Ana Doe <ana@example.org>", "ana@example.org", "display name"),
        ('"Doe, Ana" <ana@example.org>', "ana@example.org", "display name"),
        ("<ana@example.org>", "ana@example.org", "display name"),
        ("ana@example.org <Ana@example.org>", "ana@example.org", "display name"),
        ("ana@example.org (Ana Doe)", "ana@example.org", "display name"),
        ("mailto:ana@example.org?subject=x", "ana@example.org", "mailto"),
        ("ana@example.org.", "ana@example.org", "punctuation"),
        ("ana@example.org;", "ana@example.org", "punctuation"),
        (",ana@example.org,;", "ana@example.org", "punctuation"),
        ("'ana@example.org'", "ana@example.org", "quotes"),
        ("“ana@example.org”", "ana@example.org", "quotes"),
    ],
)
def test_what_stands_around_an_address_is_taken_away(cell: str, address: str, word: str) -> None:
    """Each kind of accident is repaired, and named."""
    read = addresses(cell)
    assert read["email"].tolist() == [address]
    assert read["repaired"].tolist() == [word]


def test_several_repairs_are_all_named() -> None:
    """Quotes around a display name around spaces: all of it is told."""
    read = addresses(" 'Ana <mailto:ana@example.org>';")
    assert read["email"].tolist() == ["ana@example.org"]
    assert set(read["repaired"][0].split(", ")) == {"spaces", "quotes", "display name", "mailto", "punctuation"}


@pytest.mark.parametrize(
    "cell",
    [
        "ana@example.org\n",
        "ana\r@example.org",
        "ana\x00@example.org",
        " ana\u0085@example.org",
        "ana@example.org\u2028 ",
        "a@b.example> RCPT TO:<c@d.example",
        "alice@example.org)bob@evil.example",
        "ana@example.org <bob@example.org>",
        "ana maria@example.org",
        "not an address",
    ],
)
def test_what_might_change_the_meaning_is_not_repaired(cell: str) -> None:
    """Line breaks, injections, two addresses and gaps in a name are left for verification to judge."""
    read = addresses(cell)
    assert read["email"].tolist() == [cell]
    assert read["repaired"].isna().all()


def test_an_empty_cell_is_missing() -> None:
    """Nothing but spaces is no address; a number is spelt out."""
    assert addresses("  ", None, 3)["email"].fillna("missing").tolist() == ["missing", "missing", "3"]


@pytest.mark.parametrize(
    "heading",
    [
        "email",
        "E-Mail",
        "EMAIL ADDRESS",
        "Mail",
        "courriel",
        "E-Mail-Adresse",
        "E-mail 1 - Value",
        "Correo electrónico",
    ],
)
def test_the_column_of_addresses_is_found_by_its_name(heading: str) -> None:
    """The headings of common exports are recognised, whatever their case and punctuation."""
    read = read_contacts(pd.DataFrame({"name": ["Ana"], heading: ["ana@example.org"]}))
    assert read["email"].tolist() == ["ana@example.org"]


def test_the_column_of_addresses_is_found_by_its_content() -> None:
    """A column called mail that says yes is not it; one of addresses is, whatever it is called."""
    read = read_contacts(pd.DataFrame({"mail": ["yes", "no"], "x": ["ana@example.org", None]}))
    assert read.columns.tolist() == ["mail", "email", "repaired"]


def test_the_column_named_is_taken() -> None:
    """`email=` decides; an own column `email` steps back, and keeps what it says."""
    read = read_contacts(pd.DataFrame({"email": ["yes"], "Work": ["ana@example.org"]}), email="work")
    assert read[["email", "email.1"]].iloc[0].tolist() == ["ana@example.org", "yes"]


def test_several_candidates_are_not_guessed_between() -> None:
    """Two columns of addresses: the user says which."""
    frame = pd.DataFrame({"private": ["ana@example.org"], "billing": ["office@example.org"]})
    with pytest.raises(InputError, match=r"'private', 'billing'.*email="):
        read_contacts(frame)


def test_no_candidate_lists_what_there_is() -> None:
    """The message names the columns found."""
    with pytest.raises(InputError, match="'name', 'city'"):
        read_contacts(pd.DataFrame({"name": ["Ana"], "city": ["Springfield"]}))
    with pytest.raises(InputError, match="no column 'Mail'; its columns are 'name'"):
        read_contacts(pd.DataFrame({"name": ["Ana"]}), email="Mail")


def test_mailchimps_audience_is_understood() -> None:
    """First Name and OPTIN_TIME become known columns; what is free keeps its own name."""
    frame = pd.DataFrame(
        {
            "Email Address": ["ana@example.org"],
            "First Name": [" Ana "],
            "Last Name": ["Doe"],
            "OPTIN_TIME": ["2019-10-01 12:00:00"],
            "CONFIRM_TIME": ["2019-10-02 12:00:00"],
        }
    )
    read = read_contacts(frame)
    assert read.columns.tolist() == ["email", "first_name", "Last Name", "consent_at", "CONFIRM_TIME", "repaired"]
    assert read["first_name"].tolist() == ["Ana"]
    assert read["consent_at"].tolist() == [pd.Timestamp("2019-10-01 12:00", tz="UTC")]


def test_a_known_name_that_is_taken_stays_taken() -> None:
    """Another spelling is renamed only where the known name is free."""
    frame = pd.DataFrame({"email": ["ana@example.org"], "first_name": ["Ana"], "First Name": ["Anna"]})
    assert read_contacts(frame).columns.tolist() == ["email", "first_name", "First Name", "repaired"]


@pytest.mark.parametrize(
    ("cells", "moments"),
    [
        (["2024-03-01", "2024-03-01T10:00:00+02:00"], ["2024-03-01", "2024-03-01 08:00"]),
        (["1.3.2024", "01.03.2024 10:00"], ["2024-03-01", "2024-03-01 10:00"]),
        (["03/04/2024", "13/04/2024"], ["2024-04-03", "2024-04-13"]),
        (["03/04/2024", "04/13/2024"], ["2024-03-04", "2024-04-13"]),
        (["2024/03/01", "Fri, 01 Mar 2024 10:00:00 +0100"], ["2024-03-01", "2024-03-01 09:00"]),
    ],
)
def test_moments_are_read_in_utc(cells: list[str], moments: list[str]) -> None:
    """ISO 8601, dotted and slashed dates are read; the column settles which number is the day."""
    frame = pd.DataFrame({"email": "ana@example.org", "consent_at": cells})
    read = read_contacts(frame)
    assert str(read["consent_at"].dtype) == "datetime64[us, UTC]"
    assert read["consent_at"].tolist() == [pd.Timestamp(moment, tz="UTC") for moment in moments]
    assert read["repaired"].isna().all()


@pytest.mark.parametrize("cell", ["soon", "03/04/2024", "2024-02-30", "0000-00-00 00:00:00"])
def test_an_unreadable_moment_is_missing_and_told(cell: str) -> None:
    """A date that cannot be read, or can be read in two ways, is unknown and not guessed."""
    read = read_contacts(pd.DataFrame({"email": ["ana@example.org"], "consent_at": [cell]}))
    assert read["consent_at"].isna().all()
    assert read["repaired"].tolist() == ["consent_at unreadable"]


def test_consent_to_tracking_has_three_states() -> None:
    """Yes and no in several languages; anything else is unknown."""
    cells = ["yes", "Ja", "1", "TRUE", "no", "nein", "0", "perhaps", None]
    read = read_contacts(pd.DataFrame({"email": "ana@example.org", "tracking_consent": cells}))
    assert read["tracking_consent"].dtype == "boolean"
    assert read["tracking_consent"].tolist() == [True] * 4 + [False] * 3 + [pd.NA] * 2


def test_the_basis_of_consent_is_one_of_four_words() -> None:
    """Other spellings are understood, other words are unknown, and missing stays missing."""
    cells = ["opt_in", "Opt-In", "customer", "purchased", "a friend", None]
    read = read_contacts(pd.DataFrame({"email": "ana@example.org", "consent_basis": cells}))
    assert read["consent_basis"].fillna("-").tolist() == ["opt_in", "opt_in", "customer", "bought", "unknown", "-"]


def test_duplicates_are_by_mailbox() -> None:
    """Case, space and the domain's spelling make no second person; the first row is the one that counts."""
    frame = pd.DataFrame(
        {
            "email": [
                "Ana@example.org",
                "ana@EXAMPLE.org ",
                "a@bücher.example",
                "a@xn--bcher-kva.example",
                None,
                None,
                "b",
            ]
        },
        index=[1, 1, 2, 2, 3, 3, 4],
    )
    assert duplicates(frame).tolist() == [False, True, False, True, False, False, False]
    assert duplicates(frame).index.equals(frame.index)


def test_consent_has_three_states() -> None:
    """A basis or a date says yes, bought says no whatever the date, and nothing known is unknown."""
    frame = pd.DataFrame(
        {
            "consent_basis": ["opt_in", "customer", "bought", "unknown", None, None, "a friend"],
            "consent_at": [None, None, "2024-01-01", "2024-01-01", "2024-01-01", None, None],
        }
    )
    assert consented(frame).tolist() == [True, True, False, True, True, pd.NA, pd.NA]
    assert consented(frame[["consent_at"]]).tolist() == [pd.NA, pd.NA, True, True, True, pd.NA, pd.NA]
    assert consented(frame[[]]).isna().all()
    assert has_consent_columns(frame)
    assert not has_consent_columns(pd.DataFrame({"email": []}))


def test_duplicates_without_addresses_say_what_is_missing() -> None:
    """A frame without `email` is refused by name."""
    with pytest.raises(InputError, match="no column 'email'"):
        duplicates(pd.DataFrame({"mail": []}))


def test_a_file_and_its_frame_are_read_alike(tmp_path: Path) -> None:
    """Written out and read back, the contacts are the same."""
    read = addresses("ana@example.org ", "bo@example.org")
    read.to_csv(tmp_path / "list.csv", index=False)
    pd.testing.assert_frame_equal(read_contacts(tmp_path / "list.csv"), read)
    read.to_parquet(tmp_path / "list.parquet")
    pd.testing.assert_frame_equal(read_contacts(tmp_path / "list.parquet"), read)
